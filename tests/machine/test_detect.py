"""What is found out about computers, this one and others."""

import random
import time
from pathlib import Path

import pytest

from localchat.machine import cgroups, darwin, detect, linux, memlock, windows
from localchat.machine.hardware import Hardware
from tests.machine import probes

GIB = 2**30


def test_this_computer_is_described() -> None:
    """Detection works here, whatever this is, and allows at least one thread."""
    found = detect.detect()
    assert found.performance_cores >= 1
    assert found.ram_bytes >= found.available_ram_bytes > 0
    assert 1 <= found.decode_threads <= found.usable_threads
    assert str(found.performance_cores) in found.summary


def test_detection_takes_less_than_half_a_second() -> None:
    """A person waits for it at every start. Counted is the processor's time: others work, too."""
    start = time.process_time()
    detect.detect()
    assert time.process_time() - start < 0.5


def test_hybrid_intel_decodes_on_performance_cores(tmp_path: Path) -> None:
    """Threads of one core count once, and efficiency cores do not decode."""
    found = linux.probe(frozenset(range(16)), probes.tree("linux-intel-hybrid", tmp_path))
    assert found == Hardware(
        os="linux",
        cpu="13th Gen Intel(R) Core(TM) i7-1360P",
        performance_cores=4,
        efficiency_cores=8,
        ram_bytes=16106128 * 1024,
        available_ram_bytes=9437184 * 1024,
        usable_threads=16,
        usable_cores=4,
    )
    assert found.decode_threads == 4
    assert found.summary == (
        "13th Gen Intel(R) Core(TM) i7-1360P, 4+8 cores, 15.36 GiB memory, 9.00 GiB available"
    )


@pytest.mark.parametrize(
    ("affinity", "threads"),
    [({0, 1}, 1), ({0, 2, 4}, 3), ({0, 1, 2, 3, 8}, 2), ({8, 9, 10}, 3), ({15}, 1)],
)
def test_the_affinity_mask_is_obeyed(affinity: set[int], threads: int, tmp_path: Path) -> None:
    """Only cores in the mask count; efficiency cores decode when there are no others in it."""
    root = probes.tree("linux-intel-hybrid", tmp_path)
    assert linux.probe(frozenset(affinity), root).decode_threads == threads


def test_arm_cores_are_told_apart_by_capacity(tmp_path: Path) -> None:
    """Big cores decode; the board's model stands in for a processor's name."""
    found = linux.probe(frozenset(range(8)), probes.tree("linux-arm-biglittle", tmp_path))
    assert (found.performance_cores, found.efficiency_cores) == (4, 4)
    assert found.decode_threads == 4
    assert found.cpu == "Radxa ROCK 5B"


def test_a_container_is_as_large_as_its_tightest_group(tmp_path: Path) -> None:
    """Quota and memory come from any group above, cgroup v2; idle file caches count as free."""
    found = linux.probe(frozenset(range(8)), probes.tree("linux-container-v2", tmp_path))
    assert found.performance_cores == 4
    assert found.usable_threads == 2
    assert found.decode_threads == 2
    assert found.ram_bytes == 4 * GIB
    assert found.available_ram_bytes == 2 * GIB


def test_cgroup_v1_with_its_own_group_as_root(tmp_path: Path) -> None:
    """The path in /proc/self/cgroup may be missing inside; the mounted root has the limits."""
    found = linux.probe(frozenset(range(4)), probes.tree("linux-container-v1", tmp_path))
    assert found.performance_cores == 2
    assert found.usable_threads == 1
    assert found.ram_bytes == 2 * GIB
    assert found.available_ram_bytes == GIB


def test_memory_high_limits_before_memory_max(tmp_path: Path) -> None:
    """Above memory.high the kernel slows a group down, so it is the limit; caches count as free."""
    found = linux.probe(frozenset({0}), probes.tree("linux-memory-high", tmp_path))
    assert found.ram_bytes == 3 * GIB
    assert found.available_ram_bytes == 3 * GIB - (2 * GIB - GIB // 2)


def test_windows_linux_is_recognized(tmp_path: Path) -> None:
    """WSL says so in the kernel's name; its memory is what Windows gives."""
    found = linux.probe(frozenset({0}), probes.tree("linux-wsl2", tmp_path))
    assert found.environment == "wsl"
    assert (found.ram_bytes, found.swap_bytes) == (16365856 * 1024, 4 * GIB)


@pytest.mark.parametrize(
    ("probe", "environment"),
    [
        ("linux-container-v1", "container"),
        ("linux-intel-hybrid", ""),
        ("linux-memory-high", ""),
    ],
)
def test_containers_are_recognized(probe: str, environment: str, tmp_path: Path) -> None:
    """By the names of their groups; a service with limits is none."""
    assert linux.probe(frozenset({0}), probes.tree(probe, tmp_path)).environment == environment


def test_a_computer_without_proc_and_sys(tmp_path: Path) -> None:
    """Nothing to read is no error: what is unknown is zero, and one thread runs."""
    found = linux.probe(frozenset({0}), tmp_path)
    assert (found.ram_bytes, found.performance_cores, found.decode_threads) == (0, 1, 1)


def test_nonsense_is_no_error(tmp_path: Path) -> None:
    """Whatever these files hold, detection answers."""
    chance = random.Random(7)
    for round_number in range(30):
        root = probes.tree("linux-container-v2", tmp_path / str(round_number))
        for file in root.rglob("*"):
            if file.is_file():
                raw = bytearray(file.read_bytes())
                for _ in range(3):
                    raw[chance.randrange(len(raw))] = chance.randrange(256)
                file.write_bytes(raw)
        found = linux.probe(frozenset(range(8)), root)
        assert 1 <= found.decode_threads <= 8


@pytest.mark.parametrize(
    "path", ["/../../etc", "/..", "//", "/a/../../b"], ids=["up two", "up", "empty", "inside"]
)
def test_a_group_path_does_not_leave_the_mount(path: str, tmp_path: Path) -> None:
    """A process outside the namespace's root has ".." in its path; nothing outside is read."""
    root = probes.tree("linux-container-v2", tmp_path)
    (root / "proc/self/cgroup").write_text(f"0::{path}\n")
    (root / "sys/etc").mkdir()
    (root / "sys/etc/cpu.max").write_text("100000 100000")
    assert cgroups.cpu_quota(root) is None


def test_macs() -> None:
    """Apple silicon has two kinds of cores, Intel Macs one with two threads each."""
    m2 = darwin.hardware(probes.text("darwin-m2"), 8 * GIB, 0)
    assert (m2.cpu, m2.performance_cores, m2.efficiency_cores) == ("Apple M2", 4, 4)
    assert (m2.ram_bytes, m2.available_ram_bytes) == (16 * GIB, 8 * GIB)
    assert m2.decode_threads == 4
    intel = darwin.hardware(probes.text("darwin-intel"), 3 * GIB, 0)
    assert (intel.performance_cores, intel.efficiency_cores, intel.usable_threads) == (4, 0, 8)
    assert (intel.decode_threads, intel.gpus, intel.unified_memory) == (4, (), False)
    assert darwin.hardware("", GIB, 2 * GIB).decode_threads == 1
    assert darwin.hardware("hw.memsize: many", GIB, 2 * GIB).ram_bytes == 2 * GIB


@pytest.mark.parametrize(
    ("probe", "limit_bytes"),
    [
        ("darwin-m2", int(11.84 * GIB)),
        ("darwin-m2-wired-limit", 14 * GIB),
        ("darwin-m4-max", int(107.52 * GIB)),
    ],
)
def test_a_macs_gpu_gets_its_working_set(probe: str, limit_bytes: int) -> None:
    """What the owner set holds; otherwise what Macs of the size were seen to give."""
    mac = darwin.hardware(probes.text(probe), 8 * GIB, 0)
    (gpu,) = mac.gpus
    assert (gpu.backend, gpu.is_integrated, mac.unified_memory) == ("metal", True, True)
    assert abs(gpu.memory_bytes - limit_bytes) <= 1
    assert gpu.name == mac.cpu


def test_a_macs_swap_is_told() -> None:
    """As much as macOS has made so far."""
    mac = darwin.hardware(probes.text("darwin-m2-wired-limit"), 8 * GIB, 0)
    assert mac.swap_bytes == 2 * GIB
    assert darwin.parse_swap("used = 3M") == 0


@pytest.mark.parametrize("wired_limit_mb", [-1, 0, 1 << 40])
def test_a_wired_limit_that_cannot_be_is_not_obeyed(wired_limit_mb: int) -> None:
    """0 is the system's own choice; more than there is, or less than nothing, is a mistake."""
    assert 10 * GIB < darwin.working_set_bytes(16 * GIB, wired_limit_mb) < 16 * GIB


def test_windows_decodes_on_physical_cores() -> None:
    """Physical cores, no more than the affinity mask allows; unknown cores count as threads."""
    assert windows.hardware("windows", "x", 6, range(12), GIB, GIB).decode_threads == 6
    assert windows.hardware("windows", "x", 6, range(2), GIB, GIB).decode_threads == 2
    assert windows.hardware("windows", "x", None, range(4), GIB, GIB).decode_threads == 4
    assert isinstance(windows.processor_name(), str)


def test_windows_tells_performance_from_efficiency_cores() -> None:
    """The cores of the highest class decode, as far as the affinity mask has them."""
    kinds = windows.parse_cores(probes.raw("windows-cores-hybrid"))
    assert [core.efficiency_class for core in kinds] == [1] * 4 + [0] * 8
    assert kinds[1].processors == frozenset({2, 3})

    def found(threads: range) -> Hardware:
        return windows.hardware("windows", "x", 12, threads, GIB, GIB, kinds)

    every = found(range(16))
    assert (every.performance_cores, every.efficiency_cores, every.decode_threads) == (4, 8, 4)
    assert found(range(4)).decode_threads == 2
    assert found(range(8, 11)).decode_threads == 3


def test_damaged_core_records_are_no_cores() -> None:
    """Cut off, or with a size that cannot be: as if Windows had not answered."""
    raw = probes.raw("windows-cores-hybrid")
    assert windows.parse_cores(raw[:-1]) == ()
    assert windows.parse_cores(raw[:4] + bytes(4) + raw[8:]) == ()
    many = raw[:30] + b"\xff\xff" + raw[32:]
    assert windows.parse_cores(many) == ()


def test_the_lock_limit_is_bytes_or_none() -> None:
    """The limit of this process is a size, or None where there is none; each system has advice."""
    limit = memlock.lock_limit_bytes()
    assert limit is None or limit >= 0
    assert "ulimit -l" in memlock.how_to_raise("linux")
    assert "vm.user_wire_limit" in memlock.how_to_raise("darwin")
    assert "Lock pages" in memlock.how_to_raise("windows")
