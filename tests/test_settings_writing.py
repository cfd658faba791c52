"""Writing settings: one value changes, the rest of the file stays as its owner wrote it."""

import stat
import sys
from pathlib import Path

import pytest

from localchat import errors, settings
from localchat.settings import writing

OWN = """\
# mine
[chat]  # answers
temp = 0.3  # cool

[keys]
chat.stop = "ctrl+x"  # as at work
"""


def test_a_value_changes_and_comments_stay(tmp_path: Path) -> None:
    """Order, comments and everything else of the file are kept."""
    file = tmp_path / "config.toml"
    file.write_text(OWN, "utf-8")
    writing.put(file, "chat", "temp", 0.7)
    writing.put(file, "keys", "chat.stop", ("f9", "ctrl+x"))
    writing.put(file, "ui", "theme", "nord")
    changed = OWN.replace("0.3", "0.7").replace('"ctrl+x"', '["f9", "ctrl+x"]')
    assert file.read_text("utf-8") == changed + '\n[ui]\ntheme = "nord"\n'


def test_a_value_goes_and_says_whether_it_was_there(tmp_path: Path) -> None:
    """Taking out what is not there changes nothing."""
    file = tmp_path / "config.toml"
    assert writing.remove(file, "chat", "temp") is False
    file.write_text(OWN, "utf-8")
    assert writing.remove(file, "chat", "seed") is False
    assert file.read_text("utf-8") == OWN
    assert writing.remove(file, "keys", "chat.stop") is True
    assert settings.read(file, {}).keys == {}


def test_the_file_is_made_for_this_user_alone(tmp_path: Path) -> None:
    """A first setting makes folder and file, which nobody else can read."""
    file = tmp_path / "new" / "config.toml"
    writing.put(file, "chat", "system", 'Say "hi"\nthen stop.')
    assert settings.read(file, {}).system == 'Say "hi"\nthen stop.'
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["[chat\n", "[chat]\ntemp = 99\n"])
def test_a_file_that_is_wrong_is_not_touched(content: str, tmp_path: Path) -> None:
    """The mistake is told, and the file stays."""
    file = tmp_path / "config.toml"
    file.write_text(content, "utf-8")
    with pytest.raises(errors.SettingsError):
        writing.put(file, "ui", "theme", "nord")
    assert file.read_text("utf-8") == content


def test_a_value_that_cannot_be_is_not_written(tmp_path: Path) -> None:
    """What could not be read again never gets into the file."""
    file = tmp_path / "config.toml"
    with pytest.raises(errors.SettingsError, match=r"chat\.temp must be a number from 0 to 10"):
        writing.put(file, "chat", "temp", 11.0)
    assert not file.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Who keeps the file elsewhere finds the change there."""
    real, link = tmp_path / "dotfiles.toml", tmp_path / "config.toml"
    real.write_text(OWN, "utf-8")
    link.symlink_to(real)
    writing.put(link, "chat", "temp", 0.5)
    assert link.is_symlink()
    assert settings.read(real, {}).temp == 0.5
