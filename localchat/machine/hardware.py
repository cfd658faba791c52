"""The machine as a value: what the rest of the program knows about this computer."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from localchat import units

Environment = Literal["", "container", "wsl"]
"""What stands between this process and the real computer, where that is known."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A device that can run layers of a model."""

    name: str
    """As its maker calls it, such as "NVIDIA GeForce RTX 4090"."""
    backend: str
    """"metal", "cuda", "rocm", "vulkan" or "sycl": what runs it, or would. The engine may know
    others, such as "opencl"."""
    memory_bytes: int
    """What the engine may use at most: VRAM, or Metal's working set."""
    free_bytes: int
    """Of it, what no other program uses now."""
    is_integrated: bool = False
    """It shares main memory with the processor."""
    carved_out_bytes: int = 0
    """Of its memory, what the firmware took from main memory, so that `ram_bytes` lacks it."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """A computer's processor and memory, and how much of them this process may use."""

    os: str
    """"linux", "darwin", "windows", or what Python calls another system."""
    cpu: str
    """The processor's name; empty when it cannot be found out."""
    performance_cores: int
    """Physical; all cores count where a processor has only one kind."""
    efficiency_cores: int
    ram_bytes: int
    """What this process can have at most: container limits count. 0 when unknown."""
    available_ram_bytes: int
    """Free now, or freed by the system on demand, within the container's limit."""
    usable_threads: int
    """Logical processors within the affinity mask and the CPU quota."""
    usable_cores: int
    """Physical performance cores within the affinity mask; efficiency cores when it has no other.
    """
    name: str = ""
    """What a person calls the machine, where a profile says it."""
    gpus: tuple[Gpu, ...] = ()
    """The GPUs that the engine can use, or that the system shows where no engine was asked."""
    unified_memory: bool = False
    """GPU and processor share one memory, so that each byte counts once."""
    memory_bandwidth_gbps: float | None = None
    """Of main memory, in 10^9 bytes a second; None when not known."""
    environment: Environment = ""
    swap_bytes: int = 0
    """Swap space in all; a model that ends up there is as good as stuck."""

    @property
    def decode_threads(self) -> int:
        """How many threads generate best: one a performance core, never more than allowed.

        Decoding waits for memory, so a second thread on a core adds nothing, and the slowest
        core sets the pace of all.

        >>> laptop = Hardware("linux", "x", 6, 8, 0, 0, usable_threads=20, usable_cores=6)
        >>> laptop.decode_threads
        6
        """
        return max(1, min(self.usable_cores, self.usable_threads))

    @property
    def summary(self) -> str:
        """The machine in one line.

        >>> air = Hardware("darwin", "Apple M2", 4, 4, 16 * units.GIB, 8 * units.GIB, 8, 4)
        >>> air.summary
        'Apple M2, 4+4 cores, 16.00 GiB memory, 8.00 GiB available'
        >>> card = Gpu("RTX 3090", "cuda", 24 * units.GIB, 23 * units.GIB)
        >>> Hardware("linux", "x", 8, 0, 0, 0, 16, 8, gpus=(card, card)).summary
        'x, 8 cores, 2 x RTX 3090 24.00 GiB'
        """
        cores = str(self.performance_cores)
        if self.efficiency_cores:
            cores += f"+{self.efficiency_cores}"
        plural = "" if cores == "1" else "s"
        parts = [self.cpu or "unknown processor", f"{cores} core{plural}"]
        if self.ram_bytes:
            parts.append(f"{units.human_bytes(self.ram_bytes)} memory")
            parts.append(f"{units.human_bytes(self.available_ram_bytes)} available")
        return ", ".join((*parts, *self._gpus_in_words()))

    def _gpus_in_words(self) -> tuple[str, ...]:
        """Name the GPUs with their memory, equal ones together."""
        words = []
        for gpu in self.gpus:
            name = "GPU" if gpu.name == self.cpu else gpu.name
            of_ram = "up to " if gpu.is_integrated else ""
            words.append(f"{name} {of_ram}{units.human_bytes(gpu.memory_bytes)}")
        counts = Counter(words)
        return tuple(f"{n} x {each}" if n > 1 else each for each, n in counts.items())
