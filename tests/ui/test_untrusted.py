"""Text of others on screen: whatever it is, the terminal obeys none of it."""

import asyncio
import dataclasses
import functools
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.color import Color

from localchat import errors
from localchat.chat import events, messages, records, tree
from localchat.chat.drafts import Draft
from localchat.chat.settings import ChatSettings
from localchat.engine import wire
from localchat.fit import budget, plan
from localchat.hub.queue import Download
from localchat.library.values import DownloadProgress, Phase, RemoteFile
from localchat.models.folder import LocalModel
from localchat.ui import (
    explaining,
    grid,
    markdown_blocks,
    markdown_layout,
    setting_rows,
    wording,
)
from localchat.ui.feed import Entry as Said
from localchat.ui.gate import ControlGate
from localchat.ui.prompt_files import Attachment
from localchat.ui.shelf import Entry
from localchat.ui.widgets import download_words
from localchat.ui.widgets.answer import AnswerView
from localchat.ui.widgets.attachments import AttachmentRow
from localchat.ui.widgets.bars import TopBar
from localchat.ui.widgets.chat_list import ChatList
from localchat.ui.widgets.chat_preview import ChatPreview
from localchat.ui.widgets.download_list import DownloadList
from localchat.ui.widgets.fit_details import FitDetails
from localchat.ui.widgets.fit_grid import FitGrid
from localchat.ui.widgets.load_panel import LoadPanel
from localchat.ui.widgets.machine_bar import MachineBar
from localchat.ui.widgets.model_picker import ModelPicker
from localchat.ui.widgets.notice import Notice
from localchat.ui.widgets.setting_fields import SettingField
from localchat.ui.widgets.user_message import QueuedMessage, UserMessage
from tests.ui import hostile, hosts

_STOP_ROW = next(row for row in setting_rows.ROWS if row.key == setting_rows.STOP)


class _Wall(App[None]):
    """Every widget that shows text of others, side by side."""

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield MachineBar()
        yield ModelPicker()
        yield FitGrid()
        yield FitDetails(id="choice")
        yield FitDetails(id="model")
        yield LoadPanel()
        yield ChatList()
        yield ChatList()
        yield ChatPreview()
        yield SettingField(_STOP_ROW, "")
        yield DownloadList()
        yield AttachmentRow()

    async def show(self, text: str) -> str:
        """Put the text everywhere and return what the terminal would be sent."""
        await self.query("UserMessage, Notice, AnswerView, QueuedMessage").remove()
        said = _message(text)
        live = dataclasses.replace(said, role="assistant", parts=(), is_streaming=True)
        view = AnswerView(Said(live, is_live=True))
        asked = UserMessage(Said(said, versions=2))
        await self.mount(
            asked,
            Notice(text, text, details=text),
            QueuedMessage(Draft(text, said.files)),
            view,
        )
        stats = wire.Stats(tokens=3, note=text)
        view.take(events.Sent(wire.Prompt(1, 1, 0, 10, notes=(text,))))
        view.take(events.Said("reasoning", text, stats))
        view.take(events.Said("answer", text, stats))
        view.flush()
        view.toggle_thoughts()
        streamed = await self._drawn()
        ended = dataclasses.replace(said, role="assistant", stats=stats, ending="error", error=text)
        view.set_entry(Said(ended))
        for each in (asked, view):
            each.choose(True)
        self.query_one(Notice).on_click()
        self.query_one(TopBar).subject = text
        self._show_models(text)
        self._show_chats(text)
        await self._show_downloads(text)
        panel = self.query_one(LoadPanel)
        panel.begin(text)
        panel.fail(errors.BadModel(text, text))
        return streamed + await self._drawn()

    def _show_models(self, text: str) -> None:
        path = hosts.MODELS[1].path
        broken = Entry(LocalModel(path.with_name("broken"), text, 1, text, text, problem=text))
        known = hosts.read_candidate(hosts.MODELS[1])
        assert known is not None
        hostile = dataclasses.replace(known, label=text, title=text, architecture=text)
        machine = dataclasses.replace(hosts.MACHINE, name=text, cpu=text)
        limits = budget.of(machine)
        planned = plan.plan((hostile,), machine, limits)
        best = planned.nearest
        good = Entry(LocalModel(path, text, 1, text, text), best=best, reason=text)
        self.query_one(MachineBar).hardware = machine
        self.query_one(ModelPicker).show((broken, good), wording.short_path(Path(text)))
        self.query_one(FitGrid).show(grid.of_plan(planned, "f16", lambda option: option))
        self.query_one("#choice", FitDetails).facts = explaining.option(good, best, limits, planned)
        self.query_one("#model", FitDetails).facts = explaining.model(broken)

    def _show_chats(self, text: str) -> None:
        record = records.ChatRecord("c", text, draft=text, model=text, messages=1)
        hit = records.Hit("c", "m", text, "user", ((text, False), (text, True)), 0.0)
        said = dataclasses.replace(_message(text), role="assistant")
        listed, found = self.query(ChatList)
        listed.show((record,), None, "c")
        found.show((), (hit,), None)
        self.query_one(ChatPreview).show(tree.Tree().plus(said), None)
        field = self.query_one(SettingField)
        field.text = setting_rows.shown(ChatSettings(stop=(text,)), setting_rows.STOP)
        part = messages.Part("file", text, text)
        self.query_one(AttachmentRow).show((Attachment(text, part, text, 1), Attachment(text)))

    async def _show_downloads(self, text: str) -> None:
        file = RemoteFile(text, "0" * 40, text, 10, text, text)
        progress = DownloadProgress(Phase.FAILED, 1, 10, note=text, file_name=text)
        error = errors.NetworkError(text, text)
        line = download_words.of_download(Download(1, text, (file,), progress, error))
        await self.query_one(DownloadList).show({"1": line})

    async def _drawn(self) -> str:
        for _ in range(3):
            await asyncio.sleep(0)
        return hostile.drawn(self)


def _message(text: str) -> messages.Message:
    """A message of which every part is this text."""
    files = (messages.Part("file", text, text), messages.Part(text, text))
    made = messages.new("chat", None, "user", text, files=files)
    mark = messages.ModelMark(text, text, text, text)
    return dataclasses.replace(made, reasoning=text, model=mark, seed=1)


@pytest.fixture(scope="module")
def wall() -> Iterator[_Wall]:
    """The wall, running in a thread of its own while examples come from the test's."""
    app, ready, done = _Wall(), threading.Event(), threading.Event()

    async def run() -> None:
        async with app.run_test(size=(100, 60)):
            ready.set()
            while not done.is_set():
                await asyncio.sleep(0.01)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert ready.wait(hosts.PATIENCE_SECONDS)
    yield app
    done.set()
    thread.join(hosts.PATIENCE_SECONDS)


def _obeyed(wall: _Wall, text: str) -> list[str]:
    """What a terminal would obey of everything drawn for this text."""
    drawn: str = wall.call_from_thread(functools.partial(wall.show, text))  # type: ignore[arg-type]
    return hostile.obeyed(drawn)


def test_everything_is_drawn(wall: _Wall) -> None:
    """The wall shows its text in every place, so that the tests below look at something."""
    drawn: str = wall.call_from_thread(functools.partial(wall.show, "harmless"))  # type: ignore[arg-type]

    assert hostile.plain(drawn).count("harmless") >= 24


@pytest.mark.parametrize("text", hostile.TRICKS)
def test_terminal_obeys_no_known_trick(wall: _Wall, text: str) -> None:
    """None of these texts is drawn with anything that a terminal obeys."""
    assert _obeyed(wall, text) == []


@settings(max_examples=hostile.EXAMPLES, suppress_health_check=list(HealthCheck))
@given(text=hostile.TEXTS)
def test_no_widget_lets_a_control_character_through(wall: _Wall, text: str) -> None:
    """Whatever the text, no widget draws anything that a terminal obeys."""
    assert _obeyed(wall, text) == []


@settings(max_examples=400)
@given(text=hostile.TEXTS)
def test_no_block_of_markdown_holds_a_control_character(text: str) -> None:
    """Whatever the Markdown, entities and link targets included, its laid out text is safe."""
    content = markdown_layout.lay_out(markdown_blocks.parse(text), 60)

    assert hostile.obeyed(content.plain) == []


def test_gate_cleans_what_a_widget_forgot() -> None:
    """The last gate takes control characters out of drawn lines and leaves all else."""
    gate = ControlGate()

    for text in hostile.TRICKS:
        cleaned = gate.apply([Segment("plain \xa0 é"), Segment(text)], Color(0, 0, 0))
        assert cleaned[0].text == "plain \xa0 é"
        assert hostile.obeyed(cleaned[1].text) == []
