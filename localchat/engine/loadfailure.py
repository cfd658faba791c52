"""Why a model did not load, read off llama.cpp's log: it returns a null pointer and no reason."""

import re
from collections.abc import Mapping, Sequence

from localchat import sanitize
from localchat.engine import wire

_UPDATE = "A newer llama-cpp-python may know it: pip install -U llama-cpp-python"
_AGAIN = "Download the file again."
_SMALLER = "Use a smaller context (-c), a q8_0 KV cache (-ctk q8_0 -ctv q8_0), or a smaller model."

_REASONS: tuple[tuple[str, wire.FailureKind, str, str], ...] = (
    (
        r"unknown model architecture: '([^']*)'",
        "bad_model",
        "This engine does not know the architecture '{0}' of {file}.",
        _UPDATE,
    ),
    (
        r"unknown pre-tokenizer type: '([^']*)'",
        "bad_model",
        "This engine does not know the tokenizer '{0}' of {file}.",
        _UPDATE,
    ),
    (
        r"invalid magic characters",
        "bad_model",
        "{file} is not a GGUF file.",
        "localchat runs models in the GGUF format only.",
    ),
    (
        r"not within the file bounds|failed to read|unexpectedly reached end of file|read error",
        "bad_model",
        "{file} is incomplete: the end of it is missing.",
        _AGAIN,
    ),
    (
        r"wrong number of tensors|missing tensor|has wrong shape|tensor '.*' not found",
        "bad_model",
        "{file} does not hold the weights that its header promises.",
        "It may be made for another version of llama.cpp. " + _UPDATE,
    ),
    (
        r"V cache quantization requires flash_attn|[Qq]uantized V cache",
        "load_failed",
        "A quantized V cache needs flash attention.",
        "Leave -fa on auto, or use -ctv f16.",
    ),
    (
        r"unable to allocate|failed to allocate|out of memory|OutOfDeviceMemory|std::bad_alloc"
        r"|[Cc]annot allocate memory|insufficient memory",
        "out_of_memory",
        "There is not enough memory for {file} with these settings.",
        _SMALLER,
    ),
)


class LoadError(Exception):
    """llama.cpp gave no model or no context; `kind` is the wire's, `message` one sentence."""

    def __init__(self, kind: wire.FailureKind, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.kind: wire.FailureKind = kind
        self.message = message
        self.hint = hint
        self.details: Mapping[str, int] = {}
        """What was tried, for a next attempt that needs less."""


def explain(log_lines: Sequence[str], file: str) -> LoadError:
    """Turn the log of a failed load of `file` into the error to report.

    >>> error = explain(["load: unknown model architecture: 'xyz'"], "a.gguf")
    >>> error.kind, error.message
    ('bad_model', "This engine does not know the architecture 'xyz' of a.gguf.")
    """
    log = "\n".join(log_lines)
    for pattern, kind, message, hint in _REASONS:
        match = re.search(pattern, log)
        if match:
            groups = (sanitize.line(group, 60) for group in match.groups())
            return LoadError(kind, message.format(*groups, file=file), hint)
    last = sanitize.line(log_lines[-1], 200) if log_lines else "it gave no reason"
    return LoadError("load_failed", f"The engine could not load {file}: {last}")
