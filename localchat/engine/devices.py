"""The devices that ggml has, through its own device API: the truth about what can run a model.

llama-cpp-python binds llama.h alone, so the few functions of ggml-backend.h are declared here.
"""

import ctypes
import functools
import sys
from pathlib import Path
from typing import Any, Literal

import llama_cpp

from localchat.engine.wire import Device

_KINDS: dict[int, Literal["cpu", "gpu", "integrated gpu", "accelerator"]] = {
    0: "cpu",
    1: "gpu",
    2: "integrated gpu",
    3: "accelerator",
}


def devices() -> tuple[Device, ...]:
    """List ggml's devices, those that compute first as ggml orders them.

    Raises OSError or AttributeError when this build of ggml does not export the device API.
    """
    ggml, base = library("ggml"), library("ggml-base")
    ggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    ggml.ggml_backend_dev_get.restype = ctypes.c_void_p
    ggml.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
    count = ggml.ggml_backend_dev_count()
    return tuple(_device(base, ggml.ggml_backend_dev_get(number)) for number in range(count))


def _device(base: Any, handle: int) -> Device:
    pointer = ctypes.c_void_p(handle)
    free, total = ctypes.c_size_t(0), ctypes.c_size_t(0)
    base.ggml_backend_dev_memory(pointer, ctypes.byref(free), ctypes.byref(total))
    base.ggml_backend_dev_type.restype = ctypes.c_int
    base.ggml_backend_dev_backend_reg.restype = ctypes.c_void_p
    registry = ctypes.c_void_p(base.ggml_backend_dev_backend_reg(pointer))
    return Device(
        name=_string(base.ggml_backend_dev_name, pointer),
        description=_string(base.ggml_backend_dev_description, pointer),
        kind=_KINDS.get(base.ggml_backend_dev_type(pointer), "other"),
        memory_bytes=total.value,
        free_bytes=free.value,
        backend=_string(base.ggml_backend_reg_name, registry),
    )


def _string(function: Any, pointer: ctypes.c_void_p) -> str:
    function.restype = ctypes.c_char_p
    raw = function(pointer)
    return raw.decode("utf-8", errors="replace").strip() if raw else ""


@functools.cache
def library(name: str) -> Any:
    """Open one of ggml's libraries. Raises OSError."""
    folder = Path(llama_cpp.__file__).parent / "lib"
    names = {"win32": f"{name}.dll", "darwin": f"lib{name}.dylib"}
    return ctypes.CDLL(str(folder / names.get(sys.platform, f"lib{name}.so")))
