"""The prompt box: what is written, attached, meant and sent."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from localchat import errors
from localchat.chat.drafts import Draft
from localchat.chat.messages import Part
from localchat.ui.prompt_history import PromptHistory
from localchat.ui.widgets.attachments import AttachmentRow
from localchat.ui.widgets.prompt_area import PromptArea
from localchat.ui.widgets.prompt_box import PromptBox
from localchat.ui.widgets.suggestions import Suggestions
from tests.chat import pdfs
from tests.ui import hosts
from tests.ui.prompts import PromptApp

_HOSTILE = (
    "\x1b]52;c;aGVsbG8=\x07 \x1b]0;owned\x07",
    "\x1b[2J\x1b[31mred\x1b[?1049l",
    "\x1bP$q\x1b\\ \x9b2J\x9d52;c;x\x9c",
    "a\rb\x08\x08c\x0c\x0bd\x7f",
    "\u202eevil\u202c \u2066x\u2069 \u200f\u2028",
    "[bold red]markup[/] [@click=app.quit()]leave[/] $text",
)
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with a few files."""
    folder = tmp_path / "work"
    for name in ("src/main.py", "src/mailer.py", "notes.txt", "My Files/a b.md", ".git/config"):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"This is {name}.\n")
    (folder / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (folder / "data").write_bytes(b"\x00\x01\x02")
    pdfs.write(folder / "paper.pdf", ["One", "Two"])
    return folder


@asynccontextmanager
async def _prompt(
    folder: Path, history: PromptHistory | None = None, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[PromptApp, Pilot[None]]]:
    app = PromptApp(folder, history)
    async with app.run_test(size=size, notifications=True) as pilot:
        await _until(pilot, lambda: isinstance(app.focused, PromptArea))
        yield app, pilot


async def _until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    await hosts.wait_until(pilot, condition, 10)


async def _type(pilot: Pilot[None], text: str) -> None:
    names = {" ": "space", "\n": "ctrl+j", "/": "slash", "@": "at"}
    await pilot.press(*(names.get(letter, letter) for letter in text))


def _box_lines(pilot: Pilot[None]) -> int:
    return pilot.app.screen.query_one(PromptArea).size.height


def _rows(app: PromptApp) -> list[str]:
    """What the list below the prompt shows, without sizes and help."""
    shown = app.screen.query_one(Suggestions)
    if not shown.is_open:
        return []
    prompts = (str(shown.get_option_at_index(at).prompt) for at in range(shown.option_count))
    return [prompt.split("  ")[0] for prompt in prompts]


async def test_box_grows_and_stops_growing(folder: Path) -> None:
    """It is as high as its text, up to a third of a small terminal; then it scrolls."""
    async with _prompt(folder) as (app, pilot):
        heights = []
        for lines in (1, 3, 40):
            app.box.text = "\n".join(["line"] * lines)
            await pilot.pause()
            heights.append(_box_lines(pilot))

    assert heights == [1, 3, 8]


@pytest.mark.parametrize("key", ["ctrl+j", "shift+enter", "alt+enter", "shift+\r", "\r"])
async def test_keys_that_begin_a_line(folder: Path, key: str) -> None:
    """Each way that a terminal may send it makes a new line and sends nothing."""
    async with _prompt(folder) as (app, pilot):
        await _type(pilot, "a")
        await hosts.press(pilot, key)
        await _type(pilot, "b")
        await _until(pilot, lambda: app.box.text == "a\nb")

        assert app.sent == []


async def test_enter_sends_and_empties(folder: Path) -> None:
    """What was written is sent as it is, and the box is ready for the next."""
    async with _prompt(folder) as (app, pilot):
        await _type(pilot, "two\nlines")
        await hosts.press(pilot, "enter", "n")
        await _until(pilot, lambda: app.box.text == "n")

        assert app.sent == [Draft("two\nlines")]


async def test_blank_text_is_not_sent(folder: Path) -> None:
    """Enter in an empty box, or one with blanks, does nothing."""
    async with _prompt(folder) as (app, pilot):
        await _type(pilot, " \n ")
        await pilot.press("enter")

        assert app.sent == []


async def test_sending_is_possible_while_answering(folder: Path) -> None:
    """The hint says that it waits, and it is handed on."""
    async with _prompt(folder) as (app, pilot):
        app.box.busy = True
        await hosts.shows(pilot, "Enter sends after this answer · Esc stops it")
        await _type(pilot, "next")
        await pilot.press("enter")
        await pilot.pause()

        assert app.sent == [Draft("next")]


async def test_up_and_down_at_the_edges_walk_the_history(folder: Path) -> None:
    """Above the first line is what was sent before, below the last the draft again."""
    history = PromptHistory()
    for text in ("first", "second\nof two lines"):
        history.add(text)
    async with _prompt(folder, history) as (app, pilot):
        await _type(pilot, "my draft")
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
    async with _prompt(folder, history, (40, 24)) as (app, pilot):
        app.box.text = "word " * 20
        await pilot.press("up", "up")
        assert app.box.text == "word " * 20
        await pilot.press("up", "up")

        assert app.box.text == "before"


async def test_up_with_nothing_before_leads_out(folder: Path) -> None:
    """In the empty box without a history, Up is told to the owner."""
    async with _prompt(folder) as (app, pilot):
        await pilot.press("up")
        await pilot.pause()

        assert [type(event) for event in app.told] == [PromptBox.LeftUp]


async def test_large_paste_becomes_an_attachment(folder: Path) -> None:
    """A long paste stands beside the message, opened back by Enter, and is sent as a file."""
    long = "\r\n".join(f"line {number}" for number in range(40))
    async with _prompt(folder) as (app, pilot):
        await _paste(app, "short\r\npaste")
        await _paste(app, long)
        await hosts.shows(pilot, "pasted text, 309 B ×")
        assert app.box.text == "short\npaste"
        await pilot.press("enter")
        await pilot.pause()

        clean = long.replace("\r\n", "\n")
        assert app.sent == [
            Draft("short\npaste", (Part("file", clean, "pasted text", "text/plain"),))
        ]
        assert "pasted text" not in hosts.screen_text(pilot)


async def test_pasted_text_is_opened_and_removed_by_keys(folder: Path) -> None:
    """Shift+Tab leads to the files: Enter puts a paste into the text, x takes it away."""
    async with _prompt(folder) as (app, pilot):
        await _paste(app, "first " * 400)
        await _paste(app, "second " * 400)
        await hosts.shows(pilot, "pasted text 2")
        await pilot.press("shift+tab", "left", "x")
        await pilot.pause()
        assert [part.name for part in app.box.draft.files] == ["pasted text 2"]
        await pilot.press("enter")
        await pilot.pause()

        assert app.box.draft == Draft("second " * 400)
        assert isinstance(app.focused, PromptArea)


async def test_backspace_before_the_text_leads_to_the_files(folder: Path) -> None:
    """Backspace where there is nothing to delete chooses the last file, again takes it away."""
    async with _prompt(folder) as (app, pilot):
        await _paste(app, "first " * 400)
        await pilot.press("backspace")
        await _until(pilot, lambda: isinstance(app.focused, AttachmentRow))
        await pilot.press("backspace")
        await _until(pilot, lambda: isinstance(app.focused, PromptArea))

        assert not app.box.draft


async def test_mouse_removes_and_opens_files(folder: Path) -> None:
    """A click on the cross takes a file away, one on a paste puts it into the text."""
    async with _prompt(folder) as (app, pilot):
        for name in ("first", "second"):
            await _paste(app, f"{name} " * 400)
        await hosts.shows(pilot, "pasted text 2")
        line = next(at for at, row in enumerate(hosts.screen_text(pilot).split("\n")) if "×" in row)
        row = hosts.screen_text(pilot).split("\n")[line]
        await pilot.click(offset=(row.index("×"), line))
        await _until(pilot, lambda: len(app.box.draft.files) == 1)
        await pilot.click(offset=(6, line))
        await _until(pilot, lambda: not app.box.draft.files)

        assert app.box.text == "second " * 400


async def test_picker_finds_and_attaches(folder: Path) -> None:
    """After an @ a few letters find a file, Enter attaches it; git and pictures are not shown."""
    async with _prompt(folder) as (app, pilot):
        await _type(pilot, "@")
        await _until(pilot, lambda: len(_rows(app)) == 7)
        everything = set(_rows(app))
        await _type(pilot, "smain")
        await _until(pilot, lambda: _rows(app)[:1] == ["src/main.py"])
        await pilot.press("enter")
        await hosts.shows(pilot, "src/main.py, 21 B ×")
        assert app.sent == []
        await _type(pilot, "hi")
        await pilot.press("enter")
        await pilot.pause()

        assert app.sent == [
            Draft("hi", (Part("file", "This is src/main.py.\n", "src/main.py", "text/x-python"),))
        ]
    assert everything == {
        "src/", "My Files/", "notes.txt", "paper.pdf", "src/main.py", "src/mailer.py",
        "My Files/a b.md",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "sent"), [("@notes", []), ("thanks @nobody", [Draft("thanks @nobody")])]
)
async def test_enter_may_come_before_the_list(
    folder: Path, written: str, sent: list[Draft]
) -> None:
    """Fast fingers get the file all the same; where there is none, the message is sent."""
    async with _prompt(folder) as (app, pilot):
        app.box.text = written
        await hosts.press(pilot, "enter")
        await _until(pilot, lambda: app.box.text == "")
        await _until(pilot, lambda: app.sent == sent)

        if not sent:
            await _until(pilot, lambda: len(app.box.draft.files) == 1)


async def test_name_stays_in_a_sentence(folder: Path) -> None:
    """Within a sentence the file's name takes the place of what was typed."""
    async with _prompt(folder) as (app, pilot):
        await _type(pilot, "compare @notes")
        await _until(pilot, lambda: _rows(app) == ["notes.txt"])
        await pilot.press("enter")
        await _until(pilot, lambda: app.box.text == "compare notes.txt ")
        await _until(pilot, lambda: len(app.box.draft.files) == 1)


async def test_tab_completes_and_escape_leaves(folder: Path) -> None:
    """Tab goes into a folder, also one with blanks; Esc closes the list, and Enter then sends."""
    async with _prompt(folder) as (app, pilot):
        await _type(pilot, "@myf")
        await _until(pilot, lambda: _rows(app)[:1] == ["My Files/"])
        await pilot.press("tab")
        await _until(pilot, lambda: _rows(app) == ["My Files/a b.md"])
        assert app.box.text == '@"My Files/'
        await pilot.press("escape")
        await _until(pilot, lambda: _rows(app) == [])
        await pilot.press("enter")
        await pilot.pause()

        assert app.sent == [Draft('@"My Files/')]


@pytest.mark.parametrize("written", ["../work/notes", "~/work/notes"])
async def test_picker_follows_paths(
    folder: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    """Paths up and into the home folder are followed, and shown as they were written."""
    monkeypatch.setenv("HOME", str(folder.parent))
    async with _prompt(folder) as (app, pilot):
        app.box.text = f"@{written}"
        await _until(pilot, lambda: _rows(app) == [f"{written}.txt"])
        await pilot.press("enter")
        await _until(pilot, lambda: len(app.box.draft.files) == 1)

        assert app.box.draft.files[0].name == "notes.txt"


async def test_mouse_takes_a_file(folder: Path) -> None:
    """A click on a row of the list attaches the file, and writing goes on."""
    async with _prompt(folder) as (app, pilot):
        await _type(pilot, "@notes")
        await _until(pilot, lambda: _rows(app) == ["notes.txt"])
        await pilot.pause()
        await pilot.click(Suggestions, offset=(4, 0))
        await _until(pilot, lambda: len(app.box.draft.files) == 1)

        assert isinstance(app.focused, PromptArea)


async def test_pdf_has_its_pages_on_its_chip(folder: Path) -> None:
    """A PDF says how many pages it has, and what they cost once that is counted."""

    async def counter(part: Part) -> int:
        return len(part.text)

    async with _prompt(folder) as (app, pilot):
        app.box.files.counter = counter
        app.box.files.attach("paper.pdf")
        await hosts.shows(pilot, "paper.pdf, 2 pages, 36 tokens ×")


async def test_costs_are_counted_again_for_another_model(folder: Path) -> None:
    """Without a model a size stands there, then tokens, and others after a change."""
    costs = [errors.EngineError("No model."), 5, 1]

    async def counter(_: Part) -> int:
        cost = costs.pop(0)
        if isinstance(cost, errors.LocalchatError):
            raise cost
        return int(str(cost))

    async with _prompt(folder) as (app, pilot):
        app.box.files.counter = counter
        app.box.files.attach("notes.txt")
        await hosts.shows(pilot, "notes.txt, 19 B ×")
        app.box.files.recount()
        await hosts.shows(pilot, "notes.txt, 5 tokens ×")
        app.box.files.recount()
        await hosts.shows(pilot, "notes.txt, 1 token ×")


async def test_what_cannot_be_attached_is_told(folder: Path) -> None:
    """One sentence says what is wrong with a file, and none stays beside the message."""
    async with _prompt(folder) as (app, pilot):
        app.box.files.attach("data")
        await hosts.shows(pilot, "data is a binary file.")

        assert app.box.draft == Draft("")


async def test_nothing_is_sent_while_a_file_is_read(folder: Path) -> None:
    """Enter says that a file is still being read, and the message stays."""
    async with _prompt(folder) as (app, pilot):
        await _type(pilot, "hi")
        app.box.files.attach("paper.pdf")
        await hosts.shows(pilot, "paper.pdf · reading…")
        await hosts.press(pilot, "enter")
        await hosts.shows(pilot, "Still reading paper.pdf")
        await hosts.shows(pilot, "paper.pdf, 2 pages")

        assert app.sent == []
        assert app.box.text == "hi"


async def test_draft_is_told_and_taken_back(folder: Path) -> None:
    """A draft with files can be put into another box, and the owner hears of every change."""
    draft = Draft("text", (Part("file", "content", "a.txt", "text/plain"),))
    async with _prompt(folder) as (app, pilot):
        app.box.draft = draft
        await hosts.shows(pilot, "a.txt, 7 B ×")
        assert app.box.draft == draft
        app.box.give_back("before")
        await pilot.pause()

        assert app.box.draft == Draft("before\ntext", draft.files)
        assert app.drafts[-1] == app.box.draft


async def test_slash_words_are_commands(folder: Path) -> None:
    """A known word is given as a command with what follows it, and the text is gone."""
    async with _prompt(folder) as (app, pilot):
        for text in ("/stop", "/rename  My chat "):
            app.box.text = text
            await pilot.press("enter")
            await pilot.pause()

        assert app.given == [("chat.stop", ""), ("chat.rename", "My chat")]
        assert app.sent == []
        assert app.box.text == ""


async def test_unknown_slash_word_stays(folder: Path) -> None:
    """A word that no command has is told with the nearest, and nothing is lost."""
    async with _prompt(folder, size=(100, 24)) as (app, pilot):
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
    async with _prompt(folder) as (app, pilot):
        app.box.text = written
        await pilot.press("escape", "enter")
        await _until(pilot, lambda: app.sent == [Draft(sent)])


async def test_slash_list_completes(folder: Path) -> None:
    """While a word is typed the commands are listed: Down and Enter give one, Tab completes."""
    async with _prompt(folder) as (app, pilot):
        await _type(pilot, "/re")
        await _until(pilot, lambda: "/rename [TITLE]" in _rows(app))
        await pilot.press("tab")
        await _until(pilot, lambda: app.box.text.endswith(" "))
        completed = app.box.text
        app.box.text = ""
        await _type(pilot, "/sto")
        await _until(pilot, lambda: _rows(app)[:1] == ["/stop"])
        await pilot.press("enter")
        await _until(pilot, lambda: app.given == [("chat.stop", "")])

    assert completed in ("/regen ", "/rename ")


async def test_attach_command_reads_a_file(folder: Path) -> None:
    """/attach takes a path, with blanks and quotes as people write them."""
    async with _prompt(folder) as (app, pilot):
        app.box.text = '/attach "My Files/a b.md"'
        await pilot.press("enter")
        await hosts.shows(pilot, "My Files/a b.md, 25 B ×")

        assert app.told == []
        assert app.box.text == ""


async def _paste(app: PromptApp, text: str) -> None:
    app.post_message(events.Paste(text))
    await asyncio.sleep(0.05)


@pytest.mark.parametrize("text", _HOSTILE)
async def test_hostile_names_and_texts_are_only_text(tmp_path: Path, text: str) -> None:
    """What a file's name, its content or a draft holds, nothing drawn is obeyed by a terminal."""
    name = text.replace("/", "_").encode(errors="replace").decode()[:60].strip("\x00") or "x"
    (tmp_path / name).write_text("content", errors="replace")
    async with _prompt(tmp_path) as (app, pilot):
        app.box.draft = Draft(text, (Part("file", text, text, text),))
        await pilot.pause()
        drawn = [hosts.screen_text(pilot)]
        app.box.text = "@"
        await _until(pilot, lambda: len(_rows(app)) == 1)
        await pilot.pause()
        drawn.append(hosts.screen_text(pilot))
        await pilot.press("enter")
        await _until(pilot, lambda: len(app.box.draft.files) == 2)
        app.box.text = f"/{text}"
        await pilot.press("enter")
        await pilot.pause()
        drawn.append(hosts.screen_text(pilot))

    assert _OBEYED.findall("".join(drawn).replace("\n", "")) == []


async def test_many_files_are_all_reachable(folder: Path) -> None:
    """Of more files than there is room for, the chosen one is always seen."""
    files = tuple(Part("file", "x" * 10, f"file{number}.txt") for number in range(9))
    async with _prompt(folder, size=(40, 20)) as (app, pilot):
        app.box.draft = Draft("", files)
        await hosts.shows(pilot, "9 files")
        await hosts.shows(pilot, "file8.txt, 10 B ×")
        assert "file0" not in hosts.screen_text(pilot)
        await pilot.press("shift+tab", *(["left"] * 8))
        await hosts.shows(pilot, "file0.txt, 10 B ×")
        await pilot.press("x")
        await hosts.shows(pilot, "8 files")

        assert app.box.draft.files == files[1:]
