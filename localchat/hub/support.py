"""Whether the installed engine can run a model, by what its header says, before it is fetched.

Who knows the engine hands in what it knows; nothing is objected to where that is not known.
"""

from collections.abc import Callable
from dataclasses import dataclass

from localchat import sanitize
from localchat.models.header import Header

Knows = Callable[[str], bool | None]
"""Whether the engine knows a name; None when that cannot be told."""


@dataclass(frozen=True, slots=True)
class Support:
    """What the installed engine knows."""

    architecture: Knows
    """Of `general.architecture`."""
    tokenizer: Knows
    """Of `tokenizer.ggml.pre`."""


def objection(header: Header, support: Support) -> str:
    """Say why the engine cannot run a model, in one sentence; empty when nothing is known.

    Only byte-pair vocabularies have a pre-tokenizer that llama.cpp insists on (llama-vocab.cpp).
    """
    architecture = header.architecture
    if support.architecture(architecture) is False:
        shown = sanitize.line(architecture, 60)
        return f'This engine does not know the architecture "{shown}": update llama-cpp-python.'
    pre = header.text("tokenizer.ggml.pre")
    is_byte_pair = header.text("tokenizer.ggml.model") == "gpt2"
    if is_byte_pair and pre and support.tokenizer(pre) is False:
        shown = sanitize.line(pre, 60)
        return f'This engine does not know the tokenizer "{shown}": update llama-cpp-python.'
    return ""
