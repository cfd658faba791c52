"""A machine as a TOML file: `--machine FILE` and the tests read it, `write` makes one.

Says whether figures can be, not whether such a machine is sold.
"""

import re
import tomllib
from pathlib import Path

from localchat import errors, sanitize, units
from localchat.machine.hardware import Environment, Gpu, Hardware
from localchat.tomltable import Source, Table

_SYSTEMS = ("linux", "darwin", "windows")
_BACKENDS = ("metal", "cuda", "rocm", "vulkan", "sycl", "opencl")
_ENVIRONMENTS: tuple[Environment, ...] = ("", "container", "wsl")
_LEAST_BYTES = 64 * units.MIB
_MOST_BYTES = 64 * 1024 * units.GIB
_MOST_CORES = 4096
_MOST_GBPS = 100_000.0
_MOST_FILE_BYTES = units.MIB


def read(path: Path) -> Hardware:
    """Read a machine's profile. Raises ProfileError, which names the file and the key."""
    try:
        with path.open("rb") as handle:
            raw = handle.read(_MOST_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise errors.ProfileError(
            f"{path.name} cannot be read: {reason}.", "Give --machine the path of a TOML file."
        ) from error
    if len(raw) > _MOST_FILE_BYTES:
        raise errors.ProfileError(
            f"{path.name} is too large for a machine's profile.",
            "Give --machine the path of a TOML file.",
        )
    return parse(raw, path.name)


def parse(raw: bytes, file: str) -> Hardware:
    """Read the profile that stands in `file`. Raises ProfileError."""
    try:
        values = tomllib.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        reason = str(error).partition("\n")[0] or "nested too deeply"
        raise errors.ProfileError(
            f"{file} is not TOML: {sanitize.line(reason)}.",
            "A machine's profile has lines such as `ram_bytes = 17179869184`.",
        ) from error
    source = Source(file, errors.ProfileError, "Correct that line and try again.")
    return _machine(Table(source, "", values))


def write(hardware: Hardware) -> str:
    """Write a machine as the TOML that `read` reads; keys at their default are left out."""
    lines = [
        f"name = {_quoted(hardware.name or hardware.cpu or 'this computer')}",
        f"os = {_quoted(hardware.os)}",
        f"cpu = {_quoted(hardware.cpu)}",
        f"performance_cores = {hardware.performance_cores}",
        f"efficiency_cores = {hardware.efficiency_cores}",
        f"usable_threads = {hardware.usable_threads}",
        f"usable_cores = {hardware.usable_cores}",
        f"ram_bytes = {hardware.ram_bytes}",
        f"available_ram_bytes = {hardware.available_ram_bytes}",
    ]
    if hardware.memory_bandwidth_gbps is not None:
        lines.append(f"memory_bandwidth_gbps = {float(hardware.memory_bandwidth_gbps)!r}")
    if hardware.unified_memory:
        lines.append("unified_memory = true")
    if hardware.environment:
        lines.append(f"environment = {_quoted(hardware.environment)}")
    if hardware.swap_bytes:
        lines.append(f"swap_bytes = {hardware.swap_bytes}")
    for gpu in hardware.gpus:
        lines += _gpu_lines(gpu, hardware.unified_memory)
    return "\n".join(lines) + "\n"


def _gpu_lines(gpu: Gpu, unified_memory: bool) -> list[str]:
    lines = [
        "",
        "[[gpus]]",
        f"name = {_quoted(gpu.name)}",
        f"backend = {_quoted(gpu.backend)}",
        f"memory_bytes = {gpu.memory_bytes}",
        f"free_bytes = {gpu.free_bytes}",
    ]
    if gpu.is_integrated and not unified_memory:
        lines.append("is_integrated = true")
    if gpu.carved_out_bytes:
        lines.append(f"carved_out_bytes = {gpu.carved_out_bytes}")
    return lines


def _quoted(text: str) -> str:
    # TOML's basic strings escape as JSON's do, and allow no control character.
    def escape(match: re.Match[str]) -> str:
        return f"\\u{ord(match.group()):04x}"

    return '"' + re.sub(r'["\\\x00-\x1f\x7f]', escape, text) + '"'


def _machine(table: Table) -> Hardware:
    name, cpu = table.text("name"), table.text("cpu")
    system = table.choice("os", _SYSTEMS)
    performance = table.whole("performance_cores", 0, _MOST_CORES)
    efficiency = table.whole("efficiency_cores", 0, _MOST_CORES, missing=0)
    if performance + efficiency == 0:
        raise table.fault("performance_cores", "must be at least 1 where there are no other cores")
    threads = performance + efficiency
    ram = table.size("ram_bytes", _LEAST_BYTES, _MOST_BYTES)
    unified = table.flag("unified_memory")
    found = Hardware(
        os=system,
        cpu=cpu,
        performance_cores=performance,
        efficiency_cores=efficiency,
        ram_bytes=ram,
        available_ram_bytes=_at_most(table, "available_ram_bytes", "ram_bytes", ram),
        usable_threads=table.whole("usable_threads", 1, 8 * _MOST_CORES, missing=threads),
        usable_cores=table.whole("usable_cores", 1, threads, missing=performance or efficiency),
        name=name,
        gpus=tuple(_gpu(each, unified) for each in table.tables("gpus")),
        unified_memory=unified,
        memory_bandwidth_gbps=table.number("memory_bandwidth_gbps", 1.0, _MOST_GBPS),
        environment=table.choice("environment", _ENVIRONMENTS, missing=""),
        swap_bytes=table.size("swap_bytes", 0, _MOST_BYTES, missing=0),
    )
    table.done()
    if unified and not found.gpus:
        raise table.fault("unified_memory", "is true, but there is no [[gpus]] to share memory")
    return found


def _gpu(table: Table, unified: bool) -> Gpu:
    memory = table.size("memory_bytes", _LEAST_BYTES, _MOST_BYTES)
    found = Gpu(
        name=table.text("name"),
        backend=table.choice("backend", _BACKENDS),
        memory_bytes=memory,
        free_bytes=_at_most(table, "free_bytes", "memory_bytes", memory),
        is_integrated=table.flag("is_integrated", unified),
        carved_out_bytes=_at_most(table, "carved_out_bytes", "memory_bytes", memory, missing=0),
    )
    table.done()
    if unified and not found.is_integrated:
        raise table.fault("is_integrated", "cannot be false where unified_memory is true")
    if found.carved_out_bytes and not found.is_integrated:
        raise table.fault("carved_out_bytes", "is for a GPU with is_integrated = true")
    return found


def _at_most(table: Table, key: str, of_key: str, most: int, missing: int | None = None) -> int:
    value = table.size(key, 0, _MOST_BYTES, missing)
    if value > most:
        raise table.fault(key, f"is {value}, more than {of_key}, {most}")
    return value
