"""A Windows computer, or any other that is neither Linux nor a Mac."""

import platform
import struct
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from localchat.machine.hardware import Hardware

_HEADER = struct.Struct("<II")
"""LOGICAL_PROCESSOR_RELATIONSHIP and the record's size in bytes."""
_CORE = struct.Struct("<BB20xH")
"""Flags, EfficiencyClass and GroupCount of PROCESSOR_RELATIONSHIP."""
_GROUP = struct.Struct("<QH6x")
"""Mask and Group of GROUP_AFFINITY, as 64-bit Windows lays it out."""
_PROCESSOR_CORE = 0
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Core:
    """A physical core as Windows describes it."""

    efficiency_class: int
    """The higher, the faster and the less efficient."""
    processors: frozenset[int]
    """Its logical processors; 64 numbers for each processor group."""


def processor_name() -> str:
    """Find the processor's name in the registry; the plain one Python knows elsewhere."""
    if sys.platform == "win32":
        import winreg

        key_name = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key_name) as key:
                return " ".join(str(winreg.QueryValueEx(key, "ProcessorNameString")[0]).split())
        except OSError:
            pass
    return platform.processor() or platform.machine()


def read_cores() -> bytes:
    """Ask Windows for GetLogicalProcessorInformationEx(RelationProcessorCore); empty elsewhere."""
    if sys.platform == "win32":
        import ctypes

        try:
            ask = ctypes.windll.kernel32.GetLogicalProcessorInformationEx
        except (OSError, AttributeError):
            return b""
        size = ctypes.c_uint32(0)
        ask(_PROCESSOR_CORE, None, ctypes.byref(size))
        if 0 < size.value <= _MOST_BYTES:
            buffer = ctypes.create_string_buffer(size.value)
            if ask(_PROCESSOR_CORE, buffer, ctypes.byref(size)):
                return buffer.raw[: size.value]
    return b""


def parse_cores(raw: bytes) -> tuple[Core, ...]:
    """Read SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX records; empty when they are damaged."""
    cores: list[Core] = []
    at = 0
    while at + _HEADER.size <= len(raw):
        relationship, size = _HEADER.unpack_from(raw, at)
        first = at + _HEADER.size + _CORE.size
        if size < _HEADER.size + _CORE.size + _GROUP.size or at + size > len(raw):
            return ()
        if relationship == _PROCESSOR_CORE:
            _, efficiency_class, count = _CORE.unpack_from(raw, at + _HEADER.size)
            if first + count * _GROUP.size > at + size:
                return ()
            groups = [_GROUP.unpack_from(raw, first + n * _GROUP.size) for n in range(count)]
            processors = [
                64 * group + bit for mask, group in groups for bit in range(64) if mask >> bit & 1
            ]
            cores.append(Core(efficiency_class, frozenset(processors)))
        at += size
    return tuple(cores)


def hardware(
    os: str,
    cpu: str,
    cores: int | None,
    threads: Collection[int],
    total_bytes: int,
    available_bytes: int,
    kinds: Sequence[Core] = (),
) -> Hardware:
    """Describe a computer with `cores` physical cores, of which this process may use the logical
    processors `threads`; `kinds` tells its performance cores from the others.
    """
    fastest = max((core.efficiency_class for core in kinds), default=0)
    fast = [core for core in kinds if core.efficiency_class == fastest]
    allowed = [core for core in fast if core.processors & frozenset(threads)]
    allowed = allowed or [core for core in kinds if core.processors & frozenset(threads)]
    physical = len(fast) or cores or len(threads) or 1
    return Hardware(
        os=os,
        cpu=cpu,
        performance_cores=physical,
        efficiency_cores=len(kinds) - len(fast),
        ram_bytes=total_bytes,
        available_ram_bytes=min(available_bytes, total_bytes),
        usable_threads=max(1, len(threads)),
        usable_cores=len(allowed) or physical,
    )
