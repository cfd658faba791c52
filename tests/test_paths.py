"""Where files are kept, and that nobody else can read them."""

import os
from pathlib import Path

import pytest

from localchat import paths


def test_localchat_home_moves_everything(home: Path) -> None:
    """With LOCALCHAT_HOME set, every place lies in it, and asking makes none of them."""
    places = paths.paths()
    assert places == paths.Paths(home / "config.toml", home / "models", home / "state")
    assert places.engine_logs == home / "state" / "engine"
    assert places.safe_mode_file == home / "state" / "safe-mode.json"
    assert not home.exists()


def test_localchat_home_may_be_relative_or_start_with_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The home is made absolute, so that changing folders later does not move it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOCALCHAT_HOME", "here")
    assert paths.paths().models == tmp_path / "here" / "models"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LOCALCHAT_HOME", "~/there")
    assert paths.paths().models == tmp_path / "there" / "models"


def test_without_a_home_each_system_has_its_own_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, data and state are told apart where the system does."""
    monkeypatch.delenv("LOCALCHAT_HOME")
    places = paths.paths()
    assert places.config_file.name == "config.toml"
    assert places.models.name == "models"
    every = (places.config_file, places.models, places.state)
    assert all("localchat" in path.parts for path in every)


def test_folders_and_files_are_private(tmp_path: Path) -> None:
    """Whatever the umask, only this user can read what is written."""
    before = os.umask(0)
    try:
        folder = paths.private_folder(tmp_path / "new")
        paths.write_atomically(folder / "file.json", "[]")
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "file.json").stat().st_mode & 0o777 == 0o600


def test_a_file_is_replaced_whole_and_leaves_no_part(tmp_path: Path) -> None:
    """The new content stands there alone."""
    file = tmp_path / "file.json"
    paths.write_atomically(file, "old")
    paths.write_atomically(file, "new é")
    assert file.read_text(encoding="utf-8") == "new é"
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["file.json"]


def test_the_guide_is_found() -> None:
    """The built-in model lies in the package, or beside the source tree."""
    assert paths.guide_model().name == "guide.gguf"
    assert paths.guide_model().is_file()
