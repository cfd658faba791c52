"""How one chat is answered: every setting with what it does, and personas to take or to keep."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Select, Static

from localchat import errors, sanitize
from localchat.chat import personas
from localchat.chat.personas import Persona
from localchat.chat.settings import ChatSettings
from localchat.engine import wire
from localchat.ui import commands, setting_rows, toasts
from localchat.ui.commands import keys
from localchat.ui.screens.ask import AskScreen
from localchat.ui.setting_rows import Row
from localchat.ui.widgets.setting_fields import SettingField

_NONE = ""


class ChatSettingsScreen(ModalScreen[ChatSettings | None]):
    """Gives the settings as they were changed; None when the reader went back."""

    CSS_PATH = "chat_settings.tcss"
    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("settings")

    def __init__(
        self,
        current: ChatSettings,
        usual: ChatSettings,
        folder: Path,
        loaded: wire.Loaded | None = None,
    ) -> None:
        """`usual` are the settings of new chats, `folder` that of the personas."""
        super().__init__()
        self._current = current
        self._usual = usual
        self._folder = folder
        self._known, self._problems = personas.read(folder)
        self._loaded = loaded
        self._about = Static("", classes="help", markup=False)
        self._fields: dict[str, SettingField] = {}

    def compose(self) -> ComposeResult:
        # Made here and not before: fields with a text in them want the app around them.
        self._fields = {row.key: self._field(row) for row in setting_rows.ROWS}
        with Vertical(id="dialog"):
            yield Static(Content.styled("How this chat is answered", "bold"), id="title")
            with VerticalScroll():
                with Vertical(id="persona"):
                    with Horizontal():
                        yield Static("Persona", classes="name")
                        yield _chooser(self._known, self._current.persona)
                    yield self._about
                yield from self._fields.values()
            yield Static(_foot(), id="keys")

    def on_mount(self) -> None:
        """Begin with the persona; say which of them could not be read."""
        self._describe()
        self._persona.focus()
        for problem in self._problems:
            toasts.tell(self, problem, "warning")

    @on(Select.Changed, "#persona Select")
    def _take(self, event: Select.Changed) -> None:
        event.stop()
        self._describe()
        name = str(self._persona.value)
        if name == self._current.persona:
            return
        chosen = self._usual
        if name != _NONE:
            chosen = personas.apply(personas.find(name, self._known), self._usual)
        self._current = dataclasses.replace(chosen, persona=name)
        for key, field in self._fields.items():
            if key != setting_rows.SCHEMA:
                field.text = setting_rows.shown(chosen, key)

    @property
    def _persona(self) -> Select[str]:
        return self.query_one("#persona Select", Select)

    def _field(self, row: Row) -> SettingField:
        variables = self._loaded.template_variables if self._loaded else None
        sampling = self._loaded.sampling if self._loaded else None
        return SettingField(
            row,
            setting_rows.shown(self._current, row.key),
            setting_rows.usual(row.key, sampling),
            is_known=setting_rows.is_known(row, variables),
        )

    def _describe(self) -> None:
        found = [each for each in self._known if each.name == self._persona.value]
        words = found[0].about if found else "A way to answer, under a name; none is as you set it."
        self._about.update(words)

    def action_save(self) -> None:
        """Answer like this from now on."""
        chosen = self._chosen()
        if chosen is not None:
            self.dismiss(chosen)

    @work(exclusive=True, group="ask")
    async def action_keep(self) -> None:
        """Keep these settings under a name, for other chats too."""
        chosen = self._chosen()
        if chosen is None:
            return
        question = AskScreen("Keep as a persona called", str(self._persona.value))
        name = await self.app.push_screen_wait(question)
        if not name:
            return
        try:
            made = personas.of_settings(name, chosen, self._usual)
            kept = personas.save(self._folder, made)
        except errors.SettingsError as error:
            toasts.tell(self, error.message, "error")
            return
        toasts.tell(self, f"Kept as {kept.name}")
        self.dismiss(dataclasses.replace(chosen, persona=kept.name))

    def action_leave(self) -> None:
        """Change nothing."""
        self.dismiss(None)

    def _chosen(self) -> ChatSettings | None:
        """Read every field; None, with the cursor at the first that cannot be, where one cannot."""
        chosen, wrong = self._current, []
        for key, field in self._fields.items():
            try:
                value = field.value()
            except ValueError:
                wrong.append(field)
                continue
            if key == setting_rows.SCHEMA:
                chosen = dataclasses.replace(chosen, json_schema=value)
            else:
                chosen = personas.with_value(chosen, key, value)
        if wrong:
            wrong[0].take_focus()
            return None
        return chosen


def _chooser(known: Sequence[Persona], name: str) -> Select[str]:
    names = [each.name for each in known]
    # A chat may have the persona of another computer, or one that was deleted.
    names += [name] if name and name not in names else []
    options = [("none", _NONE), *((sanitize.line(each, 60), each) for each in names)]
    return Select(options, value=name, allow_blank=False, compact=True)


def _foot() -> Content:
    pieces = []
    for command_id in ("settings.save", "settings.keep", "settings.leave"):
        command = commands.by_id(command_id)
        pieces.append(
            Content.assemble((keys.spoken(command.keys[0]), "bold $primary"), f" {command.title}")
        )
    return Content("    ").join(pieces)
