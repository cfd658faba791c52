"""Removing models: what goes, what stays, and what is said about it beforehand."""

import os
from pathlib import Path

import pytest

from localchat import errors
from localchat.library import library, parts, removal
from localchat.library.cache import Cache
from localchat.library.entries import Library
from localchat.library.places import Place, Program
from localchat.library.values import RemoteFile
from tests.library import disks
from tests.library.disks import HubCache, OllamaStore

REPO = "user/Tiny-GGUF"


def scan(*places: Place) -> Library:
    """Scan with all the time in the world."""
    return library.scan(places, header_seconds=60)


def everything(folder: Path) -> list[str]:
    """Every file and folder below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def taken_bytes(path: Path) -> int:
    """What a file takes on the disk."""
    return path.stat().st_blocks * 512


def test_the_last_model_of_a_repository_leaves_nothing_behind(tmp_path: Path) -> None:
    """Link, blob, reference and folders go, and the plan says to the byte what that frees."""
    cache = HubCache(tmp_path)
    cache.add(REPO, "sub/a-Q8_0.gguf", disks.model())
    [entry] = scan(cache.place).entries
    plan = removal.plan_removal(entry)
    reference = cache.repo(REPO) / "refs" / "main"
    assert entry.allocated_bytes + taken_bytes(reference) == plan.frees_bytes
    [note] = plan.notes
    assert "llama.cpp, transformers and others that use this cache lose it too." == note
    assert plan.frees_bytes == removal.remove(plan)
    assert [] == everything(tmp_path)


def test_other_files_of_a_repository_stay(tmp_path: Path) -> None:
    """Removing one quantization leaves the other, the card, and the branch."""
    cache = HubCache(tmp_path)
    cache.add(REPO, "a-Q8_0.gguf", disks.model("one"))
    kept = cache.add(REPO, "a-Q4_0.gguf", disks.model("two"))
    cache.add(REPO, "README.md", b"card")
    found = scan(cache.place)
    removal.remove(removal.plan_removal(found.entries[1]))
    assert [f"{REPO}:Q4_0"] == [entry.name for entry in scan(cache.place).entries]
    assert kept.is_file() and (cache.repo(REPO) / "refs" / "main").is_file()
    assert 2 == len(list((cache.repo(REPO) / "blobs").iterdir()))


def test_content_that_another_name_uses_stays(tmp_path: Path) -> None:
    """A blob under two names goes with the second one; until then removing frees nothing."""
    cache = HubCache(tmp_path)
    cache.add(REPO, "a-Q8_0.gguf", disks.model())
    cache.add(REPO, "alias.txt", disks.model())
    [entry] = scan(cache.place).entries
    plan = removal.plan_removal(entry)
    assert 0 == plan.frees_bytes
    assert any("the same content: it stays" in note for note in plan.notes)
    removal.remove(plan)
    assert (cache.repo(REPO) / "snapshots" / disks.COMMIT / "alias.txt").is_file()


def test_every_commit_that_has_the_file_loses_it(tmp_path: Path) -> None:
    """A file in two commits is one blob: the plan says so, and both names go."""
    cache = HubCache(tmp_path)
    cache.add(REPO, "a-Q8_0.gguf", disks.model(), disks.OTHER_COMMIT, branch="old")
    cache.add(REPO, "a-Q8_0.gguf", disks.model())
    [entry] = scan(cache.place).entries
    plan = removal.plan_removal(entry)
    assert any(note.startswith("2 commits") for note in plan.notes)
    removal.remove(plan)
    assert [] == everything(tmp_path)


def test_a_hard_link_elsewhere_keeps_the_bytes(tmp_path: Path) -> None:
    """What another folder links to is not free afterwards, and the plan says so."""
    own = Place(Program.LOCALCHAT, tmp_path / "own")
    path = disks.put(own.folder / "a.gguf", disks.model())
    os.link(path, tmp_path / "elsewhere.gguf")
    plan = removal.plan_removal(scan(own).entries[0])
    assert (0, True) == (plan.frees_bytes, "hard link" in plan.notes[0])
    removal.remove(plan)
    assert ["elsewhere.gguf", "own"] == everything(tmp_path)


def test_a_link_in_our_folder_goes_and_its_file_stays(tmp_path: Path) -> None:
    """A link that the user made is removed; what it leads to is not ours."""
    own = Place(Program.LOCALCHAT, tmp_path / "own")
    target = disks.put(tmp_path / "target.gguf", disks.model())
    own.folder.mkdir()
    (own.folder / "a.gguf").symlink_to(target)
    plan = removal.plan_removal(scan(own).entries[0])
    assert (0, True) == (plan.frees_bytes, "Only the link goes" in plan.notes[0])
    removal.remove(plan)
    assert target.is_file() and not (own.folder / "a.gguf").is_symlink()


def test_other_programs_models_are_refused_with_their_own_command(tmp_path: Path) -> None:
    """Ollama's files are Ollama's: nothing goes, and the sentence says how to do it there."""
    ollama = OllamaStore(tmp_path)
    ollama.add("registry.ollama.ai/library/tiny/1b", disks.model())
    before = everything(tmp_path)
    plan = removal.plan_removal(scan(ollama.place).entries[0])
    assert ("Ollama keeps this model.", "Remove it there: ollama rm tiny:1b") == (
        plan.refused,
        plan.hint,
    )
    with pytest.raises(errors.UsageError):
        removal.remove(plan)
    assert before == everything(tmp_path)


def test_our_copy_goes_and_another_programs_stays(tmp_path: Path) -> None:
    """Of two copies the one that may be removed is, and the plan names the other's keeper."""
    ollama = OllamaStore(tmp_path / "ollama")
    blob = ollama.add("registry.ollama.ai/library/tiny/1b", disks.model())
    own = Place(Program.LOCALCHAT, tmp_path / "own")
    path = disks.put(own.folder / "a.gguf", disks.model())
    plan = removal.plan_removal(scan(own, ollama.place).entries[0])
    assert ["The copy that Ollama keeps stays."] == list(plan.notes)
    removal.remove(plan)
    assert blob.is_file() and not path.exists()


def test_a_file_that_changed_since_the_plan_stays(tmp_path: Path) -> None:
    """What is no longer what was shown is not removed."""
    own = Place(Program.LOCALCHAT, tmp_path)
    path = disks.put(tmp_path / "a.gguf", disks.model())
    plan = removal.plan_removal(scan(own).entries[0])
    disks.put(tmp_path / "new", b"another file")
    (tmp_path / "new").replace(path)
    with pytest.raises(errors.LocalchatError, match="changed"):
        removal.remove(plan)
    assert b"another file" == path.read_bytes()


def test_a_loaded_model_is_refused(tmp_path: Path) -> None:
    """The file under the engine stays as long as it is loaded."""
    own = Place(Program.LOCALCHAT, tmp_path)
    path = disks.put(tmp_path / "a.gguf", disks.model())
    plan = removal.plan_removal(scan(own).entries[0], pinned=frozenset({path}))
    assert "It is loaded right now." == plan.refused


def test_an_unfinished_download_goes_with_its_note_unless_it_runs(tmp_path: Path) -> None:
    """Part and note go; while another process downloads, nothing does."""
    cache = HubCache(tmp_path)
    file = RemoteFile(REPO, disks.COMMIT, "t-Q4_K_M.gguf", 5000, "e" * 64, "e" * 64)
    (cache.repo(REPO) / "blobs").mkdir(parents=True)
    with parts.Part(Cache(cache.folder), file) as part:
        part.note("")
        part.append(b"GGUF" * 100)
    [partial] = scan(cache.place).partials
    plan = removal.plan_partial_removal(partial)
    expected = sum(taken_bytes(path) for path in (partial.path, *partial.extras))
    assert (expected, 2) == (plan.frees_bytes, len(plan.files))
    removal.remove(plan)
    assert [] == list((cache.repo(REPO) / "blobs").iterdir())
