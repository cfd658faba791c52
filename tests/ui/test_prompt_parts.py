"""The parts of the prompt that know no widgets: history, files found, keys, chips."""

import doctest
import json
import os
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual._xterm_parser import XTermParser

from localchat import errors
from localchat.chat.messages import Part
from localchat.ui import chips, editor, folders, fuzzy, keyboard, mention, osc52
from localchat.ui import clipboard as clipboard_module
from localchat.ui.prompt_files import Attachment, PromptFiles
from localchat.ui.prompt_history import MOST_ENTRIES, PromptHistory


@pytest.mark.parametrize("module", [clipboard_module, folders, fuzzy, keyboard, mention, osc52])
def test_examples_in_the_docstrings(module: object) -> None:
    """The examples in these modules are true."""
    result = doctest.testmod(module)  # type: ignore[arg-type]

    assert result.attempted > 0
    assert result.failed == 0


def test_history_outlives_the_session(tmp_path: Path) -> None:
    """What was sent comes back in its order, in a private file, whatever is in it."""
    file = tmp_path / "state" / "prompts.jsonl"
    texts = ("one", "two\nlines", 'quotes " and \x1b[31m', "世界\ud800")
    for text in texts:
        PromptHistory(file).add(text)

    assert PromptHistory(file).entries == texts
    assert file.stat().st_mode & 0o777 == 0o600


def test_history_has_no_repetitions_in_a_row(tmp_path: Path) -> None:
    """The same message again is kept once, blank and very long ones not at all."""
    history = PromptHistory(tmp_path / "prompts")
    for text in ("a", "a", "b", "a", "  ", "x" * 20_001):
        history.add(text)

    assert history.entries == ("a", "b", "a")
    assert PromptHistory(tmp_path / "prompts").entries == ("a", "b", "a")


def test_history_keeps_the_newest_thousand(tmp_path: Path) -> None:
    """The file is written anew when it has grown too far, and keeps the newest."""
    file = tmp_path / "prompts"
    file.write_text("".join(json.dumps(str(number)) + "\n" for number in range(3000)))

    assert PromptHistory(file).entries == tuple(str(number) for number in range(2000, 3000))
    assert len(file.read_text().splitlines()) == MOST_ENTRIES


def test_two_sessions_share_the_history(tmp_path: Path) -> None:
    """Two at once lose nothing of each other."""
    one, two = PromptHistory(tmp_path / "prompts"), PromptHistory(tmp_path / "prompts")
    one.add("from one")
    two.add("from two")

    assert PromptHistory(tmp_path / "prompts").entries == ("from one", "from two")


def test_damaged_history_is_no_error(tmp_path: Path) -> None:
    """Lines that are none are left out; a file that cannot be read or written is no history."""
    file = tmp_path / "prompts"
    file.write_bytes(b'"good"\n{"not": "a text"}\nrubbish\n\xff\xfe\n"cut off')
    blocked = PromptHistory(file / "below a file")
    blocked.add("kept for now")

    assert PromptHistory(file).entries == ("good",)
    assert blocked.entries == ("kept for now",)


def test_alt_enter_is_told_from_enter() -> None:
    """ESC and Enter in one burst, as terminals send Alt+Enter, are a new line, not Enter."""
    keyboard.tell_alt_enter()

    keys = [event.key for event in XTermParser().feed("\x1b\ra\r")]  # type: ignore[attr-defined]

    assert keys == ["ctrl+j", "a", "enter"]
    assert "ctrl+j" in keyboard.NEW_LINE_KEYS


@pytest.mark.parametrize(
    ("environment", "key"),
    [
        ({"TERM": "xterm-kitty"}, "Shift+Enter"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "ghostty"}, "Shift+Enter"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, "Ctrl+J"),
        ({"TERM": "tmux-256color", "TMUX": "x", "TERM_PROGRAM": "ghostty"}, "Ctrl+J"),
        ({"TERM": "xterm-kitty", "TEXTUAL_DISABLE_KITTY_KEY": "1"}, "Ctrl+J"),
    ],
)
def test_hint_names_a_key_that_works(environment: dict[str, str], key: str) -> None:
    """Shift+Enter is promised only where the terminal is known to send it."""
    assert keyboard.new_line_key(environment) == key


@given(st.text("ab/._ßİ ", max_size=8), st.lists(st.text("ab/._ßİ ", max_size=12), max_size=12))
def test_fuzzy_matches_have_the_letters(pattern: str, paths: list[str]) -> None:
    """Every match has the letters of the pattern in their order, where it says they are."""
    for match in fuzzy.find(pattern, paths, 5):
        shown = "".join(match.path[place] for place in match.letters)
        assert match.path in paths
        assert len(match.letters) in (0, len(pattern))
        assert shown.lower() == pattern.lower() or not match.letters


def test_fuzzy_prefers_names_and_runs() -> None:
    """The name of a file counts more than its folders; scattered letters are chance."""
    paths = ["main/other.py", "src/domain.py", "src/main.py", "m/a/i/n.txt", "src/main_test.py"]

    found = [match.path for match in fuzzy.find("main", paths, 5)]

    assert found[:2] == ["src/main.py", "src/main_test.py"]
    assert set(found[2:]) == {"main/other.py", "src/domain.py"}


def test_listing_finds_the_near_first(tmp_path: Path) -> None:
    """Files of the folder come before those below; hidden folders are not entered."""
    for name in ("z.txt", "a/deep/x.py", ".hidden/secret.txt", ".git/HEAD", ".env", "a/p.png"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    listing = folders.Listing(tmp_path)
    listing.read()

    assert listing.paths == [
        ".env", ".hidden/", "a/", "loop/", "z.txt", "a/deep/", "a/deep/x.py",
    ]  # fmt: skip
    assert listing.is_done


def test_listing_of_a_big_folder_is_quick_and_bounded(tmp_path: Path) -> None:
    """Many files are found and searched well within a second."""
    for number in range(60):
        (tmp_path / f"folder{number}").mkdir()
        for each in range(50):
            (tmp_path / f"folder{number}" / f"file{each}.txt").touch()
    begun = time.process_time()
    listing = folders.Listing(tmp_path)
    listing.read()
    found = fuzzy.find("f59file49", listing.paths, 8)

    assert len(listing.paths) == 3060
    assert found[0].path == "folder59/file49.txt"
    assert time.process_time() - begun < 2


def test_stopped_listing_ends(tmp_path: Path) -> None:
    """A listing that nobody wants any more is not read on."""
    (tmp_path / "a.txt").touch()
    listing = folders.Listing(tmp_path)
    listing.stop()
    listing.read()

    assert listing.paths == []


@given(st.text(max_size=30), st.integers(0, 30))
def test_any_text_may_hold_a_mention(line: str, column: int) -> None:
    """Whatever is written, a mention is where it says, and begins with its sign."""
    found = mention.at(line, column)

    assert found is None or (
        line[found.begin] == "@" and found.query in line[found.begin : found.end]
    )


async def test_a_file_that_was_removed_meanwhile_stays_away(tmp_path: Path) -> None:
    """What is taken away while it is read does not come back; the second reading replaces."""
    (tmp_path / "a.txt").write_text("text")
    seen: list[int] = []
    files = PromptFiles(lambda: seen.append(len(files.every)))
    await files.read(tmp_path / "a.txt", tmp_path)
    await files.read(tmp_path / "a.txt", tmp_path)
    assert [part.name for part in files.parts] == ["a.txt"]
    with pytest.raises(errors.AttachmentError):
        await files.read(tmp_path / "gone.txt", tmp_path)
    files.remove("a.txt")

    assert files.every == ()
    assert files.parts == ()


def test_chips_are_broken_into_lines() -> None:
    """Chips stand beside each other as far as there is room, and none is wider than its line."""
    every = [Attachment(f"file{at}.txt", Part("file", "x" * 10, "f")) for at in range(5)]
    long = Attachment("folder/" * 9 + "end.txt", Part("file", "x" * 10, "f"), "read as Latin-1")

    lines, places = chips.lay_out([*every, long], 50, None)

    assert [place.line for place in places] == [0, 0, 1, 1, 2, 3]
    assert all(line.cell_length <= 50 for line in lines)
    assert "end.txt, 10 B, read as Latin-1 ×" in lines[-1].plain


def test_total_of_several_files_is_told() -> None:
    """Two files and more are added up, once all are counted."""
    one = Attachment("a", Part("file", "x", "a"), tokens=1200)
    uncounted = Attachment("b", Part("file", "x", "b"))

    assert chips.total([one]) == ""
    assert chips.total([one, uncounted]) == "2 files"
    assert chips.total([one, one, one]) == "3 files, 3,600 tokens"


@given(st.text(max_size=80))
def test_chips_say_no_control_character(name: str) -> None:
    """A hostile name is one harmless line."""
    words = chips.words(Attachment(name, Part("file", name, name, "application/pdf"), name, 3))

    assert words.isprintable() or "\n" not in words
    assert not any(ord(letter) < 32 for letter in words)


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are scripts")
def test_editor_is_found_with_its_arguments(tmp_path: Path) -> None:
    """$VISUAL comes before $EDITOR, each may have arguments, and a missing one is named."""
    for name in ("ed it", "nano"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o700)
    here = {"PATH": str(tmp_path)}
    nano = str(tmp_path / "nano")

    assert editor.command(here) == (nano,)
    assert editor.command({**here, "EDITOR": "nano -w '+ 1'"}) == (nano, "-w", "+ 1")
    assert editor.command({**here, "EDITOR": "x", "VISUAL": f"'{tmp_path}/ed it'"}) == (
        str(tmp_path / "ed it"),
    )
    with pytest.raises(
        errors.UsageError, match=r"^\$EDITOR names no program that is here: gone\.$"
    ):
        editor.command({**here, "EDITOR": "gone -x"})
    with pytest.raises(errors.UsageError, match=r"^No editor was found"):
        editor.command({"PATH": os.devnull})
