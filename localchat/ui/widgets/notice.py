"""Something the program has to say inside a conversation: what went wrong, or what changed."""

from textual.content import Content
from textual.widgets import Static

from localchat import errors, sanitize
from localchat.engine import wire
from localchat.ui import wording


class Notice(Static):
    """A sentence, what to do next, and more that a click unfolds."""

    def __init__(
        self, message: str, hint: str = "", *, tone: str = "error", details: str = ""
    ) -> None:
        self._lines = [Content(sanitize.line(message, 1000))]
        if hint:
            self._lines.append(Content.styled(sanitize.line(hint, 1000), "$foreground-muted"))
        self._details = sanitize.text(details)
        self._is_unfolded = False
        super().__init__(self._content(), classes=f"-{tone}", markup=False)

    @classmethod
    def of_error(cls, error: errors.LocalchatError) -> "Notice":
        """Show an error as the core tells it."""
        return cls(error.message, error.hint)

    def on_click(self) -> None:
        """Fold or unfold the details."""
        if self._details:
            self._is_unfolded = not self._is_unfolded
            self.update(self._content())

    def _content(self) -> Content:
        if not self._details:
            return Content("\n").join(self._lines)
        mark = "▾ " if self._is_unfolded else "▸ "
        lines = [Content(mark) + self._lines[0], *self._lines[1:]]
        if self._is_unfolded:
            lines.append(Content.styled(self._details, "$foreground-muted"))
        return Content("\n").join(lines)


class ModelIntro(Static):
    """Which model answers from here on, with what its load had to change."""

    def __init__(self, loaded: wire.Loaded, *, is_guide: bool) -> None:
        lines = [
            Content.styled(wording.model_name(loaded.name, is_guide=is_guide), "bold"),
            Content.styled(wording.model_facts(loaded), "$foreground-muted"),
        ]
        if is_guide:
            lines.append(Content(wording.ABOUT_GUIDE))
            lines.append(Content.styled(wording.GUIDE_QUESTIONS, "$foreground-muted"))
        lines += [
            Content.assemble(("! ", "$warning bold"), sanitize.line(note)) for note in loaded.notes
        ]
        super().__init__(Content("\n").join(lines), markup=False)
