"""Read the header of a GGUF file without trusting it.

Every count and length is held against a cap before anything is read or kept, so a hostile header
costs bounded time and memory. Reads from anything with `read`; knows nothing of the network or
the engine.
The layout is that of https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, the rules those of
llama.cpp's gguf.cpp.
"""

import stat
import struct
from pathlib import Path
from types import MappingProxyType
from typing import Final

from localchat import errors, sanitize, units
from localchat.models import quants, splits
from localchat.models.cursor import AGAIN, MAX_STRING_BYTES, U32, U64, Cursor, Source
from localchat.models.header import Array, Header, Tensor, Value

VERSIONS: Final = (2, 3)
MAX_METADATA: Final = 65_535
MAX_TENSORS: Final = 100_000
MAX_TEMPLATE_BYTES: Final = units.MIB
MAX_KEY_BYTES: Final = 65_535
MAX_ALIGNMENT_BYTES: Final = units.MIB

_TENSOR_NAME_BYTES = 64
_DIMENSIONS = 4
_KEPT_ITEMS = 1024
_INT64_MAX = 2**63 - 1

_STRING = 8
_ARRAY = 9
_SCALARS = MappingProxyType(
    {
        0: ("uint8", struct.Struct("<B")),
        1: ("int8", struct.Struct("<b")),
        2: ("uint16", struct.Struct("<H")),
        3: ("int16", struct.Struct("<h")),
        4: ("uint32", struct.Struct("<I")),
        5: ("int32", struct.Struct("<i")),
        6: ("float32", struct.Struct("<f")),
        7: ("bool", struct.Struct("<?")),
        10: ("uint64", struct.Struct("<Q")),
        11: ("int64", struct.Struct("<q")),
        12: ("float64", struct.Struct("<d")),
    }
)
_OTHER_FORMATS = (
    (b"<!do", "It is a web page: the download went wrong."),
    (b"<htm", "It is a web page: the download went wrong."),
    (b"vers", "It may be a Git LFS pointer: fetch the file itself with `git lfs pull`."),
    (b"PK\x03\x04", "It may be a PyTorch model: look for the same model as GGUF."),
    (b"ggml", "Its format is older than GGUF: look for a newer copy of the model."),
    (b"lmgg", "Its format is older than GGUF: look for a newer copy of the model."),
    (b"fmgg", "Its format is older than GGUF: look for a newer copy of the model."),
    (b"tjgg", "Its format is older than GGUF: look for a newer copy of the model."),
)


def read_header(path: Path) -> Header:
    """Read the header of a local file and check that every tensor lies within the file.

    Raises ModelNotFound when there is no such file or it cannot be opened, BadModel when it is not
    a sound GGUF. Files that are no chat models pass: see `check`.
    """
    shown = sanitize.line(path.name or str(path), 120)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            hint = "Name the .gguf file inside it."
            raise errors.ModelNotFound(f"{shown} is a folder, not a model file.", hint)
        if not stat.S_ISREG(status.st_mode):
            raise errors.BadModel(f"{shown} is not a regular file.")
        with path.open("rb", buffering=0) as source:
            header = parse(source, shown, status.st_size)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise errors.ModelNotFound(f"There is no file {sanitize.line(str(path))}.") from error
    except OSError as error:
        raise errors.ModelNotFound(f"{shown} cannot be read: {error.strerror}.") from error
    if status.st_size < header.file_bytes:
        raise errors.BadModel(
            f"{shown} is truncated: it should have {header.file_bytes:,} bytes, "
            f"and has {status.st_size:,}.",
            "The download did not finish: get the file again.",
        )
    return header


def check(path: Path) -> Header:
    """Read the header of a model to chat with, of which every part is there.

    Raises what `read_header` raises, and BadModel for files of another kind.
    """
    header = read_header(path)
    shown = sanitize.line(path.name, 120)
    if reason := header.not_a_chat_model:
        raise errors.BadModel(f"{shown} {sanitize.line(reason)}.", "Choose another model.")
    part = splits.part_of(path)
    if part is not None and (missing := splits.missing_sentence(part)):
        raise errors.BadModel(
            f"{shown} is the first of {part.count} files of a model: {missing[0].lower()}"
            f"{missing[1:]}",
            "Put all parts into the same folder.",
        )
    return header


def parse(source: Source, shown: str, size_bytes: int) -> Header:
    """Parse a header from the first byte of a file of `size_bytes`, called `shown` in messages.

    Reads ahead in chunks, so `source` may be left anywhere. Raises BadModel; what `source` raises
    passes through.
    """
    cursor = Cursor(source, shown, size_bytes)
    version = _preamble(cursor)
    n_tensors = cursor.count(MAX_TENSORS, "tensors")
    n_metadata = cursor.count(MAX_METADATA, "metadata entries")
    metadata: dict[str, Value] = {}
    for _ in range(n_metadata):
        key = cursor.string(MAX_KEY_BYTES, "a key")
        if not key or key in metadata:
            raise cursor.damaged(f"the key {key!r} appears twice" if key else "a key is empty")
        metadata[key] = _value(cursor, key)
    alignment = _alignment(cursor, metadata)
    tensors = _tensors(cursor, n_tensors, alignment)
    data_offset = _padded(cursor.position, alignment) if tensors else cursor.position
    return Header(version, MappingProxyType(metadata), tensors, alignment, data_offset)


def _preamble(cursor: Cursor) -> int:
    start = cursor.peek(4)
    if start != b"GGUF":
        words = sanitize.line(start.decode("latin-1"), 20)
        hint = next((hint for magic, hint in _OTHER_FORMATS if start.lower() == magic.lower()), "")
        what = f'it starts with "{words}"' if start else "it is empty"
        raise errors.BadModel(f"{cursor.shown} is not a GGUF file: {what}.", hint or AGAIN)
    cursor.skip(len(start))
    version = cursor.number(U32)
    if version & 0xFFFF == 0 and version:
        raise errors.BadModel(
            f"{cursor.shown} is a big-endian GGUF, which this computer's engine cannot read.",
            "Look for the little-endian file of the model, which is the usual one.",
        )
    if version not in VERSIONS:
        hint = "Update localchat and llama-cpp-python." if version > max(VERSIONS) else AGAIN
        raise errors.BadModel(
            f"{cursor.shown} has GGUF version {version}; the engine reads versions 2 and 3.", hint
        )
    return version


def _value(cursor: Cursor, key: str) -> Value:
    kind = cursor.number(U32)
    if kind == _STRING:
        is_template = key.startswith("tokenizer.chat_template")
        most = MAX_TEMPLATE_BYTES if is_template else MAX_STRING_BYTES
        return cursor.string(most, "a chat template" if is_template else "a text")
    if kind == _ARRAY:
        return _array(cursor, key)
    if kind not in _SCALARS:
        raise cursor.damaged(f"the value of {key!r} has the unknown type {kind}")
    return _scalar(cursor, _SCALARS[kind][1])


def _scalar(cursor: Cursor, layout: struct.Struct) -> int | float | bool:
    value: int | float | bool = layout.unpack(cursor.take(layout.size))[0]
    return value


def _array(cursor: Cursor, key: str) -> Array:
    kind = cursor.number(U32)
    length = cursor.number(U64)
    cursor.spend_items(length)
    keep = length <= _KEPT_ITEMS
    if kind == _STRING:
        if keep:
            texts = tuple(cursor.string(MAX_STRING_BYTES, "a text") for _ in range(length))
            return Array("string", length, texts)
        cursor.skip_strings(length)
        return Array("string", length, None)
    if kind not in _SCALARS:
        raise cursor.damaged(f"the array {key!r} has items of the unknown type {kind}")
    name, layout = _SCALARS[kind]
    if keep:
        return Array(name, length, tuple(_scalar(cursor, layout) for _ in range(length)))
    cursor.skip(length * layout.size)
    return Array(name, length, None)


def _alignment(cursor: Cursor, metadata: dict[str, Value]) -> int:
    alignment = metadata.get("general.alignment", 32)
    if (
        not isinstance(alignment, int)
        or isinstance(alignment, bool)
        or not 0 < alignment <= MAX_ALIGNMENT_BYTES
    ):
        raise cursor.damaged(f"its alignment is {alignment!r}")
    if alignment & (alignment - 1):
        raise cursor.damaged(f"its alignment of {alignment:,} bytes is not a power of two")
    return alignment


def _tensors(cursor: Cursor, n_tensors: int, alignment: int) -> tuple[Tensor, ...]:
    tensors: dict[str, Tensor] = {}
    end = 0
    for _ in range(n_tensors):
        tensor = _tensor(cursor)
        if tensor.name in tensors:
            raise cursor.damaged(f"the tensor {tensor.name!r} appears twice")
        if tensor.offset_bytes != end:
            raise cursor.damaged(f"the tensor {tensor.name!r} is not where it should be")
        tensors[tensor.name] = tensor
        end += _padded(tensor.size_bytes, alignment)
    return tuple(tensors.values())


def _tensor(cursor: Cursor) -> Tensor:
    name = cursor.string(_TENSOR_NAME_BYTES - 1, "a tensor's name")
    n_dimensions = cursor.number(U32)
    if n_dimensions > _DIMENSIONS:
        raise cursor.damaged(f"the tensor {name!r} has {n_dimensions:,} dimensions")
    shape = tuple(cursor.number(U64) for _ in range(n_dimensions))
    elements = 1
    for size in shape:
        elements *= size
    kind = cursor.number(U32)
    offset = cursor.number(U64)
    if max((elements, *shape)) > _INT64_MAX:
        raise cursor.hostile(f"a tensor with {elements:.3g} numbers")
    if kind not in quants.TENSOR_TYPES:
        raise errors.BadModel(
            f"{cursor.shown} uses the unknown number format {kind}.",
            "It may need a newer llama-cpp-python.",
        )
    form = quants.TENSOR_TYPES[kind]
    if (shape[0] if shape else 1) % form.block_elements:
        raise cursor.damaged(f"the rows of {name!r} do not fill blocks of {form.name}")
    size_bytes = elements // form.block_elements * form.block_bytes
    return Tensor(name, shape, form, offset, elements, size_bytes)


def _padded(n_bytes: int, alignment: int) -> int:
    return (n_bytes + alignment - 1) // alignment * alignment
