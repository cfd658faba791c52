"""`localchat run` refuses in one sentence: bad files, wrong usage, wrong settings."""

from pathlib import Path

import pytest

from tests.cli import command
from tests.models import files


def _bad_files(folder: Path) -> dict[str, tuple[Path, int, str]]:
    text = folder / "notes.gguf"
    text.write_text("These are my notes.\n")
    cut = files.write(folder / "cut.gguf", data_bytes=100)
    clip = files.write(folder / "mm.gguf", metadata=(files.text("general.architecture", "clip"),))
    return {
        "missing": (folder / "none.gguf", 3, "There is no file "),
        "folder": (folder, 3, "is a folder, not a model file."),
        "text": (text, 8, 'notes.gguf is not a GGUF file: it starts with "Thes".'),
        "cut": (cut, 8, "cut.gguf is truncated: it should have "),
        "clip": (clip, 8, "mm.gguf is the vision or audio part of a model"),
    }


@pytest.mark.parametrize("case", ["missing", "folder", "text", "cut", "clip"])
def test_bad_files_give_one_sentence_and_their_code(case: str, tmp_path: Path) -> None:
    """Nothing is started: the header is read first. stdout stays empty, also with --json."""
    path, code, words = _bad_files(tmp_path)[case]
    script = {"die": {"at": "start", "how": "SIGKILL"}}
    for more in ((), ("--json",)):
        done = command.run("run", str(path), "Hi", *more, script=script)
        assert (done.code, done.out) == (code, "")
        assert words in done.err
        assert len(done.err.splitlines()) <= 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--temp abc", '--temp must be a number from 0 to 10, not "abc".'),
        ("--temp nan", '--temp must be a number from 0 to 10, not "nan".'),
        ("-c -5", '-c/--ctx-size must be a whole number from 0 to 16,777,216, not "-5".'),
        ("--top-p 7", '--top-p must be a number from 0 to 1, not "7".'),
        ("--seed 1.5", '--seed must be a whole number from -1 to 4,294,967,295, not "1.5".'),
        ("-ctk q9", "-ctk/--cache-type-k must be f32, f16, bf16, "),
        ("-fa maybe", '-fa/--flash-attn must be auto, on or off, not "maybe".'),
        ("-ctv q8_0 -fa off", "A value cache of q8_0 needs flash attention, which is off."),
        ("--think perhaps", "--think: invalid choice: 'perhaps'"),
        ("--reasoning-budget -2", "--reasoning-budget must be a whole number, -1 or more"),
        ("-j {", "The JSON schema is not JSON: "),
        ('-j {"not":{}}', '"not" in the schema is not supported.'),
        ("-j @/none/x", "The JSON schema /none/x cannot be read: No such file"),
        ("-j {} --stop x", "An answer that has to be JSON does not end at stop strings."),
        ("--temp", "--temp: expected one argument."),
        ("--temperature 1", "Unrecognized arguments: --temperature"),
        ("-p again", "There are two prompts, one of them with -p."),
        ("third", 'There is one argument too many: "third".'),
        ("--chat-template-file /none/x", "The template /none/x cannot be read: No such file"),
    ],
)
def test_wrong_usage_gives_one_sentence_and_code_2(
    arguments: str, message: str, model: Path
) -> None:
    """The flag is named, and what may be given."""
    done = command.run("run", str(model), "Hi", *arguments.split(), script={})
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.startswith("localchat: ")
    assert len(done.err.splitlines()) <= 2


def test_nothing_to_ask_is_wrong_usage(model: Path) -> None:
    """No prompt, an empty one, blank stdin: what to type is shown."""
    for arguments, piped in (((), None), (("",), None), (("-p", "  "), "\n \n")):
        done = command.run("run", str(model), *arguments, script={}, piped=piped)
        assert done.code == 2
        assert done.err.splitlines() == [
            "localchat: There is nothing to ask.",
            'Type: localchat run guide "What is Q4_K_S?"',
        ]


def test_a_question_in_place_of_the_model_is_recognized() -> None:
    """Whoever forgets the model is told where it goes."""
    done = command.run("run", "What is Q4_K_S?", script={})
    assert done.code == 3
    assert done.err.splitlines()[1].startswith("The model comes first: localchat run guide ")


def test_wrong_settings_are_named(model: Path, home: Path) -> None:
    """A slip in config.toml ends every command with the file and the key."""
    home.mkdir()
    (home / "config.toml").write_text("[chat]\ntemperature = 1\n")
    done = command.run("run", str(model), "Hi", script={})
    assert done.code == 2
    assert 'config.toml: there is no setting "chat.temperature".' in done.err
