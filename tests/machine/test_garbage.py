"""Whatever drivers, firmware and the kernel print, reading it never fails."""

from hypothesis import given
from hypothesis import strategies as st

from localchat.machine import darwin, dmi, drm, linux, nvidia, reconcile, registry, windows
from tests.machine import probes

_TEXTS = [
    probes.text(name)
    for name in (
        "darwin-m2-wired-limit",
        "linux-amd-apu",
        "nvml-two-gpus",
        "udev-memory-lpddr5",
        "windows-adapters-desktop",
    )
]
_RAW = [probes.raw("windows-cores-hybrid"), probes.raw("windows-smbios")]


@st.composite
def _damaged(draw: st.DrawFn) -> str:
    """What a probe printed, with a piece of it replaced."""
    text = draw(st.sampled_from(_TEXTS))
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.text(max_size=20)) + text[at + draw(st.integers(0, 40)) :]


@st.composite
def _damaged_raw(draw: st.DrawFn) -> bytes:
    raw = draw(st.sampled_from(_RAW))
    at = draw(st.integers(0, len(raw)))
    return raw[:at] + draw(st.binary(max_size=8)) + raw[at + draw(st.integers(0, 16)) :]


@given(st.one_of(_damaged(), st.text(max_size=200)))
def test_texts(text: str) -> None:
    """Sizes that come out are never negative, and free never exceeds total."""
    for gpu in (*nvidia.parse_nvml(text), *registry.parse_adapters(text)):
        assert 0 <= gpu.own_free_bytes <= gpu.own_bytes
    found = darwin.hardware(text, 1 << 30, 1 << 33)
    assert found.ram_bytes >= 0
    assert all(0 < gpu.memory_bytes <= found.ram_bytes for gpu in found.gpus)
    assert found.decode_threads >= 1
    bandwidth = dmi.bandwidth_gbps(dmi.parse_udev(text))
    assert bandwidth is None or bandwidth > 0
    assert isinstance(drm.parse_amd_name(text, 1, 1), str)
    assert isinstance(linux.parse_cpuinfo(text).name, str)
    assert all(isinstance(size, int) for size in linux.parse_meminfo(text).values())
    assert isinstance(reconcile.backends(text), frozenset)


@given(st.one_of(_damaged_raw(), st.binary(max_size=200)))
def test_bytes(raw: bytes) -> None:
    """Records that lie about their length end the reading, not the program."""
    for core in windows.parse_cores(raw):
        assert all(number >= 0 for number in core.processors)
    for module in dmi.parse_smbios(raw):
        assert module.width_bits > 0
        assert module.transfers_mts > 0
