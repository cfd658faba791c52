"""Machines as TOML files: what they hold comes back, and nonsense is named in one sentence."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localchat import errors
from localchat.machine import profile
from localchat.machine.hardware import Gpu, Hardware

_MACHINES = Path(__file__).parent.parent / "machines"
_FILES = sorted(_MACHINES.glob("*.toml"))
GIB = 2**30

_GOOD = """name = "Laptop"
os = "linux"
cpu = "x"
performance_cores = 4
ram_bytes = 17179869184
available_ram_bytes = 8589934592
"""
_CARD = """[[gpus]]
name = "RTX"
backend = "cuda"
memory_bytes = 8589934592
free_bytes = 8589934592
"""


def test_there_are_machines_of_every_size() -> None:
    """From a 4 GB netbook to a 128 GB Mac and a desktop with two GPUs, twenty at least."""
    assert len(_FILES) >= 20
    sizes = [profile.read(file).ram_bytes for file in _FILES]
    assert min(size for size in sizes if size > 2 * GIB) < 4 * GIB
    assert max(sizes) == 128 * GIB
    two = profile.read(_MACHINES / "desktop-two-gpus.toml")
    assert len(two.gpus) == 2
    assert "2 x NVIDIA GeForce RTX 3090 24.00 GiB" in two.summary


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem)
def test_a_recorded_machine_holds_together(file: Path) -> None:
    """Its figures agree with each other, it says so in one line, and it survives writing."""
    found = profile.read(file)
    assert 0 < found.available_ram_bytes <= found.ram_bytes
    assert 1 <= found.decode_threads <= found.performance_cores + found.efficiency_cores
    assert found.usable_threads >= found.usable_cores or found.environment == "container"
    for gpu in found.gpus:
        assert 0 < gpu.free_bytes <= gpu.memory_bytes
        assert gpu.is_integrated == found.unified_memory
        assert gpu.memory_bytes <= found.ram_bytes or not found.unified_memory
        assert gpu.name in found.summary or gpu.name == found.cpu
    assert found.memory_bandwidth_gbps is None or 10 < found.memory_bandwidth_gbps < 1000
    assert found.summary.startswith(found.cpu)
    assert "\n" not in found.summary
    assert profile.parse(profile.write(found).encode(), file.name) == found
    assert "not captured here" in file.read_text(encoding="utf-8").split("\nname =")[0]


def test_what_a_profile_leaves_out() -> None:
    """Threads and cores follow from the counts; there is no GPU and no bandwidth."""
    found = profile.parse((_GOOD + "efficiency_cores = 8\n").encode(), "a.toml")
    assert (found.usable_threads, found.usable_cores) == (12, 4)
    assert (found.gpus, found.unified_memory, found.memory_bandwidth_gbps) == ((), False, None)
    small = profile.parse(_GOOD.replace("= 4", "= 0\nefficiency_cores = 2").encode(), "a.toml")
    assert (small.usable_cores, small.decode_threads) == (2, 2)


_BAD = [
    ("ram_bytes = 17179869184", "ram_bytes = -1", "ram_bytes must be in bytes, from "),
    ("ram_bytes = 17179869184", "ram_bytes = 16", "ram_bytes must be in bytes, from "),
    ("ram_bytes = 17179869184", "ram_bytes = 1e10", "not 10000000000.0"),
    ("ram_bytes = 17179869184", "ram_bytes = true", "not True"),
    ("ram_bytes = 17179869184", 'ram_bytes = "16 GB"', "not '16 GB'"),
    ("ram_bytes = 17179869184", f"ram_bytes = {1 << 60}", "ram_bytes must be in bytes, from "),
    ("ram_bytes = 17179869184\n", "", "ram_bytes is missing"),
    ("= 8589934592", "= 17179869185", "available_ram_bytes is 17179869185, more than ram_bytes"),
    ("= 8589934592", "= -5", "available_ram_bytes must be"),
    ('name = "Laptop"\n', "", "name is missing"),
    ('name = "Laptop"', "name = 7", "name must be a text, not 7"),
    ('name = "Laptop"', 'name = " "', "name must be a text"),
    ('"linux"', '"beos"', 'os must be "linux", "darwin" or "windows", not \'beos\''),
    ("performance_cores = 4", "performance_cores = 0", "performance_cores must be at least 1"),
    ("performance_cores = 4", "performance_cores = 2.5", "performance_cores must be a whole"),
    ("performance_cores = 4", "performance_cores = 99999", "from 0 to 4096"),
    ("performance_cores = 4", f"performance_cores = 0x{'f' * 5000}", "from 0 to 4096, not "),
    ("performance_cores = 4", "performance_cores = 4\nusable_threads = 0", "usable_threads must"),
    ("performance_cores = 4", "performance_cores = 4\nusable_cores = 5", "usable_cores must be"),
    ("performance_cores = 4", "performance_cores = 4\nram = 1", "ram is not a key that"),
    ("performance_cores = 4", "performance_cores = 4\nmemory_bandwidth_gbps = -1", "_gbps must"),
    ("performance_cores = 4", "performance_cores = 4\nmemory_bandwidth_gbps = nan", "_gbps must"),
    (
        "performance_cores = 4",
        "performance_cores = 4\ngpus = 1",
        "gpus must be written as [[gpus]]",
    ),
    ("performance_cores = 4", "performance_cores = 4\nunified_memory = 1", "must be true or false"),
    ("performance_cores = 4", "performance_cores = 4\nunified_memory = true", "no [[gpus]]"),
    ("performance_cores = 4", 'performance_cores = 4\nenvironment = "vm"', '"container" or "wsl"'),
]


@pytest.mark.parametrize(("right", "wrong", "said"), _BAD, ids=range(len(_BAD)))
def test_nonsense_is_named(right: str, wrong: str, said: str) -> None:
    """One sentence with the file and the key, and the exit code of wrong usage."""
    assert right in _GOOD
    _fails(_GOOD.replace(right, wrong, 1), said)


_BAD_CARDS = [
    ("free_bytes = 8589934592", "free_bytes = 8589934593", "gpus[0].free_bytes is 8589934593, "),
    ("free_bytes = 8589934592\n", "", "gpus[0].free_bytes is missing"),
    ("memory_bytes = 8589934592", "memory_bytes = 8", "gpus[0].memory_bytes must be in bytes"),
    ('"cuda"', '"directx"', "gpus[0].backend must be"),
    ('"RTX"', '"RTX"\nvram = 8', "gpus[0].vram is not a key"),
    ('"RTX"', '"RTX"\ncarved_out_bytes = 8', "gpus[0].carved_out_bytes is for a GPU with"),
]


@pytest.mark.parametrize(("right", "wrong", "said"), _BAD_CARDS, ids=range(len(_BAD_CARDS)))
def test_nonsense_about_a_gpu_is_named(right: str, wrong: str, said: str) -> None:
    """Which of the GPUs it is stands before the key."""
    assert right in _CARD
    _fails(_GOOD + _CARD.replace(right, wrong, 1), said)


def test_a_gpu_cannot_be_apart_and_share_memory() -> None:
    """Two keys that contradict each other are a mistake."""
    text = _GOOD + "unified_memory = true\n" + _CARD + "is_integrated = false\n"
    _fails(text, "gpus[0].is_integrated cannot be false")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"oh no", "is not TOML"),
        (b"\xff\xfe", "is not TOML"),
        (b"a = " + b"[" * 100_000, "is not TOML"),
        (b"#" * (1 << 20) + b"#", "is too large"),
        (b"", "name is missing"),
    ],
    ids=["words", "bytes", "deep", "large", "empty"],
)
def test_files_that_are_no_profile(raw: bytes, said: str, tmp_path: Path) -> None:
    """Whatever the file holds, there is a sentence that names it."""
    file = tmp_path / "mine.toml"
    file.write_bytes(raw)
    with pytest.raises(errors.ProfileError) as caught:
        profile.read(file)
    assert caught.value.message.startswith("mine.toml")
    assert said in caught.value.message


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """Not there, or a folder."""
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(errors.ProfileError) as caught:
            profile.read(path)
        assert path.name in caught.value.message
        assert caught.value.hint


_NAMES = st.text(min_size=1, max_size=20).filter(str.strip)
_SIZES = st.integers(64 * 2**20, 2**45)


@st.composite
def _machines(draw: st.DrawFn) -> Hardware:
    unified = draw(st.booleans())
    ram, cores = draw(_SIZES), draw(st.integers(1, 64))
    gpus = tuple(
        Gpu(
            name=draw(_NAMES),
            backend=draw(st.sampled_from(["metal", "cuda", "rocm", "vulkan", "sycl"])),
            memory_bytes=memory,
            free_bytes=draw(st.integers(0, memory)),
            is_integrated=unified or draw(st.booleans()),
        )
        for memory in draw(st.lists(_SIZES, min_size=int(unified), max_size=3))
    )
    return Hardware(
        os=draw(st.sampled_from(["linux", "darwin", "windows"])),
        cpu=draw(_NAMES),
        performance_cores=cores,
        efficiency_cores=draw(st.integers(0, 8)),
        ram_bytes=ram,
        available_ram_bytes=draw(st.integers(0, ram)),
        usable_threads=draw(st.integers(1, 128)),
        usable_cores=draw(st.integers(1, cores)),
        name=draw(_NAMES),
        gpus=gpus,
        unified_memory=unified,
        memory_bandwidth_gbps=draw(st.none() | st.floats(1, 10_000)),
        environment=draw(st.sampled_from(["", "container", "wsl"])),
        swap_bytes=draw(st.integers(0, 2**40)),
    )


@given(_machines())
def test_any_machine_survives_writing(machine: Hardware) -> None:
    """What is written reads as the same machine, whatever its names hold."""
    assert profile.parse(profile.write(machine).encode(), "a.toml") == machine


@given(st.binary(max_size=300))
def test_any_bytes_are_a_machine_or_a_sentence(raw: bytes) -> None:
    """No other exception comes out."""
    try:
        profile.parse(raw, "a.toml")
    except errors.ProfileError as error:
        assert "\n" not in error.message


def _fails(text: str, said: str) -> None:
    with pytest.raises(errors.ProfileError) as caught:
        profile.parse(text.encode(), "mine.toml")
    assert caught.value.message.startswith("mine.toml: ")
    assert said in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.exit_code == errors.ExitCode.USAGE
