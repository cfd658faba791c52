"""`localchat config`: settings are shown, changed and checked; so are keys."""

import json
import sys
from pathlib import Path

import pytest

from tests.cli import command


def _run(home: Path, *words: str, **variables: str) -> command.Done:
    return command.run("config", *words, variables={"LOCALCHAT_HOME": str(home), **variables})


def test_a_value_is_set_read_and_taken_out(tmp_path: Path) -> None:
    """What was set is got back, in the file beside the owner's words, and then is gone."""
    file = tmp_path / "config.toml"
    file.write_text("# mine\n[ui]\ntheme = 'nord'  # dark\n", "utf-8")
    assert _run(tmp_path, "set", "chat.temp", "0.7").code == 0
    assert _run(tmp_path, "get", "temp").out == "0.7\n"
    assert file.read_text("utf-8").startswith("# mine\n[ui]\ntheme = 'nord'  # dark\n")
    assert _run(tmp_path, "unset", "chat.temp").code == 0
    gone = _run(tmp_path, "get", "chat.temp")
    assert (gone.code, gone.err) == (1, "localchat: chat.temp is not set.\n")


def test_the_list_says_where_values_come_from(tmp_path: Path) -> None:
    """The environment wins over the file, and the list says so."""
    (tmp_path / "config.toml").write_text('[chat]\ntemp = 0.5\n[downloads]\nlimit = "1MB"\n')
    done = _run(tmp_path, "--json", LOCALCHAT_TEMP="0.2")
    found = {row["key"]: row for row in done.json}
    assert (found["chat.temp"]["value"], found["chat.temp"]["source"]) == (0.2, "LOCALCHAT_TEMP")
    assert (found["downloads.limit"]["value"], found["chat.seed"]["source"]) == (1_000_000, None)
    assert "chat.temp                0.5  (config.toml)" in _run(tmp_path, "list").out


def test_keys_are_set_and_listed(tmp_path: Path) -> None:
    """A command gets keys of one's own, which the list of keys shows."""
    assert _run(tmp_path, "set", "keys.chat.stop", "ctrl+x, f9").code == 0
    assert _run(tmp_path, "get", "keys.chat.stop").out == "ctrl+x,f9\n"
    listed = json.loads(_run(tmp_path, "keys", "--json").out)
    stop = next(each for each in listed if each["id"] == "chat.stop")
    assert (stop["keys"], stop["is_own"]) == (["ctrl+x", "f9"], True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("set", "temp", "99"), 'chat.temp must be a number from 0 to 10, not "99".'),
        (("set", "chat.tmp", "1"), "Did you mean chat.temp?"),
        (("set", "keys.chat.stop", "ctrl+n"), "is the key of both chat.stop and chat.new."),
        (("set", "theme", "gruvbx"), "Did you mean gruvbox?"),
        (("set", "temp"), "takes a KEY and a VALUE."),
        (("list", "temp"), "takes nothing more."),
        (("gte", "temp"), "Did you mean get?"),
    ],
)
def test_what_cannot_be_is_told_and_not_written(
    words: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    """One sentence says what is wrong; the file is not made."""
    done = _run(tmp_path, *words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert not (tmp_path / "config.toml").exists()


def test_what_was_edited_is_checked(tmp_path: Path) -> None:
    """The editor opens the file, also a new one, and a mistake in it is told at once."""
    program = tmp_path / "editor.py"
    program.write_text("import sys\nopen(sys.argv[1], 'a').write('[chat]\\ntemp = 70\\n')\n")
    done = _run(tmp_path, "edit", VISUAL=f"{sys.executable} {program}")
    assert done.code == 2
    assert "chat.temp must be a number from 0 to 10" in done.err
    assert (tmp_path / "config.toml").read_text("utf-8").startswith("# Settings of localchat.")


def test_the_path_is_printed(tmp_path: Path) -> None:
    """`path` prints the file, whether or not it is there."""
    assert _run(tmp_path, "path").out == f"{tmp_path / 'config.toml'}\n"
