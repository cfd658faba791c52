"""What a scan of this disk finds, and what it makes of garbage."""

import json
import os
import socket
import sys
import time
from pathlib import Path

import pytest

from localchat.library import library, parts
from localchat.library.cache import Cache
from localchat.library.entries import Library
from localchat.library.places import Place, Program
from localchat.library.values import RemoteFile
from tests.library import disks
from tests.library.disks import HubCache, OllamaStore
from tests.models import files

REPO = "user/Tiny-GGUF"


def scan(*places: Place, memory: Path | None = None) -> Library:
    """Scan with all the time in the world."""
    return library.scan(places, memory, header_seconds=60)


def names(found: Library) -> list[str]:
    """What the models are called."""
    return [entry.name for entry in found.entries]


def test_the_hubs_cache_is_read_as_its_library_writes_it(tmp_path: Path) -> None:
    """A file is named by repository and quantization, with its commit, branches, size and hash."""
    cache = HubCache(tmp_path)
    pointer = cache.add(REPO, "sub/Tiny-Q4_K_M.gguf", disks.model())
    cache.add(REPO, "README.md", b"text")
    put = disks.put(cache.repo(REPO) / "refs" / "pr" / "1", disks.COMMIT.encode())
    assert put.exists()
    [entry] = scan(cache.place).entries
    copy = entry.copy
    assert (f"{REPO}:Q4_K_M", pointer, REPO) == (entry.name, entry.path, copy.repo)
    assert (disks.COMMIT, ("main", "pr/1")) == (copy.commit, copy.revisions)
    assert len(disks.model()) == entry.size_bytes
    assert copy.files[0].sha256 == copy.files[0].real_path.name
    assert entry.model is not None
    assert ("Tiny", "llama", "") == (entry.model.name, entry.model.architecture, entry.problem)


def test_a_file_in_two_commits_is_one_copy_and_an_older_file_is_another(tmp_path: Path) -> None:
    """The same blob in two commits is one model; a replaced file is named by its commit."""
    cache = HubCache(tmp_path)
    cache.add(REPO, "a-Q8_0.gguf", disks.model("same"), disks.OTHER_COMMIT, branch="")
    cache.add(REPO, "a-Q8_0.gguf", disks.model("same"))
    cache.add(REPO, "a-Q2_K.gguf", disks.model("old"), disks.OTHER_COMMIT, branch="")
    cache.add(REPO, "a-Q2_K.gguf", disks.model("newer"))
    found = scan(cache.place)
    assert [f"{REPO}:Q2_K", f"{REPO}:Q2_K@bbbbbbb", f"{REPO}:Q8_0"] == names(found)
    assert 2 == len(found.entries[2].copy.pointers)


def test_a_cache_without_links_is_read_too(tmp_path: Path) -> None:
    """Where a system has no links, the snapshot holds the file itself."""
    cache = HubCache(tmp_path)
    disks.put(cache.repo(REPO) / "snapshots" / disks.COMMIT / "a-Q8_0.gguf", disks.model())
    assert [f"{REPO}:Q8_0"] == names(scan(cache.place))


def test_a_split_model_is_one_and_says_which_part_is_missing(tmp_path: Path) -> None:
    """Parts are one model in order; without one of them it cannot be opened and says so."""
    cache = HubCache(tmp_path / "hub")
    for number in (1, 2):
        cache.add(REPO, f"big-Q8_0-0000{number}-of-00002.gguf", disks.model(f"part {number}"))
    own = Place(Program.LOCALCHAT, tmp_path / "models")
    disks.put(own.folder / "lone-00002-of-00003.gguf", disks.model("lone"))
    hub, lone = sorted(scan(cache.place, own).entries, key=lambda entry: entry.problem)
    assert (2, "") == (len(hub.copy.files), hub.problem)
    assert "Parts 1 and 3 of 3 are missing." == lone.problem


def test_every_program_names_its_models_in_its_own_way(tmp_path: Path) -> None:
    """LM Studio by folders, Jan by the folder, Ollama by name and tag, ours by the file."""
    ollama = OllamaStore(tmp_path / "ollama")
    ollama.add("registry.ollama.ai/library/tiny/1b", disks.model("ollama"))
    ollama.add("hf.co/user/repo/Q4_K_M", disks.model("hf"))
    lmstudio, jan, own = (tmp_path / name for name in ("lmstudio", "jan", "own"))
    disks.put(lmstudio / "maker" / "Model-GGUF" / "m-Q4_K_M.gguf", disks.model("lmstudio"))
    disks.put(jan / "org" / "repo" / "model.gguf", disks.model("jan"))
    disks.put(own / "mine.gguf", disks.model("mine"))
    found = scan(
        Place(Program.LOCALCHAT, own),
        Place(Program.LM_STUDIO, lmstudio),
        Place(Program.JAN, jan),
        ollama.place,
    )
    expected = [
        "hf.co/user/repo:Q4_K_M",
        "maker/Model-GGUF/m-Q4_K_M",
        "mine",
        "org/repo",
        "tiny:1b",
    ]
    assert expected == names(found)
    assert [""] * 5 == [entry.problem for entry in found.entries]


def test_two_names_in_ollama_are_one_model(tmp_path: Path) -> None:
    """Tags that lead to the same blob are one copy with both names."""
    ollama = OllamaStore(tmp_path)
    ollama.add("registry.ollama.ai/library/tiny/1b", disks.model())
    ollama.add("registry.ollama.ai/library/tiny/latest", disks.model())
    [entry] = scan(ollama.place).entries
    assert ("tiny:1b", "tiny:latest") == entry.copy.names
    found = library.find(scan(ollama.place), "TINY:latest")
    assert found is not None and found.path == entry.path


@pytest.mark.parametrize(
    ("metadata", "tensor", "word"),
    [
        ((), "v.blk.0.attn_q.weight", "pictures"),
        ((), "mtp.0.weight", "does not expect"),
        ((files.text("general.architecture", "gptoss"),), "a", "Ollama's own engine"),
        ((files.text("general.architecture", "llama"),), "a", "left out"),
    ],
)
def test_blobs_that_only_ollama_loads_say_so(
    tmp_path: Path, metadata: tuple[bytes, ...], tensor: str, word: str
) -> None:
    """A blob with more or less in it than llama.cpp expects is no model to open here."""
    raw = files.Parts(
        metadata=metadata or files.LLAMA,
        tensors=(files.tensor(tensor, (32, 4), files.F32, 0),),
        data_bytes=512,
    ).raw()
    ollama = OllamaStore(tmp_path)
    ollama.add("registry.ollama.ai/library/odd/latest", raw)
    [entry] = scan(ollama.place).entries
    assert word in entry.problem


def test_copies_of_one_content_are_one_model(tmp_path: Path) -> None:
    """By hash, by hard link, and by size and samples; a model of the same size is another one."""
    cache, ollama = HubCache(tmp_path / "hub"), OllamaStore(tmp_path / "ollama")
    pointer = cache.add(REPO, "a-Q8_0.gguf", disks.model("one"))
    ollama.add("registry.ollama.ai/library/one/latest", disks.model("one"))
    own = tmp_path / "own"
    own.mkdir()
    os.link(os.path.realpath(pointer), own / "linked.gguf")
    disks.put(own / "copied.gguf", disks.model("one"))
    disks.put(own / "other.gguf", disks.model("one", weights=b"different"))
    found = scan(Place(Program.LOCALCHAT, own), cache.place, ollama.place)
    assert ["copied", "other"] == names(found)
    assert 4 == len(found.entries[0].copies)
    once = found.entries[0].copies[0].allocated_bytes
    assert 3 * once == found.entries[0].allocated_bytes
    assert 4 * once == found.allocated_bytes


def test_garbage_is_listed_with_its_fault_and_never_raises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken links, folders, sockets, empty and damaged files: each is told of, none stops it."""
    own = Place(Program.LOCALCHAT, tmp_path / "own")
    disks.put(own.folder / "good.gguf", disks.model())
    disks.put(own.folder / "empty.gguf", b"")
    disks.put(own.folder / "web.gguf", b"<!doctype html>")
    disks.put(own.folder / "cut.gguf", disks.model()[:-100])
    (own.folder / "folder.gguf").mkdir()
    (own.folder / "broken.gguf").symlink_to("nowhere")
    (own.folder / "circle.gguf").symlink_to("circle.gguf")
    with socket.socket(socket.AF_UNIX) as server:
        # The path of a socket may not be long.
        monkeypatch.chdir(own.folder)
        server.bind("socket.gguf")
    found = scan(own)
    assert ["cut", "empty", "good", "web"] == names(found)
    assert [True, True, False, True] == [bool(entry.problem) for entry in found.entries]
    assert 3 == len(found.problems)


def test_damaged_stores_hold_nothing(tmp_path: Path) -> None:
    """Manifests, references and blobs of nonsense give no models and no error."""
    ollama, cache = OllamaStore(tmp_path / "ollama"), HubCache(tmp_path / "hub")
    for number, garbage in enumerate((b"", b"{", b"[1]", b'{"layers": 3}', b"[" * 100_000)):
        disks.put(ollama.folder / "manifests" / "r" / "n" / f"m{number}" / "t", garbage)
    digest = {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:../../x"}
    disks.put(ollama.folder / "manifests/r/n/m/t", json.dumps({"layers": [digest, 7]}).encode())
    disks.put(cache.repo(REPO) / "refs" / "main", b"\xff" * 300)
    disks.put(cache.folder / "models--" / "x", b"")
    disks.put(cache.folder / "datasets--a--b" / "snapshots" / "c" / "x.gguf", disks.model())
    pointer = cache.add(REPO, "gone-Q8_0.gguf", disks.model())
    Path(os.path.realpath(pointer)).unlink()
    found = scan(ollama.place, cache.place)
    assert () == found.entries
    assert ["its content is gone" in text for text in found.problems] == [True]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_may_not_be_read_is_told_of(tmp_path: Path) -> None:
    """A forbidden folder costs one sentence; what lies elsewhere is found."""
    own = Place(Program.LOCALCHAT, tmp_path)
    disks.put(tmp_path / "secret" / "x.gguf", disks.model())
    disks.put(tmp_path / "open.gguf", disks.model())
    (tmp_path / "secret").chmod(0)
    found = scan(own)
    (tmp_path / "secret").chmod(0o700)
    assert (["open"], 1) == (names(found), len(found.problems))


def test_unfinished_downloads_show_how_far_they_came(tmp_path: Path) -> None:
    """A file says at its beginning how large it will be, whichever program fetches it."""
    whole = disks.model()
    cut = whole[:-300]
    lmstudio = Place(Program.LM_STUDIO, tmp_path / "lmstudio")
    disks.put(lmstudio.folder / "m" / "r" / "downloading_m-Q4_K_M.gguf.part", cut)
    cache, ollama = HubCache(tmp_path / "hub"), OllamaStore(tmp_path / "ollama")
    etag = "c" * 64
    disks.put(cache.repo(REPO) / "blobs" / f"{etag}.01234567.incomplete", cut)
    blob = disks.put(ollama.folder / "blobs" / f"sha256-{'d' * 64}-partial", bytes(1000))
    for number, done in enumerate((400, 50)):
        state = {"N": number, "Offset": 500 * number, "Size": 500, "Completed": done}
        disks.put(blob.with_name(f"{blob.name}-{number}"), json.dumps(state).encode())
    found = scan(lmstudio, cache.place, ollama.place)
    progress = [(each.done_bytes, each.size_bytes) for each in found.partials]
    assert [(len(cut), len(whole)), (len(cut), len(whole)), (450, 1000)] == progress
    assert ["m/r/m-Q4_K_M", REPO, ""] == [each.name for each in found.partials]


def test_our_own_unfinished_download_can_go_on(tmp_path: Path) -> None:
    """Its note tells the file, so that a front end can hand it to the download again."""
    cache = HubCache(tmp_path)
    file = RemoteFile(REPO, disks.COMMIT, "t-Q4_K_M.gguf", 5000, "e" * 64, "e" * 64)
    (cache.repo(REPO) / "blobs").mkdir(parents=True)
    with parts.Part(Cache(cache.folder), file) as part:
        part.note("")
        part.append(b"GGUF" * 100)
    [partial] = scan(cache.place).partials
    assert (file, 400, 0.08) == (partial.file, partial.done_bytes, partial.fraction)
    assert f"{REPO}:Q4_K_M" == partial.name


def test_headers_are_read_once(tmp_path: Path) -> None:
    """What was read is remembered until the file changes; a damaged memory costs only time."""
    own, memory = Place(Program.LOCALCHAT, tmp_path / "own"), tmp_path / "memory.json"
    path = disks.put(own.folder / "a.gguf", disks.model("first"))
    first = scan(own, memory=memory)
    [again] = library.scan([own], memory, header_seconds=0).entries
    assert first.entries[0].model == again.model
    assert first.entries[0].used_seconds == again.used_seconds
    disks.put(path, disks.model("second"))
    os.utime(path, (9, 9))
    changed = library.scan([own], memory, header_seconds=0)
    assert changed.entries == changed.unread
    for garbage in (b"", b"[]", b'{"version": 1, "files": {"x": 3}}', b"[" * 100_000, b"\xff"):
        memory.write_bytes(garbage)
        [entry] = scan(own, memory=memory).entries
        assert entry.model is not None
        assert "second" == entry.model.name


def test_a_thousand_files_take_about_a_second(tmp_path: Path) -> None:
    """A large collection is listed at once, its headers within the time that was allowed."""
    own = Place(Program.LOCALCHAT, tmp_path / "own")
    for number in range(1000):
        disks.put(own.folder / f"f{number % 20}" / f"m{number}.gguf", disks.model(f"{number:04}"))
    began = time.process_time()
    found = library.scan([own], tmp_path / "memory.json", header_seconds=0.5)
    took = time.process_time() - began
    assert 1000 == len(found.entries)
    # Of the processor; it is about one.
    assert took < 3.0
    while found.unread:
        found = library.scan([own], tmp_path / "memory.json", header_seconds=0.5)
    assert all(entry.model and not entry.problem for entry in found.entries)
