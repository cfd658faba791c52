"""NVIDIA's GPUs, through their driver's management library. The only room that knows NVML."""

from pathlib import Path

from localchat.machine import deadline
from localchat.machine.files import exists, names, read, whole_number
from localchat.machine.systemgpu import SystemGpu

_SECONDS = 0.3
"""A driver that nothing keeps awake takes seconds to start; its cards are then known by name."""
_SHARED = "-"
_UNKNOWN = "?"
_SIGNS = (
    "proc/driver/nvidia/version",
    "dev/nvidiactl",
    "usr/lib/wsl/lib/libnvidia-ml.so.1",
    "Windows/System32/nvml.dll",
)


def is_installed(root: Path = Path("/")) -> bool:
    """Tell whether the driver is here."""
    return any(exists(root / sign) for sign in _SIGNS)


def read_nvml() -> str:
    """Ask NVML for every GPU: name, total and free bytes, a tab between them, one GPU a line.

    Empty when there is none, no driver, or no answer in time.
    """
    return deadline.within(_SECONDS, _ask, "")


def parse_nvml(text: str) -> tuple[SystemGpu, ...]:
    """Read what `read_nvml` wrote. A GPU without memory of its own shares the computer's.

    >>> parse_nvml("NVIDIA GB10\\t-\\t-\\n")[0].is_integrated
    True
    """
    found = []
    for line in text.splitlines():
        fields = line.split("\t")
        if len(fields) != 3 or not fields[0].strip():
            continue
        total = max(0, whole_number(fields[1]) or 0)
        found.append(
            SystemGpu(
                vendor="nvidia",
                name=fields[0].strip(),
                worthwhile=True,
                is_integrated=fields[1] == _SHARED,
                own_bytes=total,
                own_free_bytes=min(total, max(0, whole_number(fields[2]) or 0)),
            )
        )
    return tuple(found)


def from_proc(root: Path) -> tuple[SystemGpu, ...]:
    """List the GPUs that the kernel module shows on Linux: their names alone."""
    folder = root / "proc/driver/nvidia/gpus"
    models = [parse_information(read(folder / name / "information")) for name in names(folder)]
    return tuple(SystemGpu("nvidia", model, True) for model in models)


def parse_information(text: str) -> str:
    """Read the card's name in /proc/driver/nvidia/gpus/*/information."""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "Model" and value.strip():
            return value.strip()
    return "NVIDIA GPU"


def _ask() -> str:
    try:
        # Takes 80 ms, and most computers do not need it.
        import pynvml
    except ImportError:
        return ""
    try:
        pynvml.nvmlInit()
    except (pynvml.NVMLError, OSError, AttributeError):
        return ""
    lines = []
    try:
        for number in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(number)
            name = pynvml.nvmlDeviceGetName(handle)
            shown = name.decode("utf-8", errors="replace") if isinstance(name, bytes) else str(name)
            lines.append(f"{' '.join(shown.split())}\t{_memory(handle)}")
    except (pynvml.NVMLError, OSError, AttributeError):
        pass
    return "\n".join(lines)


def _memory(handle: object) -> str:
    import pynvml

    try:
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    except pynvml.NVMLError as error:
        # GPUs that share main memory have no figure of their own; another fault tells nothing.
        shared = error.value == pynvml.NVML_ERROR_NOT_SUPPORTED
        return f"{_SHARED if shared else _UNKNOWN}\t{_UNKNOWN}"
    return f"{int(memory.total)}\t{int(memory.free)}"
