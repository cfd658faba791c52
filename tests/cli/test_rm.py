"""`localchat rm`: what it frees and who else uses it is said before anything goes."""

from pathlib import Path

import pytest

from localchat import errors
from tests.cli import command, hubs
from tests.models import files


@pytest.fixture
def own(home: Path) -> Path:
    """A model in the models folder."""
    return files.write(home / "models" / "mine.gguf", data_bytes=200_000)


@hubs.needs_terminal
def test_a_terminal_is_asked(own: Path) -> None:
    """With the bytes that come free; anything but yes leaves the file."""
    for typed, is_kept, said in (("\n", True, "Nothing was removed."), ("y\n", False, "")):
        seen = hubs.on_terminal("rm", "mine", typed=typed, after="? [y/N]", variables={})
        assert 0 == seen.code
        assert "Remove mine and free 19" in seen.terminal and said in seen.terminal
        assert is_kept == own.exists()
    assert seen.out.startswith("Removed mine: ")


def test_without_a_terminal_it_needs_yes(own: Path) -> None:
    """One sentence says what would come free and what to type."""
    refused = command.run("rm", "mine", piped="y\n")
    assert (2, "") == (refused.code, refused.out)
    assert "Removing mine would free " in refused.err
    assert "Say --yes: localchat rm mine --yes" in refused.err
    assert own.exists()
    done = command.run("rm", "mine", "-y", "--json")
    assert (0, "") == (done.code, done.err)
    assert ["name", "freed_bytes", "removed", "notes"] == list(done.json)
    assert (str(own), False) == (done.json["removed"][0], own.exists())
    assert done.json["freed_bytes"] >= 200_000


def test_a_file_with_another_name_frees_nothing(own: Path, tmp_path: Path) -> None:
    """And it says so."""
    other = tmp_path / "other.gguf"
    other.hardlink_to(own)
    done = command.run("rm", "mine", "--yes")
    assert 0 == done.code
    assert "another folder has a hard link" in done.err
    assert "Removed mine: 0 B are free again.\n" == done.out
    assert other.exists()


def test_what_others_keep_is_left_to_them(tmp_path: Path) -> None:
    """With the way to remove it there."""
    studio = tmp_path / "user" / ".lmstudio" / "models" / "someone" / "thing" / "thing-Q8_0.gguf"
    files.write(studio)
    with pytest.raises(errors.UsageError) as caught:
        hubs.here("rm", "someone/thing/thing-Q8_0", "--yes")
    assert "LM Studio keeps this model." in caught.value.message
    assert "Remove it there" in caught.value.hint
    assert studio.exists()


def test_several_are_never_guessed_from(tmp_path: Path) -> None:
    """A repository with two quantizations here: each has to be named."""
    commit = "0" * 40
    folder = tmp_path / "hugging-face" / "hub" / "models--maker--model" / "snapshots" / commit
    for number, label in enumerate(("Q4_K_M", "Q8_0")):
        files.write(folder / f"model-{label}.gguf", data_bytes=2000 + number)
    with pytest.raises(errors.UsageError) as caught:
        hubs.here("rm", "maker/model", "--yes")
    assert "maker/model may be 2 things on this disk." == caught.value.message
    assert {"maker/model:Q4_K_M", "maker/model:Q8_0"} == set(
        caught.value.hint.removeprefix("Name one of them: ").split(", ")
    )
    hubs.here("rm", "maker/model:Q8_0", "--yes")
    assert ["model-Q4_K_M.gguf"] == [path.name for path in folder.iterdir()]


def test_a_download_that_did_not_finish_can_go(tmp_path: Path) -> None:
    """By its repository, or by its path."""
    blobs = tmp_path / "hugging-face" / "hub" / "models--maker--model" / "blobs"
    blobs.mkdir(parents=True)
    part = blobs / f"{'a' * 64}.incomplete"
    part.write_bytes(bytes(5000))
    done = command.run("rm", "maker/model", "--yes", "--json")
    assert 0 == done.code, done.err
    assert [str(part)] == done.json["removed"]
    assert not part.exists()


@pytest.mark.parametrize(
    ("model", "code", "message"),
    [("guide", 2, "guide is part of localchat"), ("nothing", 3, "There is no nothing on this")],
)
def test_what_cannot_go(model: str, code: int, message: str) -> None:
    """One sentence."""
    with pytest.raises(errors.LocalchatError) as caught:
        hubs.here("rm", model, "--yes")
    assert (code, True) == (caught.value.exit_code, message in caught.value.message)
