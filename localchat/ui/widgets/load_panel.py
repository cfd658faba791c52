"""How far a model is with loading, or why it could not be loaded; stays until it is read."""

from textual.content import Content
from textual.widgets import Static

from localchat import errors, sanitize
from localchat.engine import wire
from localchat.ui import wording
from localchat.ui.widgets import gauge

_BAR_CELLS = 32


class LoadPanel(Static):
    """One load at a time."""

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self._label = ""

    def begin(self, name: str) -> None:
        """Say that a load has begun."""
        self._label = sanitize.line(name, 60)
        self._draw("starting the engine", 0.0)

    def show(self, progress: wire.Progress) -> None:
        """Show how far it is."""
        done = progress.done / progress.total if progress.total else 0.0
        self._draw(wording.loading(progress), done)

    def fail(self, error: errors.LocalchatError) -> None:
        """Say why there is no model."""
        lines = [
            Content.styled(f"{self._label} could not be loaded", "bold $text-error"),
            Content(sanitize.line(error.message, 1000)),
        ]
        if error.hint:
            lines.append(Content.styled(sanitize.line(error.hint, 1000), "$foreground-muted"))
        self.update(Content("\n").join(lines))

    def _draw(self, stage: str, done: float) -> None:
        filled, rest = gauge.bar(done, _BAR_CELLS)
        self.update(
            Content.assemble(
                (f"Loading {self._label}\n", "bold"),
                (filled, "$primary on $panel"),
                (rest, "on $panel"),
                ("  " + stage, ""),
                ("\nEsc stops it", "$foreground-muted"),
            )
        )
