"""What the headers of one model's quantizations share, so that it is fetched once.

Nearly all of a header is the vocabulary, which is the same in every quantization; what differs is
a list of tensors at its end. From one whole header and that list another header is made, and it is
believed only if it gives the size of its file to the byte. Knows no connection.
"""

import io
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from localchat import errors, units
from localchat.models import gguf
from localchat.models.header import Header, Tensor, Value

MARGIN_BYTES: Final = 2 * units.KIB
"""By how much the metadata of two quantizations may differ in length."""
MOST_HEAD_BYTES: Final = 16 * units.KIB
_LEAST_HEAD_BYTES = 512
_PREAMBLE = struct.Struct("<4sIQQ")
_NOT_KNOWN_BYTES = 1 << 62
_UINT16, _UINT32, _INT32 = 2, 4, 5

_OWN_KEYS = (
    ("general.file_type", _UINT32, 4),
    ("general.quantization_version", _UINT32, 4),
    ("split.no", _UINT16, 2),
    ("split.count", _UINT16, 2),
    ("split.tensors.count", _INT32, 4),
)
"""What quantizations of one model may say differently: key, type, and bytes of the value."""
_FILE_TYPE = "general.file_type"
_IMATRIX = "quantize.imatrix.entries_count"


@dataclass(frozen=True, slots=True)
class Whole:
    """A header that was fetched whole."""

    header: Header
    raw: bytes
    """Everything before the tensor data."""
    metadata_end: int
    """Where its list of tensors begins."""

    @property
    def head_bytes(self) -> int:
        """How much of its beginning tells which model it is: all before the vocabulary."""
        at = self.raw.find(b"tokenizer.ggml.tokens", 0, MOST_HEAD_BYTES)
        end = at if at >= 0 else MOST_HEAD_BYTES
        return min(max(_LEAST_HEAD_BYTES, end), len(self.raw))

    @property
    def window(self) -> tuple[int, int]:
        """Where the list of tensors of another quantization lies: from, and up to."""
        start = max(0, self.metadata_end - MARGIN_BYTES)
        return start, self.metadata_end + list_bytes(self.header.tensors) + MARGIN_BYTES


@dataclass(frozen=True, slots=True)
class Spliced:
    """A header made of another one's metadata and a list of tensors of its own."""

    header: Header
    listed: bytes
    """Its list of tensors as it lies in the file."""
    own: Mapping[str, int]
    """What its metadata says that the other one's does not."""


def whole(raw: bytes, header: Header) -> Whole:
    """Take the bytes apart that `header` was read from, all before the tensor data."""
    end = header.data_offset_bytes - header.alignment_bytes - list_bytes(header.tensors)
    first = _entry_start(header.tensors[0]) if header.tensors else b""
    start = raw.find(first, max(0, end)) if first else header.data_offset_bytes
    return Whole(header, raw, start)


def is_same_model(head: bytes, known: Whole) -> bool:
    """Tell whether a file that begins with `head` has the same metadata before the vocabulary."""
    if len(head) < known.head_bytes or head[:8] != known.raw[:8]:
        return False
    ours, theirs = (_comparable(each[: known.head_bytes]) for each in (head, known.raw))
    # A value at the very end may be cut off in one of them.
    length = min(len(ours), len(theirs)) - 64
    return length > 0 and ours[:length] == theirs[:length]


def spliced(
    head: bytes, window: bytes, known: Whole, shown: str, size_bytes: int
) -> Spliced | None:
    """Make the header of a file from its beginning and the window in which its tensors are listed.

    None when it does not give the file's size to the byte, or lists other tensors.
    """
    if not known.header.tensors or len(head) < _PREAMBLE.size:
        return None
    _, version, n_tensors, _ = _PREAMBLE.unpack_from(head)
    at = window.find(_entry_start(known.header.tensors[0]))
    if at < 0 or not 0 < n_tensors <= len(known.header.tensors):
        return None
    tensors = _listed(version, n_tensors, window[at:], known.header.alignment_bytes, shown)
    if tensors is None or _outline(tensors) != _outline(known.header.tensors[:n_tensors]):
        return None
    length = list_bytes(tensors)
    own = _own_values(head + window[:at])
    data_offset = known.window[0] + at + length
    data_offset += -data_offset % known.header.alignment_bytes
    header = joined(known, tensors, own, data_offset)
    if size_bytes not in (header.file_bytes, _padded(header.file_bytes, header.alignment_bytes)):
        return None
    return Spliced(header, window[at : at + length], own)


def joined(
    known: Whole,
    tensors: tuple[Tensor, ...],
    own: Mapping[str, int],
    data_offset: int,
) -> Header:
    """Put another list of tensors below a header's metadata."""
    shared = {
        key: value
        for key, value in known.header.metadata.items()
        if not key.startswith(("split.", "quantize.imatrix.")) and key != _FILE_TYPE
    }
    metadata: dict[str, Value] = shared | dict(own)
    return replace(
        known.header,
        metadata=MappingProxyType(metadata),
        tensors=tensors,
        data_offset_bytes=data_offset,
    )


def relisted(
    listed: bytes, n_tensors: int, own: Mapping[str, int], data_offset: int, known: Whole
) -> Header:
    """Make a spliced header again from what was kept of it. Raises BadModel."""
    alignment = known.header.alignment_bytes
    tensors = _parsed(known.header.version, n_tensors, listed, alignment, "a kept header")
    return joined(known, tensors, own, data_offset)


def raw(header: Header, listed: bytes, known: Whole) -> bytes:
    """Write a spliced header as a file has it, on the metadata that it shares.

    Its values of its own are not in it: nothing that memory depends on is among them.
    """
    _, version, _, n_metadata = _PREAMBLE.unpack_from(known.raw)
    preamble = _PREAMBLE.pack(b"GGUF", version, len(header.tensors), n_metadata)
    content = preamble + known.raw[_PREAMBLE.size : known.metadata_end] + listed
    return content + bytes(-len(content) % header.alignment_bytes)


def list_bytes(tensors: Sequence[Tensor]) -> int:
    """How many bytes a list of tensors takes in a header."""
    return sum(len(t.name.encode()) + 8 + 4 + 8 * len(t.shape) + 4 + 8 for t in tensors)


def _listed(
    version: int, n_tensors: int, content: bytes, alignment: int, shown: str
) -> tuple[Tensor, ...] | None:
    try:
        return _parsed(version, n_tensors, content, alignment, shown)
    except errors.BadModel:
        return None


def _parsed(
    version: int, n_tensors: int, content: bytes, alignment: int, shown: str
) -> tuple[Tensor, ...]:
    """Read a list of tensors with the same checks as a whole header's."""
    key = b"general.alignment"
    entry = struct.pack("<Q", len(key)) + key + struct.pack("<II", _UINT32, alignment)
    small = _PREAMBLE.pack(b"GGUF", version, n_tensors, 1) + entry + content
    return gguf.parse(io.BytesIO(small), shown, _NOT_KNOWN_BYTES).tensors


def _entry_start(tensor: Tensor) -> bytes:
    """How a tensor begins in a list: its name and shape, which all quantizations share."""
    name = tensor.name.encode()
    shape = struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape)
    return struct.pack("<Q", len(name)) + name + shape


def _outline(tensors: Sequence[Tensor]) -> list[tuple[str, tuple[int, ...]]]:
    return [(tensor.name, tensor.shape) for tensor in tensors]


def _comparable(head: bytes) -> bytes:
    """The beginning of a header without what quantizations say differently."""
    text = head[_PREAMBLE.size :]
    for key, kind, size in _OWN_KEYS:
        text = _pattern(key, kind, size).sub(b"", text)
    return text


def _own_values(content: bytes) -> dict[str, int]:
    found: dict[str, int] = {}
    for key in (_FILE_TYPE, _IMATRIX):
        for kind in (_UINT32, _INT32):
            if match := _pattern(key, kind, 4).search(content):
                found[key] = int.from_bytes(match[1], "little")
    return found


def _pattern(key: str, kind: int, size: int) -> re.Pattern[bytes]:
    name = key.encode()
    start = struct.pack("<Q", len(name)) + name + struct.pack("<I", kind)
    return re.compile(re.escape(start) + b"(" + b"." * size + b")", re.DOTALL)


def _padded(n_bytes: int, alignment: int) -> int:
    return (n_bytes + alignment - 1) // alignment * alignment
