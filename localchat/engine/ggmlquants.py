"""ggml's own quantization of a few numbers, which llama-cpp-python does not bind."""

import ctypes
from collections.abc import Sequence

from localchat.engine import devices
from localchat.models import quants


def quantize(kind: int, values: Sequence[float]) -> bytes:
    """Store numbers in a format, given by its number in ggml; they must fill whole blocks.

    Formats that cannot be made without an importance matrix give zeros. Raises OSError or
    AttributeError when this build of ggml does not export its quantization.
    """
    base = devices.library("ggml-base")
    base.ggml_quantize_requires_imatrix.restype = ctypes.c_bool
    base.ggml_quantize_chunk.restype = ctypes.c_size_t
    base.ggml_quantize_chunk.argtypes = [
        ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p,
        ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p,
    ]  # fmt: skip
    form = quants.TENSOR_TYPES[kind]
    source = (ctypes.c_float * len(values))(*values)
    target = ctypes.create_string_buffer(len(values) // form.block_elements * form.block_bytes)
    if not base.ggml_quantize_requires_imatrix(kind):
        base.ggml_quantize_chunk(kind, source, target, 0, 1, len(values), None)
    return target.raw
