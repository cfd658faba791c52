"""Something the program has to say inside a conversation: what went wrong, or what changed."""

from textual.content import Content
from textual.widgets import Static

from localchat import errors, sanitize
from localchat.engine import wire
from localchat.ui import wording


class Notice(Static):
    """A sentence, and what to do next."""

    def __init__(self, message: str, hint: str = "", *, classes: str = "-error") -> None:
        lines = [Content(sanitize.line(message, 1000))]
        if hint:
            lines.append(Content.styled(sanitize.line(hint, 1000), "$foreground-muted"))
        super().__init__(Content("\n").join(lines), classes=classes, markup=False)

    @classmethod
    def of_error(cls, error: errors.LocalchatError) -> "Notice":
        """Show an error as the core tells it."""
        return cls(error.message, error.hint)


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
