"""The files below a folder, found while somebody types: nearest first, in a thread, bounded.

Knows disks, not widgets. A folder that cannot be read has no files; nothing here raises.
"""

import mimetypes
import os
import threading
from collections import deque
from pathlib import Path

from localchat.chat import decoding

MOST_PATHS = 50_000
_NOISE = frozenset(
    ".git .hg .svn .bzr node_modules __pycache__ .venv venv .tox .nox .mypy_cache .ruff_cache "
    ".pytest_cache .cache .Trash $RECYCLE.BIN".split()
)
"""Folders that nobody looks into for a file to attach."""
_BINARY_KINDS = ("image/", "audio/", "video/", "font/")
_BINARY_SUFFIXES = frozenset(
    ".7z .a .bin .bz2 .class .db .dll .dmg .doc .docx .dylib .exe .gguf .gz .ico .iso .jar .npy "
    ".npz .o .obj .odt .onnx .parquet .pkl .ppt .pptx .pt .pth .pyc .pyd .rar .safetensors .so "
    ".sqlite .sqlite3 .tar .tgz .ttf .wasm .whl .woff .woff2 .xls .xlsx .xz .zip .zst".split()
)
_TEXT_SUFFIXES = frozenset((".svg", ".ts", ".mts"))
"""What the system's list of types takes for pictures and films."""
_PDF_MARK = b"%PDF-"
_SNIFF_BYTES = 1024


def split(query: str, folder: Path) -> tuple[Path, str, str]:
    """Tell a query's folder, how the reader wrote that, and the letters to look for in it.

    >>> split("../ab", Path("/"))[1:], split("a/b", Path("/"))[1:]
    (('../', 'ab'), ('', 'a/b'))
    """
    written, _, _ = query.rpartition("/")
    while True:
        shown = f"{written}/" if written or query.startswith("/") else ""
        base = os.path.expanduser(shown) if _has_home(shown) else os.path.join(folder, shown)
        if not shown or os.path.isdir(base):
            return Path(os.path.normpath(base)), shown, query[len(shown) :]
        written, _, _ = written.rpartition("/")


def looks_binary(path: Path) -> bool:
    """Tell by name and first bytes whether a file is no text and no PDF."""
    if is_binary_name(path.name):
        return True
    try:
        if not path.is_file():
            return True
        with path.open("rb") as handle:
            beginning = handle.read(_SNIFF_BYTES)
    except OSError:
        return True
    return not beginning.startswith(_PDF_MARK) and decoding.looks_binary(beginning)


def is_binary_name(name: str) -> bool:
    """Tell by its name alone whether a file is no text and no PDF.

    >>> is_binary_name("photo.JPG"), is_binary_name("main.rs"), is_binary_name("paper.pdf")
    (True, False, False)
    """
    suffix = os.path.splitext(name)[1].lower()
    if suffix in _TEXT_SUFFIXES:
        return False
    kind = mimetypes.guess_type("x" + suffix)[0] or ""
    return suffix in _BINARY_SUFFIXES or kind.startswith(_BINARY_KINDS)


class Listing:
    """The paths below one folder, as they are found; read by one thread, shown by another."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.paths: list[str] = []
        """As seen from the folder; those of folders end with a slash."""
        self.is_done = False
        self._stopped = threading.Event()

    @property
    def is_cut(self) -> bool:
        """There are more than can be looked through."""
        return len(self.paths) >= MOST_PATHS

    def stop(self) -> None:
        """Read no further."""
        self._stopped.set()

    def read(self) -> None:
        """Find all paths, the nearest folders first; blocks until done or stopped."""
        waiting = deque([""])
        while waiting and not self._stopped.is_set() and not self.is_cut:
            within = waiting.popleft()
            for entry in _entries(self.base / within):
                path = within + entry.name
                if _is_folder(entry):
                    self.paths.append(path + "/")
                    # A link may lead back up, and hidden folders are asked for by name.
                    if not entry.name.startswith(".") and not entry.is_symlink():
                        waiting.append(path + "/")
                elif not is_binary_name(entry.name):
                    self.paths.append(path)
        del self.paths[MOST_PATHS:]
        self.is_done = True


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as found:
            entries = [entry for entry in found if entry.name not in _NOISE]
    except OSError:
        return []
    return sorted(entries, key=lambda entry: entry.name)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _has_home(shown: str) -> bool:
    # A user's name that nobody has would raise.
    return shown == "~/" or shown.startswith("~/")
