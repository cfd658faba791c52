"""The topmost line of the models screen: which machine this is, and what it has."""

from collections.abc import Iterator

from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive

from localchat import sanitize
from localchat.fit import budget
from localchat.machine.hardware import Gpu, Hardware
from localchat.ui import wording
from localchat.ui.widgets.download_note import NotesDownloads

_NAME = "localchat"


class MachineBar(NotesDownloads):
    """The program's name, and the machine at the right edge."""

    hardware: reactive[Hardware | None] = reactive(None)
    is_simulated: reactive[bool] = reactive(False)

    def render(self) -> RenderResult:
        """Draw one line with as many facts as fit."""
        name = Content.styled(_NAME, "bold $primary") + self.drawn_note
        if self.hardware is None:
            return name
        if self.is_simulated:
            name += Content.styled("  simulated machine", "bold $warning")
        facts = machine_line(self.hardware, self.size.width - name.cell_length - 3)
        gap = self.size.width - name.cell_length - facts.cell_length
        return Content.assemble(name, " " * max(0, gap), facts)


def machine_line(hardware: Hardware, width: int) -> Content:
    """Describe a machine in one line of at most `width` cells: memory matters most."""
    for facts in _by_importance(hardware):
        line = Content.styled(" · ".join(fact for fact in facts if fact), "$foreground-muted")
        if line.cell_length <= width:
            break
    return line.truncate(max(0, width), ellipsis=True)


def _by_importance(hardware: Hardware) -> Iterator[tuple[str, ...]]:
    cpu = sanitize.line(hardware.cpu, 40) or "unknown processor"
    who = sanitize.line(hardware.name, 40) or cpu
    short_ram = f"{wording.gib(hardware.ram_bytes)} GiB"
    ram = f"{short_ram} {'unified memory' if hardware.unified_memory else 'RAM'}"
    free = f"{wording.gib(hardware.available_ram_bytes)} GiB available"
    own = budget.discrete_gpus(hardware)
    gpus = " + ".join(_gpu(gpu) for gpu in own)
    limit = ""
    if hardware.unified_memory:
        limit = f"GPU may use {wording.gib(hardware.gpus[0].memory_bytes)} GiB"
    elif not own:
        limit = "no GPU" if not hardware.gpus else "integrated GPU"
    bandwidth = ""
    if hardware.memory_bandwidth_gbps:
        bandwidth = f"{hardware.memory_bandwidth_gbps:.0f} GB/s"
    chip = cpu if cpu.lower() not in who.lower() else ""
    yield who, chip, _cores(hardware), gpus, limit, ram, bandwidth, free
    yield who, _cores(hardware), gpus, limit, ram, free
    yield who, gpus, limit, ram, free
    yield who, gpus, ram, free
    yield who, short_ram, free
    yield short_ram, free


def _gpu(gpu: Gpu) -> str:
    return f"{sanitize.line(gpu.name, 30)} {wording.gib(gpu.memory_bytes)} GiB"


def _cores(hardware: Hardware) -> str:
    cores = str(hardware.performance_cores)
    if hardware.efficiency_cores:
        cores += f"+{hardware.efficiency_cores}"
    return f"{cores} core{'' if cores == '1' else 's'}"
