"""Which architectures and tokenizers the installed llama.cpp knows, read off its library.

llama.cpp has no call that lists them, but it compares with their names, which therefore stand in
the library as texts. A compiler may keep short texts elsewhere: a build in which names are missing
that every llama.cpp knows cannot be read this way, and then nothing is said. Loads no library.
"""

import functools
import importlib.util
import mmap
from pathlib import Path
from typing import Final

_FILES: Final = ("libllama.so", "libllama.dylib", "llama.dll", "libllama.dll")
SURE_ARCHITECTURES: Final = (
    "llama", "qwen2", "qwen3", "qwen3moe", "gemma2", "gemma3", "phi3", "deepseek2", "mamba2",
    "falcon", "starcoder2", "command-r", "olmo2", "granite",
)  # fmt: skip
SURE_TOKENIZERS: Final = (
    "llama-bpe", "qwen2", "gpt-2", "starcoder", "deepseek-llm", "command-r", "smollm", "tekken",
)  # fmt: skip


def architecture(name: str, library: Path | None = None) -> bool | None:
    """Tell whether llama.cpp knows an architecture; None when that cannot be told."""
    return _known(name, SURE_ARCHITECTURES, library or _library())


def tokenizer(name: str, library: Path | None = None) -> bool | None:
    """Tell whether llama.cpp knows a pre-tokenizer; None when that cannot be told."""
    return _known(name, SURE_TOKENIZERS, library or _library())


def _known(name: str, sure: tuple[str, ...], library: Path | None) -> bool | None:
    if library is None or not name or "\0" in name:
        return None
    if _holds(library, name):
        return True
    return False if all(_holds(library, each) for each in sure) else None


@functools.lru_cache(maxsize=1024)
def _holds(library: Path, name: str) -> bool:
    """Whether the text stands in the library, at the end of a longer one too, as linkers do."""
    try:
        with (
            library.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            return content.find(name.encode() + b"\0") >= 0
    except (OSError, ValueError):
        return False


@functools.cache
def _library() -> Path | None:
    found = importlib.util.find_spec("llama_cpp")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "lib"
    return next((folder / name for name in _FILES if (folder / name).is_file()), None)
