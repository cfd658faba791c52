"""What a container or service manager allows this process: CPU quota and memory, cgroup v1 and v2.

Every group up to the root counts: the tightest limit holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from localchat.machine.files import read, whole_number

_UNLIMITED_BYTES = 1 << 60
"""cgroup v1 writes "no limit" as a number near 2^63."""


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """The tightest memory limit of the groups this process is in."""

    limit_bytes: int
    available_bytes: int
    """What may still be used, counting file caches as free."""


def cpu_quota(root: Path = Path("/")) -> float | None:
    """Find how many processors' worth of time this process gets; None when there is no quota."""
    groups = parse_membership(read(root / "proc/self/cgroup"))
    base = root / "sys/fs/cgroup"
    quotas = [parse_quota_v2(read(folder / "cpu.max")) for folder in _folders(base, groups, "")]
    for mount in ("cpu", "cpu,cpuacct", "cpuacct,cpu"):
        for folder in _folders(base / mount, groups, "cpu"):
            quota, period = read(folder / "cpu.cfs_quota_us"), read(folder / "cpu.cfs_period_us")
            quotas.append(parse_quota_v1(quota, period))
    return min((quota for quota in quotas if quota is not None), default=None)


def memory_limit(root: Path = Path("/")) -> MemoryLimit | None:
    """Find the memory limit that holds for this process; None when there is none."""
    groups = parse_membership(read(root / "proc/self/cgroup"))
    base = root / "sys/fs/cgroup"
    limits = [
        parse_memory(
            (read(folder / "memory.max"), read(folder / "memory.high")),
            read(folder / "memory.current"),
            read(folder / "memory.stat"),
        )
        for folder in _folders(base, groups, "")
    ]
    limits += [
        parse_memory(
            (read(folder / "memory.limit_in_bytes"),),
            read(folder / "memory.usage_in_bytes"),
            read(folder / "memory.stat"),
        )
        for folder in _folders(base / "memory", groups, "memory")
    ]
    found = [limit for limit in limits if limit is not None]
    if not found:
        return None
    tightest = min(limit.limit_bytes for limit in found)
    return MemoryLimit(tightest, min(limit.available_bytes for limit in found))


def parse_membership(text: str) -> dict[str, str]:
    """Read /proc/self/cgroup: the group's path by controller, by "" for the unified hierarchy.

    >>> parse_membership("4:memory:/a\\n2:cpu,cpuacct:/b\\n0::/c\\n")
    {'memory': '/a', 'cpu': '/b', 'cpuacct': '/b', '': '/c'}
    """
    groups: dict[str, str] = {}
    for line in text.splitlines():
        fields = line.split(":", 2)
        if len(fields) == 3:
            groups.update({controller: fields[2] for controller in fields[1].split(",")})
    return groups


def parse_quota_v2(text: str) -> float | None:
    """Read cpu.max, which holds a quota and a period in microseconds.

    >>> parse_quota_v2("150000 100000"), parse_quota_v2("max 100000")
    (1.5, None)
    """
    fields = text.split()
    return parse_quota_v1(fields[0], fields[1]) if len(fields) == 2 else None


def parse_quota_v1(quota: str, period: str) -> float | None:
    """Read cpu.cfs_quota_us and cpu.cfs_period_us; a quota of -1 is none."""
    quota_us, period_us = whole_number(quota), whole_number(period)
    if quota_us is None or period_us is None or quota_us <= 0 or period_us <= 0:
        return None
    return quota_us / period_us


def parse_memory(limits: tuple[str, ...], current: str, stat: str) -> MemoryLimit | None:
    """Read a group's limits, use and statistics; "max" is no limit.

    >>> parse_memory(("1000", "max"), "700", "inactive_file 200")
    MemoryLimit(limit_bytes=1000, available_bytes=500)
    """
    numbers = [whole_number(limit) for limit in limits]
    set_limits = [each for each in numbers if each is not None and 0 < each < _UNLIMITED_BYTES]
    if not set_limits:
        return None
    limit = min(set_limits)
    # The kernel drops file pages that are not in use before it refuses memory.
    reclaimable = _statistic(stat, "total_inactive_file") or _statistic(stat, "inactive_file")
    used = max(0, (whole_number(current) or 0) - reclaimable)
    return MemoryLimit(limit, max(0, limit - used))


def _statistic(stat: str, name: str) -> int:
    for line in stat.splitlines():
        fields = line.split()
        if len(fields) == 2 and fields[0] == name:
            return whole_number(fields[1]) or 0
    return 0


def _folders(mount: Path, groups: dict[str, str], controller: str) -> Iterator[Path]:
    """Yield the group's folder and those above it, as far as they can be seen from here."""
    path = groups.get(controller)
    if path is None or ".." in PurePosixPath(path).parts:
        yield mount
        return
    relative = PurePosixPath(path.lstrip("/"))
    for each in (relative, *relative.parents):
        yield mount / each
