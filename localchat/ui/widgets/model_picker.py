"""The list of models with a search, a filter and an order."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from localchat.ui import commands, shelf, wording
from localchat.ui.shelf import Arrangement, Entry
from localchat.ui.widgets.model_list import ModelList, Rows


class ModelPicker(Vertical):
    """Says what is shown and in which order, above the rows."""

    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("picker")

    def __init__(self) -> None:
        super().__init__()
        self._all: tuple[Entry, ...] = ()
        self._loaded: Path | None = None
        self._wanted = Arrangement()
        self._folder = ""
        self._search = Input(placeholder="A name, a family, a use", id="search", compact=True)
        self._summary = Static("", id="arrangement", markup=False)
        self._list = ModelList()

    def compose(self) -> ComposeResult:
        yield self._summary
        yield self._search
        yield self._list

    def name_of(self, path: Path) -> str:
        """Name the model in this file; by the file's name when it is not in the list."""
        entry = shelf.find(self._all, path)
        return entry.title if entry else wording.model_name(path.name, is_guide=False)

    def show(self, entries: Sequence[Entry], loaded: Path | None, folder: Path) -> None:
        """Show these entries, as they are wanted; files of one's own come from `folder`."""
        self._all, self._loaded = tuple(entries), loaded
        has_own = any(each.local and not each.local.is_guide for each in entries)
        asks = "your models" if has_own else "put .gguf files into"
        self._folder = f"{asks}: {wording.short_path(folder)}"
        self._arrange(self._wanted)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Esc leaves the search while there is one; elsewhere it has other meanings."""
        del parameters
        return action != "leave_search" or self.has_class("-searching")

    def action_search(self) -> None:
        """Search, as one types."""
        self.add_class("-searching")
        self._search.focus()

    def action_leave_search(self) -> None:
        """Forget what was searched for."""
        self.remove_class("-searching")
        self._search.value = ""
        self.query_one(Rows).focus()

    def action_filter(self) -> None:
        """Show the next selection of models."""
        self._arrange(replace(self._wanted, show=shelf.next_show(self._wanted.show)))

    def action_sort(self) -> None:
        """Sort by the next thing."""
        self._arrange(replace(self._wanted, order=shelf.next_order(self._wanted.order)))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what was found so far."""
        event.stop()
        self._arrange(replace(self._wanted, search=event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to what was found."""
        event.stop()
        self.query_one(Rows).focus()

    @property
    def shown(self) -> tuple[Entry, ...]:
        """The entries that are wanted, in the order wanted."""
        return shelf.arrange(self._all, self._wanted)

    def _arrange(self, wanted: Arrangement) -> None:
        self._wanted = wanted
        shown = self.shown
        self._list.show(shown, self._loaded)
        self._summary.update(_summary(len(shown), len(self._all), wanted, self._folder))


def _summary(shown: int, of: int, wanted: Arrangement, folder: str) -> Content:
    models = f"{shown} of {of}" if shown < of else wording.count(of, "model")
    order = "recommendation" if wanted.order == "recommended" else wanted.order
    return Content.assemble(
        (models, "$foreground-muted" if shown else "bold $warning"),
        (f" · {wanted.show}" if wanted.show != "all models" else "", "bold $accent"),
        (" · by ", "$foreground-muted"),
        (order, "bold $accent" if wanted.order != "recommended" else "$foreground-muted"),
        (f" · {folder}", "$foreground-muted"),
    )
