"""The keys of the moment, the most useful of them where there is not room for all."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from textual.app import ComposeResult
from textual.dom import DOMNode
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

_SPACES = 3
"""Around a key and after its words."""


@runtime_checkable
class Entitled(Protocol):
    """A widget that knows better than the list of commands what a key does just now."""

    def footer_title(self, command_id: str) -> str:
        """Say what the key of a command does; empty where it is as usual."""


class KeyFooter(Footer):
    """Shows whole keys only: none is cut at the edge. F1 tells all of them."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)
        self._cells = 0

    def compose(self) -> ComposeResult:
        self._cells = self.app.size.width - self.gutter.width
        shown = {each.binding.action: each for each in self.screen.active_bindings.values()}
        keys = [key for key in super().compose() if isinstance(key, FooterKey)]
        for key in keys:
            active = shown[key.action]
            key.description = _title(active.node, active.binding.id or "") or key.description
        kept = _fitting(keys, self._cells)
        self.styles.grid_size_columns = len(kept)
        yield from kept

    def on_resize(self) -> None:
        """Choose anew where there is more room, or less."""
        if self._cells != self.app.size.width - self.gutter.width:
            self.call_after_refresh(self.recompose)


def _title(node: DOMNode, command_id: str) -> str:
    for each in (node, *node.ancestors):
        if isinstance(each, Entitled) and (title := each.footer_title(command_id)):
            return title
    return ""


def _fitting(keys: Sequence[FooterKey], cells: int) -> list[FooterKey]:
    """Keep help and the way back, then one after the other as long as there is room."""
    first = {"help": 0, "escape": 1}
    ranks = [first.get(key.action, first.get(key.key, 2)) for key in keys]
    kept: set[int] = set()
    for at in sorted(range(len(keys)), key=lambda at: (ranks[at], at)):
        taken = len(keys[at].key_display) + len(keys[at].description) + _SPACES
        if taken <= cells:
            kept.add(at)
            cells -= taken
    return [key for at, key in enumerate(keys) if at in kept]
