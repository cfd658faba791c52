"""The files beside the message: pasted, attached, counted, opened and taken away."""

from pathlib import Path

import pytest

from localchat import errors
from localchat.chat.drafts import Draft
from localchat.chat.messages import Part
from localchat.ui.widgets.attachments import AttachmentRow
from localchat.ui.widgets.prompt_area import PromptArea
from tests.ui import hosts, prompts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with a few files."""
    return prompts.working_folder(tmp_path)


async def test_large_paste_becomes_an_attachment(folder: Path) -> None:
    """A long paste stands beside the message, opened back by Enter, and is sent as a file."""
    long = "\r\n".join(f"line {number}" for number in range(40))
    async with prompts.shown(folder) as (app, pilot):
        await prompts.paste(app, "short\r\npaste")
        await prompts.paste(app, long)
        await hosts.shows(pilot, "pasted text, 309 B ×")
        assert app.box.text == "short\npaste"
        await pilot.press("enter")
        await pilot.pause()

        clean = long.replace("\r\n", "\n")
        assert app.sent == [
            Draft("short\npaste", (Part("file", clean, "pasted text", "text/plain"),))
        ]
        await hosts.hides(pilot, "pasted text")


async def test_pasted_text_is_opened_and_removed_by_keys(folder: Path) -> None:
    """Shift+Tab leads to the files: Enter puts a paste into the text, x takes it away."""
    async with prompts.shown(folder) as (app, pilot):
        await prompts.paste(app, "first " * 400)
        await prompts.paste(app, "second " * 400)
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
    async with prompts.shown(folder) as (app, pilot):
        await prompts.paste(app, "first " * 400)
        await pilot.press("backspace")
        await hosts.wait_until(pilot, lambda: isinstance(app.focused, AttachmentRow))
        await pilot.press("backspace")
        await hosts.wait_until(pilot, lambda: isinstance(app.focused, PromptArea))

        assert not app.box.draft


async def test_mouse_removes_and_opens_files(folder: Path) -> None:
    """A click on the cross takes a file away, one on a paste puts it into the text."""
    async with prompts.shown(folder) as (app, pilot):
        for name in ("first", "second"):
            await prompts.paste(app, f"{name} " * 400)
        await hosts.shows(pilot, "pasted text 2")
        line = next(at for at, row in enumerate(hosts.screen_text(pilot).split("\n")) if "×" in row)
        row = hosts.screen_text(pilot).split("\n")[line]
        await pilot.click(offset=(row.index("×"), line))
        await hosts.wait_until(pilot, lambda: len(app.box.draft.files) == 1)
        await pilot.click(offset=(6, line))
        await hosts.wait_until(pilot, lambda: not app.box.draft.files)

        assert app.box.text == "second " * 400


async def test_pdf_has_its_pages_on_its_chip(folder: Path) -> None:
    """A PDF says how many pages it has, and what they cost once that is counted."""

    async def counter(part: Part) -> int:
        return len(part.text)

    async with prompts.shown(folder) as (app, pilot):
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

    async with prompts.shown(folder) as (app, pilot):
        app.box.files.counter = counter
        app.box.files.attach("notes.txt")
        await hosts.shows(pilot, "notes.txt, 19 B ×")
        app.box.files.recount()
        await hosts.shows(pilot, "notes.txt, 5 tokens ×")
        app.box.files.recount()
        await hosts.shows(pilot, "notes.txt, 1 token ×")


async def test_what_cannot_be_attached_is_told(folder: Path) -> None:
    """One sentence says what is wrong with a file, and none stays beside the message."""
    async with prompts.shown(folder) as (app, pilot):
        app.box.files.attach("data")
        await hosts.shows(pilot, "data is a binary file.")

        assert app.box.draft == Draft("")


async def test_nothing_is_sent_while_a_file_is_read(folder: Path) -> None:
    """Enter says that a file is still being read, and the message stays."""
    async with prompts.shown(folder) as (app, pilot):
        await prompts.write(pilot, "hi")
        app.box.files.attach("paper.pdf")
        await hosts.shows(pilot, "paper.pdf · reading…")
        await hosts.press(pilot, "enter")
        await hosts.shows(pilot, "Still reading paper.pdf")
        await hosts.shows(pilot, "paper.pdf, 2 pages")

        assert app.sent == []
        assert app.box.text == "hi"


async def test_attach_command_reads_a_file(folder: Path) -> None:
    """/attach takes a path, with blanks and quotes as people write them."""
    async with prompts.shown(folder) as (app, pilot):
        app.box.text = '/attach "My Files/a b.md"'
        await pilot.press("enter")
        await hosts.shows(pilot, "My Files/a b.md, 25 B ×")

        assert app.told == []
        assert app.box.text == ""


async def test_many_files_are_all_reachable(folder: Path) -> None:
    """Of more files than there is room for, the chosen one is always seen."""
    files = tuple(Part("file", "x" * 10, f"file{number}.txt") for number in range(9))
    async with prompts.shown(folder, size=(40, 20)) as (app, pilot):
        app.box.draft = Draft("", files)
        await hosts.shows(pilot, "9 files")
        await hosts.shows(pilot, "file8.txt, 10 B ×")
        assert "file0" not in hosts.screen_text(pilot)
        await pilot.press("shift+tab", *(["left"] * 8))
        await hosts.shows(pilot, "file0.txt, 10 B ×")
        await pilot.press("x")
        await hosts.shows(pilot, "8 files")

        assert app.box.draft.files == files[1:]
