"""The list below the prompt: files after an @, commands after a slash."""

import re
from pathlib import Path

import pytest

from localchat.chat.drafts import Draft
from localchat.chat.messages import Part
from localchat.ui.widgets.prompt_area import PromptArea
from localchat.ui.widgets.suggestions import Suggestions
from tests.ui import hosts, prompts

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
    return prompts.working_folder(tmp_path)


async def test_picker_finds_and_attaches(folder: Path) -> None:
    """After an @ a few letters find a file, Enter attaches it; git and pictures are not shown."""
    async with prompts.shown(folder) as (app, pilot):
        await prompts.write(pilot, "@")
        await hosts.wait_until(pilot, lambda: len(prompts.rows(app)) == 7)
        everything = set(prompts.rows(app))
        await prompts.write(pilot, "smain")
        await hosts.wait_until(pilot, lambda: prompts.rows(app)[:1] == ["src/main.py"])
        await pilot.press("enter")
        await hosts.shows(pilot, "src/main.py, 21 B ×")
        assert app.sent == []
        await prompts.write(pilot, "hi")
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
    async with prompts.shown(folder) as (app, pilot):
        app.box.text = written
        await hosts.press(pilot, "enter")
        await hosts.wait_until(pilot, lambda: app.box.text == "")
        await hosts.wait_until(pilot, lambda: app.sent == sent)

        if not sent:
            await hosts.wait_until(pilot, lambda: len(app.box.draft.files) == 1)


async def test_name_stays_in_a_sentence(folder: Path) -> None:
    """Within a sentence the file's name takes the place of what was typed."""
    async with prompts.shown(folder) as (app, pilot):
        await prompts.write(pilot, "compare @notes")
        await hosts.wait_until(pilot, lambda: prompts.rows(app) == ["notes.txt"])
        await pilot.press("enter")
        await hosts.wait_until(pilot, lambda: app.box.text == "compare notes.txt ")
        await hosts.wait_until(pilot, lambda: len(app.box.draft.files) == 1)


async def test_tab_completes_and_escape_leaves(folder: Path) -> None:
    """Tab goes into a folder, also one with blanks; Esc closes the list, and Enter then sends."""
    async with prompts.shown(folder) as (app, pilot):
        await prompts.write(pilot, "@myf")
        await hosts.wait_until(pilot, lambda: prompts.rows(app)[:1] == ["My Files/"])
        await pilot.press("tab")
        await hosts.wait_until(pilot, lambda: prompts.rows(app) == ["My Files/a b.md"])
        assert app.box.text == '@"My Files/'
        await pilot.press("escape")
        await hosts.wait_until(pilot, lambda: prompts.rows(app) == [])
        await pilot.press("enter")
        await pilot.pause()

        assert app.sent == [Draft('@"My Files/')]


@pytest.mark.parametrize("written", ["../work/notes", "~/work/notes"])
async def test_picker_follows_paths(
    folder: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    """Paths up and into the home folder are followed, and shown as they were written."""
    monkeypatch.setenv("HOME", str(folder.parent))
    async with prompts.shown(folder) as (app, pilot):
        app.box.text = f"@{written}"
        await hosts.wait_until(pilot, lambda: prompts.rows(app) == [f"{written}.txt"])
        await pilot.press("enter")
        await hosts.wait_until(pilot, lambda: len(app.box.draft.files) == 1)

        assert app.box.draft.files[0].name == "notes.txt"


async def test_mouse_takes_a_file(folder: Path) -> None:
    """A click on a row of the list attaches the file, and writing goes on."""
    async with prompts.shown(folder) as (app, pilot):
        await prompts.write(pilot, "@notes")
        await hosts.wait_until(pilot, lambda: prompts.rows(app) == ["notes.txt"])
        await pilot.pause()
        await pilot.click(Suggestions, offset=(4, 0))
        await hosts.wait_until(pilot, lambda: len(app.box.draft.files) == 1)

        assert isinstance(app.focused, PromptArea)


async def test_slash_list_completes(folder: Path) -> None:
    """While a word is typed the commands are listed: Down and Enter give one, Tab completes."""
    async with prompts.shown(folder) as (app, pilot):
        await prompts.write(pilot, "/re")
        await hosts.wait_until(pilot, lambda: "/rename [TITLE]" in prompts.rows(app))
        await pilot.press("tab")
        await hosts.wait_until(pilot, lambda: app.box.text.endswith(" "))
        completed = app.box.text
        app.box.text = ""
        await prompts.write(pilot, "/sto")
        await hosts.wait_until(pilot, lambda: prompts.rows(app)[:1] == ["/stop"])
        await pilot.press("enter")
        await hosts.wait_until(pilot, lambda: app.given == [("chat.stop", "")])

    assert completed in ("/regen ", "/rename ")


@pytest.mark.parametrize("text", _HOSTILE)
async def test_hostile_names_and_texts_are_only_text(tmp_path: Path, text: str) -> None:
    """What a file's name, its content or a draft holds, nothing drawn is obeyed by a terminal."""
    name = text.replace("/", "_").encode(errors="replace").decode()[:60].strip("\x00") or "x"
    (tmp_path / name).write_text("content", errors="replace")
    async with prompts.shown(tmp_path) as (app, pilot):
        app.box.draft = Draft(text, (Part("file", text, text, text),))
        await pilot.pause()
        drawn = [hosts.screen_text(pilot)]
        app.box.text = "@"
        await hosts.wait_until(pilot, lambda: len(prompts.rows(app)) == 1)
        await pilot.pause()
        drawn.append(hosts.screen_text(pilot))
        await pilot.press("enter")
        await hosts.wait_until(pilot, lambda: len(app.box.draft.files) == 2)
        app.box.text = f"/{text}"
        await pilot.press("enter")
        await pilot.pause()
        drawn.append(hosts.screen_text(pilot))

    assert _OBEYED.findall("".join(drawn).replace("\n", "")) == []
