"""Linear mode: the same chats in plain lines, through a pipe and through a terminal."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from localchat.chat.messages import Message
from localchat.chat.store.store import Store
from localchat.cli.linear import hearing, speaker
from localchat.engine import wire
from tests.cli import command

THOUGHTFUL = "<think>\nFirst I think.\n</think>\nOne sentence. Another one."
HEAVY = ("textual", "rich")


def _talk(home: Path, piped: str, script: Mapping[str, Any], *more: str) -> command.Done:
    return command.run(
        "--linear", "-m", "guide", *more,
        script=script, piped=piped, variables={"LOCALCHAT_HOME": str(home)},
    )  # fmt: skip


def _messages(home: Path) -> tuple[tuple[str, str], ...]:
    store = Store.open(home / "chats.db")
    try:
        (record,) = store.chats()
        return tuple((each.role, each.text) for each in store.tree(record.id).path())
    finally:
        store.close()


def test_a_script_of_lines_is_a_chat(tmp_path: Path) -> None:
    """Piped lines are repeated, answered under marks, and kept; nothing but text comes out."""
    done = _talk(tmp_path, "Hello\n/thoughts\n/quit\n", {"answers": [THOUGHTFUL]})
    assert done.code == 0
    assert "You: Hello\n" in done.out
    assert "The model is thinking.\nThe model thought for " in done.out
    assert "Model: One sentence. Another one.\nEnd of the answer: 15 tokens" in done.out
    assert "You: /thoughts\nFirst I think.\n" in done.out
    assert "\x1b" not in done.out
    assert _messages(tmp_path) == (("user", "Hello"), ("assistant", "One sentence. Another one."))


def test_several_lines_and_words_that_change_the_chat(tmp_path: Path) -> None:
    """Triple quotes hold several lines; the system prompt reaches the engine."""
    log = tmp_path / "commands"
    piped = '/system Be brief.\n"""One\ntwo"""\n/edit Other words\n/rename Mine\n'
    done = _talk(tmp_path, piped, {"log": str(log), "answers": ["Yes."]})
    assert done.code == 0
    sent = [json.loads(line) for line in log.read_text().splitlines() if '"generate"' in line]
    assert [each["messages"][-1]["text"] for each in sent] == ["One\ntwo", "Other words"]
    assert sent[0]["messages"][0]["text"] == "Be brief."
    assert 'The chat is called "Mine".' in done.out


def test_slips_are_told_and_the_talk_goes_on(tmp_path: Path) -> None:
    """A wrong word, a file that is missing, and a word of the screens: one sentence each."""
    piped = "/quti\n/attach missing.txt\n/theme nord\nHello\n"
    done = _talk(tmp_path, piped, {"answers": ["Here."]})
    assert "There is no command /quti. Did you mean /quit?" in done.out
    assert "missing.txt" in done.out
    assert "/theme is for the screens only." in done.out
    assert "Model: Here." in done.out


def test_a_second_slash_makes_a_message_of_a_command(tmp_path: Path) -> None:
    """As in the screens: `//quit` says "/quit" to the model."""
    done = _talk(tmp_path, "//quit\n", {"answers": ["Here."]})
    assert done.code == 0
    assert _messages(tmp_path) == (("user", "/quit"), ("assistant", "Here."))


def test_what_the_model_says_cannot_drive_the_terminal(tmp_path: Path) -> None:
    """Control bytes of an answer are shown, not sent; also into a pipe."""
    done = _talk(tmp_path, "Hello\n", {"answers": ["A \x1b]52;c;eA==\x07 trick.\x9b2J"]})
    assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.out) is None
    assert "trick." in done.out


def test_a_prompt_that_is_too_long_is_refused(tmp_path: Path) -> None:
    """It is told with the numbers, and the talk goes on."""
    done = _talk(tmp_path, "Hello\n", {"prompt_tokens": 9000, "context_tokens": 4096})
    assert done.code == 0
    assert "9,000 tokens" in done.out
    assert "Your message was not sent." in done.out


def test_an_engine_that_dies_is_told(tmp_path: Path) -> None:
    """A crash in the middle of an answer is one more sentence."""
    script = {"answers": ["One. Two. Three. Four."], "die": {"at": "decode", "how": "SIGABRT"}}
    done = _talk(tmp_path, "Hello\n/help\n", script)
    assert done.code == 0
    assert "Model: One." in done.out
    assert "/help: every command" in done.out


def test_the_variable_and_the_setting_mean_it_too(tmp_path: Path) -> None:
    """LOCALCHAT_LINEAR=1 and `[ui] linear` begin a talk; a model is chosen by its number."""
    variables = {"LOCALCHAT_HOME": str(tmp_path), "LOCALCHAT_LINEAR": "1"}
    by_variable = command.run(script={}, piped="1\n/quit\n", variables=variables)
    assert "1. Guide. It fits: " in by_variable.out
    assert "is ready. It sees 2,048 tokens at once." in by_variable.out
    (tmp_path / "config.toml").write_text("[ui]\nlinear = true\n")
    by_file = command.run(script={}, piped="99\n", variables={"LOCALCHAT_HOME": str(tmp_path)})
    assert by_file.code == 2
    assert "No model was chosen." in by_file.err


@pytest.mark.parametrize("module", ["running", "talk", "core"])
def test_nothing_heavy_is_loaded(module: str) -> None:
    """Linear mode runs where there is no Textual."""
    program = (
        f"import sys, localchat.cli.linear.{module}, localchat.cli.starting;"
        f" print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        env=command.environment(None),
    )  # fmt: skip
    assert done.stdout == "[]\n"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pty")
@pytest.mark.parametrize("term", ["dumb", "xterm-256color"])
def test_a_terminal_gets_lines_only(term: str, tmp_path: Path) -> None:
    """Ctrl-C stops an answer and keeps it, twice it leaves; no screen, no color, no cursor."""
    from tests.ui.terminal import Terminal, python

    script = {"answers": ["One sentence. " * 40], "rate": 20}
    variables = command.environment(script, {"LOCALCHAT_HOME": str(tmp_path), "TERM": term})
    named = [f"{name}={variables[name]}" for name in ("LOCALCHAT_WORKER", "LOCALCHAT_HOME", "TERM")]
    words = ("env", *named, *python("-m", "localchat", "--linear", "-m", "guide"))
    with Terminal(words, columns=80, rows=30) as terminal:
        terminal.shows("You:")
        terminal.type("Hello\r")
        terminal.shows("Model: One sentence.")
        terminal.process.send_signal(signal.SIGINT)
        terminal.shows("It was stopped; /continue goes on.")
        # Before the next line is asked for, a second Ctrl-C would leave at once.
        terminal.until(lambda: terminal.text.count("You:") == 2)
        terminal.process.send_signal(signal.SIGINT)
        terminal.shows("Press Ctrl-C once more to leave, or write on.")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.ends() == 130
        raw = terminal.raw
    # Readline may ask for pasted text in one piece; a dumb terminal is not even asked that.
    asked = re.sub(rb"\x1b\[\?2004[hl]", b"", raw) if term != "dumb" else raw
    assert b"\x1b" not in asked
    kept = _messages(tmp_path)
    assert kept[0] == ("user", "Hello")
    assert kept[1][1].startswith("One sentence.")


def test_the_real_engine_answers(tmp_path: Path) -> None:
    """The built-in model answers, and the chat is there for the next time."""
    variables = {"LOCALCHAT_HOME": str(tmp_path)}
    piped = "What is Q4_K_S?\n/quit\n"
    first = command.run("--linear", "-m", "guide", "--temp", "0", piped=piped, variables=variables)
    assert first.code == 0
    assert re.search(r"Model: .*4-bit", first.out)
    second = command.run("--linear", "-m", "guide", piped="/chats\n1\n", variables=variables)
    assert "Going on with What is Q4_K_S?, 2 messages." in second.out


def test_sentences_come_whole() -> None:
    """A reader hears whole sentences and lines, and one that never ends by the word."""
    pieces = speaker.Sentences()
    assert [pieces.feed(each) for each in ("It is", " 3.5 m.", " Then", "\nNext")] == [
        "", "", "It is 3.5 m. ", "Then\n",
    ]  # fmt: skip
    assert pieces.close() == "Next"
    endless = speaker.Sentences()
    said = "".join(endless.feed("word ") for _ in range(100))
    assert said.endswith("word ")
    assert len(said) > 400


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (Message("1", "1", None, "assistant", ending="error"), ""),
        (
            Message("1", "1", None, "assistant", ending="cancelled", stats=wire.Stats()),
            "Stopped before there was an answer.",
        ),
        (
            Message(
                "1", "1", None, "assistant", ending="length", stats=wire.Stats(tokens=1, seconds=1)
            ),
            "End of the answer: 1 token. It stopped at the limit of tokens; /continue goes on.",
        ),
    ],
)
def test_endings_are_told(message: Message, said: str) -> None:
    """Every way an answer can end has its words."""
    assert hearing.spoken_ending(message, None) == said
