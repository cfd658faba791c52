"""`localchat chats`: kept conversations, listed, found, printed, deleted and brought back."""

import contextlib
import dataclasses
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localchat import errors
from localchat.chat.store.store import Store
from localchat.cli import arguments, chats
from tests.chat import talks
from tests.cli import command, hubs

if sys.platform != "win32":
    import pty

HOSTILE = "Tea\x1b]52;c;eA==\x07 \u202eand\nmilk"


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """The chats that the command finds."""
    with contextlib.closing(Store.open(home / "chats.db")) as made:
        yield made


def _here(*words: str) -> str:
    """Run a command in this process, and give what it printed. Raises LocalchatError."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert 0 == chats.run(arguments.parse(("chats", *words)))
    return out.getvalue()


def test_without_chats_it_says_how_to_begin(home: Path) -> None:
    """And makes no file."""
    assert "There are no chats yet. Start one: localchat\n" == _here("list")
    assert "[]\n" == _here("list", "--json") == _here("search", "tea", "--json")
    with pytest.raises(errors.StoreError, match="There is no chat"):
        _here("show", "last")
    assert not (home / "chats.db").exists()


def test_the_list_has_every_chat(store: Store) -> None:
    """As a table of 80 columns, or as JSON."""
    record, _ = talks.keep(store, "a", "b", title="Tea ceremony, and what belongs to it for guests")
    talks.keep(store, "a", "b", "c", "d")
    store.set_pinned(record.id, True)
    done = command.run("chats", "list")
    assert (0, "") == (done.code, done.err)
    heading, first, second = done.out.splitlines()
    assert heading.split() == ["id", "title", "messages", "last", "used", "model"]
    assert first.split()[:4] == [record.id[:8], "*", "Tea", "ceremony,"]
    assert "(no title)" in second and "4 today" in second
    assert max(map(len, done.out.splitlines())) < 80
    found = command.run("chats", "list", "--json").json
    keys = ["id", "title", "is_pinned", "messages", "model", "created", "updated", "deleted"]
    assert keys == list(found[0])
    assert (record.id, True, 2, "Guide") == tuple(
        found[0][key] for key in ("id", "is_pinned", "messages", "model")
    )


def test_a_search_shows_the_words_around(store: Store) -> None:
    """Under the chats that they are in."""
    record, (asked, _) = talks.keep(store, "如何清理缓存文件?", "So.", title="Cache")
    assert f"{record.id[:8]}  Cache\n  you: 如何清理缓存文件?\n" == _here("search", "缓存")
    assert 'No chat has "nothing of this".\n' == _here("search", "nothing", "of", "this")
    done = command.run("chats", "search", "缓存", "--json", "--limit", "1")
    (hit,) = done.json
    assert (record.id, asked.id, "user") == (hit["chat_id"], hit["message_id"], hit["role"])
    assert [{"text": "缓存", "is_match": True}] == [
        each for each in hit["snippet"] if each["is_match"]
    ]


@pytest.mark.parametrize("name", ["id", "tea cer", "TEA CEREMONY", "last"])
def test_a_chat_is_named_by_what_the_list_shows(store: Store, name: str) -> None:
    """The beginning of its id, its title or a part of it, or last."""
    talks.keep(store, "x", "y", title="Other")
    record, _ = talks.keep(store, "Why?", "Because.", title="Tea ceremony")
    shown = _here("show", record.id[:6] if name == "id" else name)
    assert "Tea ceremony\n\nYou:\nWhy?\n\nGuide:\nBecause.\n" == shown


def test_several_are_never_guessed_from(store: Store) -> None:
    """Each has to be named; a whole title is enough."""
    first, _ = talks.keep(store, "a", "b", title="Tea")
    second, _ = talks.keep(store, "a", "b", title="Tea and milk")
    assert "Tea\n" in _here("show", "tea")
    with pytest.raises(errors.UsageError) as caught:
        _here("show", "te")
    assert {first.id[:8], second.id[:8]} == set(
        caught.value.hint.removeprefix("Name one: ").split(", ")
    )


def test_the_branch_that_is_shown_is_printed(store: Store) -> None:
    """With versions, files, and how an answer ended; everything about it as JSON."""
    record, (asked, _) = talks.keep(store, "Why?", "First.")
    second = talks.turn(record.id, asked.id, "", "Second")[1]
    stopped = dataclasses.replace(second, parent_id=asked.id, ending="cancelled")
    store.add(stopped)
    store.add(talks.streaming(record.id, stopped.id)[0])
    shown = _here("show", "last")
    assert shown.endswith("Guide (2/2):\nSecond\n(stopped)\n\nYou:\n[a.py]\nWell?\n")
    found = command.run("chats", "show", "last", "--json").json
    assert ["Why?", "Second", "Well?"] == [each["text"] for each in found["branch"]]
    assert [{"name": "a.py", "text": "x = 1"}] == found["branch"][2]["files"]
    assert "ab12" == found["branch"][1]["model"]["sha256"]


@hubs.needs_terminal
def test_no_control_byte_reaches_the_terminal(store: Store) -> None:
    """Of titles and messages, in lists, hits and chats; a pipe gets messages as they are."""
    talks.keep(store, HOSTILE, HOSTILE, title=HOSTILE)
    for words in (("list",), ("search", "tea"), ("show", "last")):
        shown = _on_terminal("chats", *words)
        assert "Tea" in shown
        assert set() == set(shown) & set("\x1b\x07\u202e\x7f")
    assert HOSTILE in _here("show", "last")


def test_a_deleted_chat_comes_back(store: Store) -> None:
    """By the command that rm prints."""
    record, _ = talks.keep(store, "a", "b", title="Tea")
    done = command.run("chats", "rm", "tea", "--yes")
    assert f'Deleted "Tea". To undo: localchat chats restore {record.id[:8]}\n' == done.out
    assert () == store.chats()
    assert record.id[:8] in _here("list", "--deleted")
    assert '"Tea" is back.\n' == _here("restore", record.id[:8])
    assert 1 == len(store.chats())


def test_forever_is_forever(store: Store) -> None:
    """Also for a chat that was deleted before."""
    for title in ("One", "Two"):
        talks.keep(store, "a", "b", title=title)
    _here("rm", "one", "-y")
    assert 'Removed "One" for good.\n' == _here("rm", "one", "--forever", "-y")
    found = command.run("chats", "rm", "two", "--forever", "-y", "--json").json
    assert ("Two", False) == (found["title"], found["is_kept"])
    assert () == store.chats() == store.chats(deleted=True)


def test_without_a_terminal_it_needs_yes(store: Store) -> None:
    """One sentence says what would go and what to type."""
    record, _ = talks.keep(store, "a", "b", title="Tea")
    refused = command.run("chats", "rm", "tea", piped="y\n")
    assert (2, "") == (refused.code, refused.out)
    assert 'This would delete "Tea" with 2 messages' in refused.err
    assert f"Say --yes: localchat chats rm {record.id[:8]} --yes" in refused.err
    assert 1 == len(store.chats())


@hubs.needs_terminal
def test_a_terminal_is_asked(store: Store) -> None:
    """Anything but yes leaves the chat."""
    talks.keep(store, "a", "b", title="Tea")
    for typed, left in (("\n", 1), ("y\n", 0)):
        seen = hubs.on_terminal(
            "chats", "rm", "tea", typed=typed, after="? It can be brought back", variables={}
        )
        assert 0 == seen.code
        assert left == len(store.chats())


@pytest.mark.parametrize("words", [(), ("frobnicate",), ("show",), ("search",), ("list", "x")])
def test_wrong_use_is_said_in_a_sentence(words: tuple[str, ...]) -> None:
    """With the way to the help."""
    done = command.run("chats", *words)
    assert (2, "") == (done.code, done.out)
    assert "--help" in done.err and 2 == len(done.err.splitlines())


def _on_terminal(*words: str) -> str:
    """Run a command whose stdout is a terminal without colors, and give what stands there."""
    ours, theirs = pty.openpty()
    process = command.start(*words, variables={"NO_COLOR": "1"}, stdout=theirs)
    os.close(theirs)
    shown = b""
    # Linux reports the end of a terminal as an error.
    with contextlib.suppress(OSError):
        while piece := os.read(ours, 65536):
            shown += piece
    os.close(ours)
    process.communicate()
    return shown.decode()
