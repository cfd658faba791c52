"""One setting to look at and change: its name, a field, and what it does or what is wrong."""

from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Select, Static, TextArea

from localchat import errors, sanitize
from localchat.engine import schemas
from localchat.ui import setting_rows
from localchat.ui.setting_rows import Row

_LONG = ("system",)
_MOST_CHARACTERS = 100_000


class SettingField(Vertical):
    """A row of the panel."""

    def __init__(self, row: Row, text: str, usual: str = "", *, is_known: bool = True) -> None:
        super().__init__()
        self.row = row
        self._is_known = is_known
        self._field = _field(row, _shown(row, text), usual)
        self._given = text
        """What the field was given; it may hold what cannot be shown."""
        self._help = Static("", classes="help", markup=False)

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static(Content(self.row.name), classes="name", markup=False)
            yield self._field
        yield self._help

    def on_mount(self) -> None:
        """Say what it does."""
        self._explain()

    @property
    def text(self) -> str:
        """What is written or chosen."""
        if isinstance(self._field, TextArea):
            return self._field.text
        if isinstance(self._field, Select):
            return str(self._field.value)
        return self._field.value

    @text.setter
    def text(self, text: str) -> None:
        self._given, shown = text, _shown(self.row, text)
        if isinstance(self._field, TextArea):
            self._field.text = shown
        else:
            self._field.value = shown
        self._explain()

    def value(self) -> Any:
        """Read what is written; where that cannot be, say so, and raise ValueError."""
        try:
            return self._read()
        except ValueError as error:
            self._explain(f"This must be {error}.")
            raise

    def take_focus(self) -> None:
        """Let the reader write here."""
        self._field.focus()
        self.scroll_visible(animate=False)

    def on_input_changed(self) -> None:
        """Take the complaint back while it is mended."""
        self._explain()

    def on_select_changed(self) -> None:
        """Say what the choice means."""
        self._explain()

    def on_descendant_focus(self, _: events.DescendantFocus) -> None:
        """Keep what it does in view."""
        self.scroll_visible(animate=False)

    def _read(self) -> Any:
        # What was not touched stays as it was, signs that cannot be shown included.
        text = self._given if self.text == _shown(self.row, self._given) else self.text
        if self.row.key != setting_rows.SCHEMA:
            return setting_rows.parsed(self.row.key, text)
        text = text.strip()
        if text:
            try:
                schemas.compiled(text)
            except errors.UsageError as error:
                raise ValueError(f"a JSON schema: {error.message}".rstrip(".")) from error
        return text

    def _explain(self, wrong: str = "") -> None:
        self.set_class(bool(wrong), "-wrong")
        if wrong:
            words = sanitize.line(wrong)
        elif not self._is_known:
            words = f"{self.row.help} The model in memory does not know this."
        else:
            meaning = self.row.choices.get(self.text, "")
            words = f"{self.row.help} {self.text}: {meaning}." if meaning else self.row.help
        self._help.update(words)


def _field(row: Row, text: str, usual: str) -> Input | Select[str] | TextArea:
    if row.choices:
        options = [(name, name) for name in row.choices]
        return Select(options, value=text, allow_blank=False, compact=True)
    if row.key in _LONG:
        return TextArea(
            text, soft_wrap=True, show_line_numbers=False, compact=True,
            tab_behavior="focus", highlight_cursor_line=False,
        )  # fmt: skip
    return Input(text, placeholder=usual, compact=True)


def _shown(row: Row, text: str) -> str:
    return sanitize.text(text) if row.key in _LONG else sanitize.line(text, _MOST_CHARACTERS)
