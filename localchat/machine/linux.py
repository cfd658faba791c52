"""A Linux computer, read from /proc and /sys. Another root than "/" makes it another computer."""

import math
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localchat.machine import cgroups, dmi
from localchat.machine.files import exists, read, whole_number
from localchat.machine.hardware import Environment, Hardware

_CONTAINER_SIGNS = (".dockerenv", "run/.containerenv")
"""Left by Docker and by Podman."""
_CONTAINER_GROUPS = ("/docker/", "/docker-", "/kubepods", "/libpod", "/lxc/", "/lxc.payload")

_PERFORMANCE_SHARE = 0.6
"""ARM's middle cores have 70 to 90 % of the big ones' capacity, the little ones 20 to 45 %."""


@dataclass(frozen=True, slots=True)
class CpuInfo:
    """What /proc/cpuinfo says."""

    name: str
    cores: Mapping[int, frozenset[int]]
    """For each logical processor those that share its physical core."""


def probe(affinity: frozenset[int], root: Path = Path("/")) -> Hardware:
    """Describe the computer to a process that may run on the processors of `affinity`."""
    info = parse_cpuinfo(read(root / "proc/cpuinfo"))
    cores = _sysfs_cores(root) or info.cores or {number: frozenset({number}) for number in affinity}
    fast = _performance_processors(root, frozenset(cores))
    performance = {core for number, core in cores.items() if number in fast}
    efficiency = {core for number, core in cores.items() if number not in fast} - performance
    allowed = {core for core in performance if core & affinity}
    allowed = allowed or {core for core in efficiency if core & affinity}
    quota = cgroups.cpu_quota(root)
    threads = len(affinity) if quota is None else min(len(affinity), math.floor(quota))
    sizes = parse_meminfo(read(root / "proc/meminfo"))
    total, available = _memory(sizes, cgroups.memory_limit(root))
    modules = dmi.parse_udev(read(root / "run/udev/data/+dmi:id"))
    return Hardware(
        os="linux",
        cpu=info.name or platform.machine(),
        performance_cores=len(performance),
        efficiency_cores=len(efficiency),
        ram_bytes=total,
        available_ram_bytes=available,
        usable_threads=max(1, threads),
        usable_cores=len(allowed) or max(1, threads),
        memory_bandwidth_gbps=dmi.bandwidth_gbps(modules),
        environment=environment(root),
        swap_bytes=sizes.get("SwapTotal", 0),
    )


def environment(root: Path) -> Environment:
    """Tell what this process runs in: a container, Windows' Linux, or neither as far as seen."""
    if any(exists(root / sign) for sign in _CONTAINER_SIGNS):
        return "container"
    groups = read(root / "proc/self/cgroup")
    if any(word in groups for word in _CONTAINER_GROUPS):
        return "container"
    return "wsl" if "microsoft" in read(root / "proc/sys/kernel/osrelease").lower() else ""


def parse_cpuinfo(text: str) -> CpuInfo:
    """Read the processor's name, and which logical processors share a core where it says so."""
    name = ""
    placed: dict[int, tuple[str, str]] = {}
    for block in text.split("\n\n"):
        fields = dict(_field(line) for line in block.splitlines() if ":" in line)
        name = name or fields.get("model name", "") or fields.get("Model", "")
        number = whole_number(fields.get("processor", ""))
        if number is not None and "core id" in fields:
            placed[number] = (fields.get("physical id", "0"), fields["core id"])
    cores = {
        number: frozenset(other for other, theirs in placed.items() if theirs == place)
        for number, place in placed.items()
    }
    return CpuInfo(" ".join(name.split()), cores)


def parse_cpu_list(text: str) -> frozenset[int]:
    """Read a list of processors as the kernel writes it.

    >>> sorted(parse_cpu_list("0-2,8\\n"))
    [0, 1, 2, 8]
    """
    found: set[int] = set()
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        start, end = whole_number(first), whole_number(last or first)
        if start is not None and end is not None and 0 <= start <= end < 1 << 16:
            found.update(range(start, end + 1))
    return frozenset(found)


def parse_meminfo(text: str) -> Mapping[str, int]:
    """Read /proc/meminfo in bytes.

    >>> parse_meminfo("MemTotal:       16 kB\\n")
    {'MemTotal': 16384}
    """
    sizes: dict[str, int] = {}
    for line in text.splitlines():
        name, _, value = line.partition(":")
        number = whole_number(value.removesuffix("kB").strip())
        if number is not None:
            sizes[name] = number * 1024
    return sizes


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()


def _sysfs_cores(root: Path) -> dict[int, frozenset[int]]:
    base = root / "sys/devices/system/cpu"
    cores: dict[int, frozenset[int]] = {}
    for number in parse_cpu_list(read(base / "online")):
        topology = base / f"cpu{number}" / "topology"
        # Kernels before 5.4 have the older name only.
        text = read(topology / "core_cpus_list") or read(topology / "thread_siblings_list")
        siblings = parse_cpu_list(text)
        if number not in siblings:
            return {}
        cores[number] = siblings
    return cores


def _performance_processors(root: Path, processors: frozenset[int]) -> frozenset[int]:
    # Intel's hybrid processors have two performance monitoring units, one for each kind of core.
    intel = parse_cpu_list(read(root / "sys/devices/cpu_core/cpus")) & processors
    if intel:
        return intel
    base = root / "sys/devices/system/cpu"
    capacities = {
        number: whole_number(read(base / f"cpu{number}" / "cpu_capacity")) for number in processors
    }
    most = max((each for each in capacities.values() if each), default=0)
    return frozenset(
        number
        for number, capacity in capacities.items()
        if capacity is None or capacity >= _PERFORMANCE_SHARE * most
    )


def _memory(sizes: Mapping[str, int], limit: cgroups.MemoryLimit | None) -> tuple[int, int]:
    total = sizes.get("MemTotal", 0)
    available = sizes.get("MemAvailable", sizes.get("MemFree", 0) + sizes.get("Cached", 0))
    if limit is not None:
        total = min(total, limit.limit_bytes) if total else limit.limit_bytes
        available = min(available, limit.available_bytes)
    return total, min(available, total)
