"""The prompt box: what is written, brought back, meant and sent."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from localchat.chat.drafts import Draft
from localchat.chat.messages import Part
from localchat.ui.prompt_history import PromptHistory
from localchat.ui.widgets.prompt_area import PromptArea
from localchat.ui.widgets.prompt_box import PromptBox
from tests.ui import hosts, prompts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with a few files."""
    return prompts.working_folder(tmp_path)


def _box_lines(pilot: Pilot[None]) -> int:
    return pilot.app.screen.query_one(PromptArea).size.height


async def test_box_grows_and_stops_growing(folder: Path) -> None:
    """It is as high as its text, up to a third of a small terminal; then it scrolls."""
    async with prompts.shown(folder) as (app, pilot):
        heights = []
        for lines in (1, 3, 40):
            app.box.text = "\n".join(["line"] * lines)
            await pilot.pause()
            heights.append(_box_lines(pilot))

    assert heights == [1, 3, 8]


@pytest.mark.parametrize("key", ["ctrl+j", "shift+enter", "alt+enter", "shift+\r", "\r"])
async def test_keys_that_begin_a_line(folder: Path, key: str) -> None:
    """Each way that a terminal may send it makes a new line and sends nothing."""
    async with prompts.shown(folder) as (app, pilot):
        await prompts.write(pilot, "a")
        await hosts.press(pilot, key)
        await prompts.write(pilot, "b")
        await hosts.wait_until(pilot, lambda: app.box.text == "a\nb")

        assert app.sent == []


async def test_enter_sends_and_empties(folder: Path) -> None:
    """What was written is sent as it is, and the box is ready for the next."""
    async with prompts.shown(folder) as (app, pilot):
        await prompts.write(pilot, "two\nlines")
        await hosts.press(pilot, "enter", "n")
        await hosts.wait_until(pilot, lambda: app.box.text == "n")

        assert app.sent == [Draft("two\nlines")]


async def test_blank_text_is_not_sent(folder: Path) -> None:
    """Enter in an empty box, or one with blanks, does nothing."""
    async with prompts.shown(folder) as (app, pilot):
        await prompts.write(pilot, " \n ")
        await pilot.press("enter")

        assert app.sent == []


async def test_sending_is_possible_while_answering(folder: Path) -> None:
    """The hint says that it waits, and it is handed on."""
    async with prompts.shown(folder) as (app, pilot):
        app.box.busy = True
        await hosts.shows(pilot, "Enter sends after this answer · Esc stops it")
        await prompts.write(pilot, "next")
        await pilot.press("enter")
        await pilot.pause()

        assert app.sent == [Draft("next")]


async def test_up_and_down_at_the_edges_walk_the_history(folder: Path) -> None:
    """Above the first line is what was sent before, below the last the draft again."""
    history = PromptHistory()
    for text in ("first", "second\nof two lines"):
        history.add(text)
    async with prompts.shown(folder, history) as (app, pilot):
        await prompts.write(pilot, "my draft")
        seen = []
        for key in ("up", "up", "up", "down", "down", "down", "down"):
            await pilot.press(key)
            seen.append(app.box.text)

    second = "second\nof two lines"
    assert seen == [second, "first", "first", second, "my draft", "my draft", "my draft"]


async def test_up_within_a_text_is_only_up(folder: Path) -> None:
    """In a text of several lines, the long ones broken, Up leads to its first line first."""
    history = PromptHistory()
    history.add("before")
    async with prompts.shown(folder, history, (40, 24)) as (app, pilot):
        app.box.text = "word " * 20
        await pilot.press("up", "up")
        assert app.box.text == "word " * 20
        await pilot.press("up", "up")

        assert app.box.text == "before"


async def test_up_with_nothing_before_leads_out(folder: Path) -> None:
    """In the empty box without a history, Up is told to the owner."""
    async with prompts.shown(folder) as (app, pilot):
        await pilot.press("up")
        await pilot.pause()

        assert [type(event) for event in app.told] == [PromptBox.LeftUp]


async def test_draft_is_told_and_taken_back(folder: Path) -> None:
    """A draft with files can be put into another box, and the owner hears of every change."""
    draft = Draft("text", (Part("file", "content", "a.txt", "text/plain"),))
    async with prompts.shown(folder) as (app, pilot):
        app.box.draft = draft
        await hosts.shows(pilot, "a.txt, 7 B ×")
        assert app.box.draft == draft
        app.box.give_back("before")
        await pilot.pause()

        assert app.box.draft == Draft("before\ntext", draft.files)
        assert app.drafts[-1] == app.box.draft


async def test_slash_words_are_commands(folder: Path) -> None:
    """A known word is given as a command with what follows it, and the text is gone."""
    async with prompts.shown(folder) as (app, pilot):
        for text in ("/stop", "/rename  My chat "):
            app.box.text = text
            await pilot.press("enter")
            await pilot.pause()

        assert app.given == [("chat.stop", ""), ("chat.rename", "My chat")]
        assert app.sent == []
        assert app.box.text == ""


async def test_unknown_slash_word_stays(folder: Path) -> None:
    """A word that no command has is told with the nearest, and nothing is lost."""
    async with prompts.shown(folder, size=(100, 24)) as (app, pilot):
        app.box.text = "/setings"
        await hosts.press(pilot, "enter")
        await hosts.shows(pilot, "There is no command /setings. Did you mean /settings?")

        assert app.box.text == "/setings"
        assert app.told == []


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("//stop", "/stop"),
        ("// a comment", "// a comment"),
        ("/etc/hosts is a file", "/etc/hosts is a file"),
        ("/", "/"),
    ],
)
async def test_slashes_that_are_no_commands(folder: Path, written: str, sent: str) -> None:
    """Paths and comments are messages; a second slash makes one of a command."""
    async with prompts.shown(folder) as (app, pilot):
        app.box.text = written
        await pilot.press("escape", "enter")
        await hosts.wait_until(pilot, lambda: app.sent == [Draft(sent)])
