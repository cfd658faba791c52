"""What a model and its context take of each device, as llama.cpp itself counts it.

llama.cpp gives the figures as a C++ map; its nodes are read here as the two common C++ libraries
lay them out, and believed only when everything about them adds up. Where that cannot be, `logged`
reads the figures off the log and the header. Knows nothing of how a model is loaded.
"""

import ctypes
import os
import re
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from llama_cpp import llama_cpp

from localchat.engine import devices
from localchat.fit.footprint import MAIN_MEMORY, DeviceMemory
from localchat.models.header import Header

_SYMBOL = "_Z26llama_get_memory_breakdownPK13llama_context"
_MOST_BUFFER_TYPES = 64
_CPU_KINDS = (0, 3)
"""ggml's device types that work in main memory: the CPU, and accelerators such as BLAS."""
_MIB: Final = 2**20


class BreakdownUnknown(Exception):
    """This build of the engine does not tell, or not in a way that is understood."""


@dataclass(frozen=True, slots=True)
class Share:
    """What lies in buffers of one kind."""

    buffer: str
    """ggml's name of the kind, such as "CPU", "CPU_REPACK" or "CUDA0"."""
    device: str
    """MAIN_MEMORY, or ggml's name of a GPU."""
    weights_bytes: int
    kv_bytes: int
    compute_bytes: int


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where a C++ library keeps what in a map and in its nodes, in words of 8 bytes."""

    root: int
    size: int
    left: int
    right: int
    parent: int


_LAYOUTS = (_Layout(2, 5, 2, 3, 1), _Layout(1, 2, 0, 1, 2))
"""libstdc++ and libc++; in both the key is a node's fifth word, followed by the three sizes."""


class _Map(ctypes.Structure):
    # Larger than two registers on every platform, so that it is returned through memory, as a C++
    # class with a destructor is.
    _fields_ = [("words", ctypes.c_uint64 * 6)]


def by_device(shares: Sequence[Share]) -> tuple[DeviceMemory, ...]:
    """Add up what lies on each device, main memory first."""
    found: dict[str, list[int]] = {MAIN_MEMORY: [0, 0, 0]}
    for share in shares:
        totals = found.setdefault(share.device, [0, 0, 0])
        totals[0] += share.weights_bytes
        totals[1] += share.kv_bytes
        totals[2] += share.compute_bytes
    return tuple(DeviceMemory(name, *totals) for name, totals in found.items())


def of(context: Any) -> tuple[Share, ...]:
    """Ask llama.cpp what a context and its model take. Raises BreakdownUnknown."""
    function = getattr(llama_cpp._lib, _SYMBOL, None)
    if function is None:
        raise BreakdownUnknown("llama.cpp exports no breakdown")
    function.restype = _Map
    function.argtypes = [ctypes.c_void_p]
    return tuple(_share(*entry) for entry in entries(function(context).words))


def entries(words: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Read a std::map of pointers to three sizes, given by its own words, in order.

    Raises BreakdownUnknown unless it is a sound tree as one of the known libraries lays it out.
    """
    for layout in _LAYOUTS:
        rows = _walk(words, layout)
        if rows is not None:
            return tuple(rows)
    raise BreakdownUnknown("its map is laid out in an unknown way")


def _walk(words: Sequence[int], layout: _Layout) -> list[tuple[int, ...]] | None:
    """Read a map's entries in order; None when anything is not as a sound tree would be."""
    count, root = words[layout.size], words[layout.root]
    if not 1 <= count <= _MOST_BUFFER_TYPES:
        return None
    rows: list[tuple[int, ...]] = []
    pending: list[tuple[int, int, bool]] = [(root, 0, False)]
    seen: set[int] = set()
    while pending:
        address, parent, is_open = pending.pop()
        if not address:
            continue
        node = _words(address, 8)
        if node is None or len(seen) > count or (parent and node[layout.parent] != parent):
            return None
        if is_open:
            rows.append(node[4:])
            continue
        if address in seen:
            return None
        seen.add(address)
        pending.append((node[layout.right], address, False))
        pending.append((address, parent, True))
        pending.append((node[layout.left], address, False))
    keys = [row[0] for row in rows]
    return rows if len(rows) == count and keys == sorted(set(keys)) else None


def _words(address: int, count: int) -> tuple[int, ...] | None:
    """Read words at an address that may be wrong, without dying of it; None when it is."""
    size = 8 * count
    if sys.platform == "linux":
        try:
            memory = os.open("/proc/self/mem", os.O_RDONLY)
        except OSError:
            return None
        try:
            raw = os.pread(memory, size, address)
        except (OSError, OverflowError):
            return None
        finally:
            os.close(memory)
    elif sys.platform == "darwin":
        raw = _read_on_macos(address, size)
    else:
        return None
    return struct.unpack(f"={count}Q", raw) if len(raw) == size else None


def _read_on_macos(address: int, size: int) -> bytes:
    library = ctypes.CDLL(None)
    task = ctypes.c_uint32.in_dll(library, "mach_task_self_")
    buffer = ctypes.create_string_buffer(size)
    got = ctypes.c_uint64(0)
    failed = library.mach_vm_read_overwrite(
        task,
        ctypes.c_uint64(address),
        ctypes.c_uint64(size),
        ctypes.c_uint64(ctypes.addressof(buffer)),
        ctypes.byref(got),
    )
    return b"" if failed else buffer.raw[: got.value]


def _share(buffer_type: int, weights: int, kv: int, compute: int) -> Share:
    base = devices.library("ggml-base")
    base.ggml_backend_buft_name.restype = ctypes.c_char_p
    raw: bytes = base.ggml_backend_buft_name(ctypes.c_void_p(buffer_type))
    name = raw.decode("utf-8", errors="replace")
    return Share(name, _device_of(base, buffer_type), weights, kv, compute)


def _device_of(base: Any, buffer_type: int) -> str:
    base.ggml_backend_buft_is_host.restype = ctypes.c_bool
    base.ggml_backend_buft_get_device.restype = ctypes.c_void_p
    base.ggml_backend_dev_name.restype = ctypes.c_char_p
    pointer = ctypes.c_void_p(buffer_type)
    device = base.ggml_backend_buft_get_device(pointer)
    # Some buffers of the CPU belong to no device, and pinned ones that are main memory to a GPU.
    if not device or base.ggml_backend_buft_is_host(pointer):
        return MAIN_MEMORY
    if base.ggml_backend_dev_type(ctypes.c_void_p(device)) in _CPU_KINDS:
        return MAIN_MEMORY
    raw: bytes = base.ggml_backend_dev_name(ctypes.c_void_p(device))
    return raw.decode("utf-8", errors="replace")


# --- off the log ----------------------------------------------------------------------------------

_LAYER = re.compile(r"layer +(\d+) assigned to device ([^,\s]+)")
_KV_LAYER = re.compile(r"kv_cache: layer +\d+: dev = (\S+)")
_KV_SIZE = re.compile(r"(?:kv_cache|memory_recurrent): size = +([\d.]+) MiB")
_COMPUTE = re.compile(r"(\S+) compute buffer size = +([\d.]+) MiB")


def logged(
    headers: Sequence[Header], load_log: Sequence[str], context_log: Sequence[str]
) -> tuple[Share, ...]:
    """Add up what the log of a load and of its context say, weights as the headers have them.

    True to 0.01 MiB for each line of the log. Copies that repacking makes are not seen.
    Raises BreakdownUnknown when the log does not say enough.
    """
    text = "\n".join(context_log)
    compute = {name: float(size) for name, size in _COMPUTE.findall(text)}
    if not compute:
        raise BreakdownUnknown("the log names no compute buffer")
    shares = [
        Share(device, device, size, 0, 0)
        for device, size in _weights_by_device(headers, load_log).items()
    ]
    owners = [_plain(name) for name in _KV_LAYER.findall(text)] or [MAIN_MEMORY]
    kv = sum(float(size) for size in _KV_SIZE.findall(text)) * _MIB
    shares += [Share(name, name, 0, round(kv / len(owners)), 0) for name in owners]
    for name, mib in compute.items():
        shares.append(Share(name, _plain(name), 0, 0, round(mib * _MIB)))
    return tuple(shares)


def _weights_by_device(headers: Sequence[Header], load_log: Sequence[str]) -> Mapping[str, int]:
    places = {int(layer): _plain(device) for layer, device in _LAYER.findall("\n".join(load_log))}
    output = places.get(headers[0].layers, MAIN_MEMORY)
    tensors = [tensor for header in headers for tensor in header.tensors]
    is_tied = all(tensor.name != "output.weight" for tensor in tensors)
    found: dict[str, int] = {}
    for tensor in tensors:
        block = re.match(r"blk\.(\d+)\.", tensor.name)
        device = places.get(int(block[1]), MAIN_MEMORY) if block else MAIN_MEMORY
        if tensor.name.startswith("output"):
            device = output
        found[device] = found.get(device, 0) + tensor.size_bytes
        if is_tied and tensor.name == "token_embd.weight" and output != MAIN_MEMORY:
            found[output] = found.get(output, 0) + tensor.size_bytes
    return found


def _plain(name: str) -> str:
    """Take the names that ggml has for main memory as one: CPU, CPU_REPACK, CUDA_Host, BLAS."""
    is_main = name.startswith(("CPU", "BLAS")) or name.endswith("_Host")
    return MAIN_MEMORY if is_main else name
