"""Every command with its keys, as the reader has them, on one page that can be searched."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult, RenderResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Static

from localchat.ui.commands import GROUPS, keys
from localchat.ui.commands.command import Command

_KEYS_CELLS = 20
_SLASH_CELLS = 16
_WIDE_CELLS = 70


class HelpScreen(ModalScreen[None]):
    """Shows commands; what is typed is searched for."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1", "dismiss", "Close"),
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
        Binding("pagedown", "scroll(10)", show=False),
    ]

    def __init__(self, every: Sequence[Command]) -> None:
        super().__init__()
        self._search = Input(placeholder="Search keys and commands", compact=True)
        self._page = VerticalScroll()
        self._page.can_focus = False
        self._table = KeyTable(every)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield self._search
            with self._page:
                yield self._table
            yield Static("↑↓ scroll · Esc closes this page", id="foot", markup=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what fits."""
        self._table.wanted = event.value
        self._page.scroll_home(animate=False)

    def action_scroll(self, lines: int) -> None:
        """Scroll the page while the search has the focus."""
        self._page.scroll_relative(y=lines, animate=False)


class KeyTable(Widget):
    """Commands under their headings: keys, what they do, and the word after a slash."""

    wanted: reactive[str] = reactive("", layout=True)

    def __init__(self, every: Sequence[Command]) -> None:
        super().__init__()
        self._every = tuple(every)

    def render(self) -> RenderResult:
        """Draw the table."""
        return Content("\n").join(self._lines(self.size.width))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Count the lines of the table."""
        del container, viewport
        return sum(1 for _ in self._lines(width))

    def _lines(self, width: int) -> Iterator[Content]:
        fitting = tuple(each for each in self._every if _fits(each, self.wanted))
        if not fitting:
            yield Content.styled("No command is called that, and none does it.", "$warning")
        for group in GROUPS:
            those = [each for each in fitting if each.group == group]
            if those:
                yield Content.styled(group, "bold $primary")
                for command in those:
                    yield from _row(command, width)
                yield Content("")


def _fits(command: Command, wanted: str) -> bool:
    told = " ".join([command.title, command.help, command.group, _keys(command), _slash(command)])
    return all(word in told.casefold() for word in wanted.casefold().split())


def _row(command: Command, width: int) -> Iterator[Content]:
    is_wide = width >= _WIDE_CELLS
    key, slash = _keys(command), _slash(command)
    if not key:
        key, slash = slash, ""
    keys_cells = _KEYS_CELLS if is_wide else width // 3
    help_cells = max(10, width - keys_cells - 3 - (_SLASH_CELLS if is_wide else 0))
    told = command.help if is_wide or not slash else f"{command.help} ({slash})"
    left = textwrap.wrap(key, keys_cells) or [""]
    middle = textwrap.wrap(told, help_cells) or [""]
    for number in range(max(len(left), len(middle))):
        yield Content.assemble(
            "  ",
            _cell(left, number, keys_cells),
            (_cell(middle, number, help_cells + 1), "$foreground-muted"),
            slash if is_wide and number == 0 else "",
        )


def _cell(lines: Sequence[str], number: int, cells: int) -> str:
    return (lines[number] if number < len(lines) else "").ljust(cells)


def _keys(command: Command) -> str:
    shown = [keys.spoken(key) for key in command.keys]
    if len(shown) > 3 and _are_in_a_row(command.keys):
        return f"{shown[0]} to {shown[-1]}"
    return ", ".join(shown)


def _are_in_a_row(every: Iterable[str]) -> bool:
    return all(key.isdigit() for key in every)


def _slash(command: Command) -> str:
    if not command.words:
        return ""
    return f"/{command.words[0]} {command.argument}".rstrip()
