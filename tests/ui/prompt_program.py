"""The prompt alone as a program: `prompt_program.py FOLDER`; it shows what it is told."""

import sys
from pathlib import Path

from textual import on

from localchat.ui import copying
from localchat.ui.widgets.prompt_box import PromptBox
from tests.ui.prompts import PromptApp


class _Program(PromptApp):
    """Writes under the prompt what was sent, and how often a clock of its own has ticked."""

    def on_ready(self) -> None:
        """Begin the clock."""
        self._ticks = 0
        self.set_interval(0.05, self._tick)

    def _tick(self) -> None:
        self._ticks += 1
        sent = " | ".join(repr(draft.text) for draft in self.sent)
        self.box.styles.border = ("round", "red")
        self.box.border_title = f"sent {sent}"
        self.box.border_subtitle = f"ticks {self._ticks // 20} s"

    @on(PromptBox.Slash)
    async def _copy(self, event: PromptBox.Slash) -> None:
        """Copy what follows /rename."""
        await copying.copy(self, event.argument, "It")


if __name__ == "__main__":
    _Program(Path(sys.argv[1])).run()
