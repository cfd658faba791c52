"""The prompt alone as a program: `prompt_program.py FOLDER`; it shows what it is told.

The file `ticks` in the folder says how often a clock of its own has ticked.
"""

import sys
from pathlib import Path

from textual import on

from localchat.ui import copying
from localchat.ui.widgets.prompt_box import PromptBox
from tests.ui.prompts import PromptApp


class _Program(PromptApp):
    """Writes above the prompt what was sent."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._clock = folder / "ticks"

    def on_ready(self) -> None:
        """Begin the clock."""
        self._ticks = 0
        self._tick()
        self.set_interval(0.05, self._tick)

    def _tick(self) -> None:
        self._ticks += 1
        sent = " | ".join(repr(draft.text) for draft in self.sent)
        self.box.styles.border = ("round", "red")
        self.box.border_title = f"sent {sent}"
        self._clock.write_text(f"{self._ticks}\n")

    @on(PromptBox.Slash)
    async def _copy(self, event: PromptBox.Slash) -> None:
        """Copy what follows /rename."""
        await copying.copy(self, event.argument, "It")


if __name__ == "__main__":
    _Program(Path(sys.argv[1])).run()
