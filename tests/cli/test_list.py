"""`localchat list` and `import`: what is on this disk, and how it gets into the models folder."""

import json
import os
from pathlib import Path

import pytest

from localchat import errors
from localchat.cli import stored
from tests.cli import command, hubs
from tests.models import files

_COMMIT = "0123456789abcdef0123456789abcdef01234567"


def _in_hub_cache(tmp_path: Path, repo: str, name: str) -> Path:
    folder = tmp_path / "hugging-face" / "hub" / f"models--{repo.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(_COMMIT)
    return files.write(folder / "snapshots" / _COMMIT / name)


def test_an_empty_disk_says_what_to_do() -> None:
    """And is no error."""
    done = command.run("list")
    assert (0, "") == (done.code, done.err)
    assert "no models on this disk yet" in done.out and "localchat search" in done.out
    found = json.loads(hubs.here("list", "--json"))
    assert {"models": [], "partials": [], "total_bytes": 0, "problems": []} == found


def test_json_tells_who_keeps_what(tmp_path: Path, home: Path) -> None:
    """Our folder, the Hub's cache and other programs; a file that is none has its problem."""
    cached = _in_hub_cache(tmp_path, "maker/model", "model-Q4_K_M.gguf")
    own = files.write(home / "models" / "own.gguf", data_bytes=2000)
    studio = tmp_path / "user" / ".lmstudio" / "models" / "someone" / "thing" / "thing-Q8_0.gguf"
    files.write(studio, data_bytes=3000)
    broken = home / "models" / "broken.gguf"
    broken.write_bytes(b"GGUX" + bytes(100))
    found = json.loads(hubs.here("list", "--json"))
    by_name = {each["name"]: each for each in found["models"]}
    kept = {name: [copy["kept_by"] for copy in each["copies"]] for name, each in by_name.items()}
    assert {
        "maker/model:Q4_K_M": ["Hugging Face cache"],
        "own": ["localchat"],
        "someone/thing/thing-Q8_0": ["LM Studio"],
        "broken": ["localchat"],
    } == kept
    assert str(cached) == by_name["maker/model:Q4_K_M"]["path"]
    assert ("llama", own.stat().st_size, "") == tuple(
        by_name["own"][key] for key in ("architecture", "bytes", "problem")
    )
    assert "is not a GGUF file" in by_name["broken"]["problem"]
    sizes = sum(each["disk_bytes"] for each in found["models"])
    assert sizes == found["total_bytes"]


def test_text_fits_a_terminal_and_cuts_no_name(tmp_path: Path) -> None:
    """Names can be copied from it, whatever their length."""
    repo = "somebody-with-a-name/a-model-whose-name-is-longer-than-any-column"
    _in_hub_cache(tmp_path, repo, "model-Q4_K_M.gguf")
    said = hubs.here("list")
    assert f"{repo}:Q4_K_M" in said.splitlines()
    rows = [line.split() for line in said.splitlines()]
    assert ["1", "KiB", "today", "HF", "cache"] in rows or ["2", "KiB"] == rows[2][:2]
    assert "on this disk in all." in said


def test_names_of_the_list_open_models(tmp_path: Path) -> None:
    """`run` finds what other programs keep, by the name that the list shows."""
    studio = tmp_path / "user" / ".lmstudio" / "models" / "someone" / "thing" / "thing-Q8_0.gguf"
    files.write(studio)
    words = ("run", "someone/thing/thing-Q8_0", "Hi", "--json")
    done = command.run(*words, script={"answers": ["Hello."]})
    assert (0, str(studio)) == (done.code, done.json["settings"]["path"])


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("mistral-7b", ["model-UD-Q4_K_M.gguf", "model-Q4_K_M.gguf"]),
        ("mistral-7b:q4_k_m", ["model-Q4_K_M.gguf"]),
        ("hf.co/bartowski/Mistral-7B-Instruct-v0.3-GGUF:UD-Q4_K_M", ["model-UD-Q4_K_M.gguf"]),
        ("mistral-7b@Q8_0", []),
        ("qwen3-4b", []),
    ],
)
def test_names_of_the_catalogue_mean_what_is_here(
    tmp_path: Path, typed: str, names: list[str]
) -> None:
    """What was used last comes first; quantizations that look alike are told apart."""
    repo = "bartowski/Mistral-7B-Instruct-v0.3-GGUF"
    older = _in_hub_cache(tmp_path, repo, "model-Q4_K_M.gguf")
    files.write(older.with_name("model-UD-Q4_K_M.gguf"), data_bytes=2000)
    os.utime(older, (1_000_000_000, 1_000_000_000))
    found = [entry.path.name for entry in stored.find(typed)]
    assert sorted(names) == sorted(found)
    assert names[:1] == found[:1]


def test_import_gives_a_file_a_second_name(tmp_path: Path, home: Path) -> None:
    """It takes no room, the original is as it was, and the model opens by its name."""
    source = files.write(tmp_path / "downloads" / "mine.gguf")
    before = (source.read_bytes(), source.stat().st_mtime_ns)
    done = command.run("import", str(source), "--json")
    assert 0 == done.code, done.err
    target = home / "models" / "mine.gguf"
    assert [
        {
            "source": str(source),
            "path": str(target),
            "bytes": source.stat().st_size,
            "how": "linked",
        }
    ] == done.json
    assert before == (source.read_bytes(), source.stat().st_mtime_ns)
    assert os.path.samefile(source, target)
    again = hubs.here("import", str(source))
    assert "is in the models folder already" in again


def test_import_takes_a_folder_and_all_parts(tmp_path: Path, home: Path) -> None:
    """Every model in it, split ones whole, through a link as well."""
    folder = tmp_path / "stick"
    for number in (1, 2):
        files.write(folder / "deep" / f"big-0000{number}-of-00002.gguf")
    files.write(folder / "small.gguf")
    (folder / "notes.txt").write_text("no model")
    (tmp_path / "linked").symlink_to(folder)
    found = json.loads(hubs.here("import", str(tmp_path / "linked"), "--json"))
    names = ["big-00001-of-00002.gguf", "small.gguf"]
    assert names == [Path(each["path"]).name for each in found]
    assert [*names[:1], "big-00002-of-00002.gguf", "small.gguf"] == sorted(
        path.name for path in (home / "models").iterdir()
    )


def test_import_refuses_what_it_cannot_take(tmp_path: Path, home: Path) -> None:
    """With a sentence and an exit code, and before anything is done."""
    good = files.write(tmp_path / "a" / "good.gguf")
    other = files.write(tmp_path / "b" / "good.gguf", data_bytes=3000)
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUX" + bytes(100))
    (tmp_path / "empty").mkdir()
    for words, code, message in (
        ((tmp_path / "none.gguf",), 3, "There is no file"),
        ((tmp_path / "empty",), 3, "There is no .gguf file in"),
        ((good, broken), 8, "is not a GGUF file"),
    ):
        with pytest.raises(errors.LocalchatError) as caught:
            hubs.here("import", *map(str, words))
        assert (code, True) == (caught.value.exit_code, message in caught.value.message)
        assert not (home / "models").exists()
    hubs.here("import", str(good))
    with pytest.raises(errors.UsageError) as taken:
        hubs.here("import", str(other))
    assert "There is another good.gguf in the models folder." == taken.value.message
