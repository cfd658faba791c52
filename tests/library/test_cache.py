"""The cache is the one that huggingface_hub keeps: same places, same links, same locks."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from localchat import errors
from localchat.library import cache as caches
from localchat.library import names, parts
from localchat.library.cache import Cache
from localchat.library.values import RemoteFile
from tests.hub_content import COMMIT

_CONTENT = b"a small model" * 1000
_SHA256 = hashlib.sha256(_CONTENT).hexdigest()
_FILE = RemoteFile(
    "maker/model-GGUF", COMMIT, "Q4/model-Q4_K_M.gguf", len(_CONTENT), _SHA256, _SHA256
)

# In a process of its own, as huggingface_hub reads its environment when it is imported.
_LOOK = """
import json, sys
from huggingface_hub import hf_hub_download, scan_cache_dir, try_to_load_from_cache
folder, repo, path, commit = sys.argv[1:]
found = scan_cache_dir(folder)
print(json.dumps({
    "main": try_to_load_from_cache(repo, path, cache_dir=folder),
    "commit": try_to_load_from_cache(repo, path, cache_dir=folder, revision=commit),
    "download": hf_hub_download(repo, path, cache_dir=folder, local_files_only=True),
    "warnings": [str(warning) for warning in found.warnings],
    "size": found.size_on_disk,
    "refs": [sorted(r.refs) for repo in found.repos for r in repo.revisions],
}))
"""


def _put(cache: Cache, file: RemoteFile = _FILE, content: bytes = _CONTENT) -> Path:
    caches.prepare(cache, file)
    part = parts.part_path(cache.blob(file))
    part.write_bytes(content)
    return caches.publish(cache, file, part)


def _looked_at(folder: Path, **environment: str) -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, "-c", _LOOK, str(folder), _FILE.repo, _FILE.path, COMMIT],
        env=os.environ | {"HF_HUB_OFFLINE": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize("may_link", [True, False], ids=["links", "no links"])
def test_huggingface_hub_finds_what_we_put_there(may_link: bool, tmp_path: Path) -> None:
    """Unmodified huggingface_hub finds the file by branch and by commit, and warns of nothing."""
    path = _put(Cache(tmp_path, may_link))
    switch = {} if may_link else {"HF_HUB_DISABLE_SYMLINKS": "1"}
    found = _looked_at(tmp_path, **switch)
    assert str(path) == found["main"] == found["commit"] == found["download"]
    assert [] == found["warnings"]
    assert len(_CONTENT) == found["size"]
    assert [["main"]] == found["refs"]
    assert path.is_symlink() == may_link
    assert _CONTENT == path.read_bytes()


def test_links_are_relative(tmp_path: Path) -> None:
    """The whole cache can be moved."""
    _put(Cache(tmp_path / "before"))
    (tmp_path / "before").rename(tmp_path / "after")
    found = caches.find(Cache(tmp_path / "after"), _FILE)
    assert found is not None
    assert _CONTENT == found.read_bytes()


def test_a_file_of_the_wrong_size_is_not_found(tmp_path: Path) -> None:
    """What a power cut left under the right name counts as missing, and is replaced."""
    cache = Cache(tmp_path)
    path = _put(cache)
    cache.blob(_FILE).write_bytes(_CONTENT[:-1])
    assert caches.find(cache, _FILE) is None
    assert path == _put(cache)
    assert path == caches.find(cache, _FILE)


def test_content_that_is_here_is_attached_to_a_second_name(tmp_path: Path) -> None:
    """Another commit with the same content needs no second copy."""
    cache = Cache(tmp_path)
    _put(cache)
    newer = RemoteFile(_FILE.repo, "f" * 40, _FILE.path, len(_CONTENT), _SHA256, _SHA256)
    assert caches.find(cache, newer) is None
    assert [len(_CONTENT)] == list(parts.verify(cache.blob(newer), newer))
    path = caches.attach(cache, newer)
    assert path.samefile(cache.blob(_FILE))
    assert "f" * 40 == (cache.repo_folder(_FILE.repo) / "refs" / "main").read_text()


def test_without_links_a_second_name_gets_a_copy(tmp_path: Path) -> None:
    """Where no links can be made the content is copied, and no other name loses it."""
    _put(Cache(tmp_path))
    newer = RemoteFile(_FILE.repo, "f" * 40, _FILE.path, len(_CONTENT), _SHA256, _SHA256)
    path = caches.attach(Cache(tmp_path, may_link=False), newer)
    assert not path.is_symlink()
    assert _CONTENT == path.read_bytes() == Cache(tmp_path).pointer(_FILE).read_bytes()


def test_a_part_that_comes_is_no_trouble_for_huggingface_hub(tmp_path: Path) -> None:
    """While a file is on its way the cache holds no broken promise."""
    cache = Cache(tmp_path)
    _put(cache)
    coming = RemoteFile("maker/other-GGUF", COMMIT, "x.gguf", 9, "a" * 64, "a" * 64)
    caches.prepare(cache, coming)
    with parts.Part(cache, coming) as part:
        part.note('"etag"')
        part.append(b"1234")
    assert [] == _looked_at(tmp_path)["warnings"]
    (unfinished,) = parts.unfinished(cache)
    assert (coming, 4, '"etag"') == (unfinished.file, unfinished.done_bytes, unfinished.validator)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "{}",
        "[1]",
        "null",
        '{"file": {}}',
        '{"file": {"repo": "../x", "revision_commit": "", "path": "", "size_bytes": 1,'
        ' "sha256": "", "etag": ""}, "validator": ""}',
        "\x00" * 100,
    ],
)
def test_a_damaged_note_is_no_note(note: str, tmp_path: Path) -> None:
    """Garbage beside a part file is never believed."""
    cache = Cache(tmp_path)
    caches.prepare(cache, _FILE)
    parts.part_path(cache.blob(_FILE)).write_bytes(b"123")
    parts.note_path(cache.blob(_FILE)).write_text(note)
    assert () == parts.unfinished(cache)


def test_a_small_file_has_the_hash_that_git_gives_it(tmp_path: Path) -> None:
    """Files without a sha256 are verified by git's own hash of a blob."""
    oid = "ce013625030ba8dba906f756967f9e9ca394464a"
    file = RemoteFile("maker/model-GGUF", COMMIT, "hello.txt", 6, "", oid)
    cache = Cache(tmp_path)
    caches.prepare(cache, file)
    with parts.Part(cache, file) as part:
        part.append(b"hello\n")
        assert oid == part.hexdigest()


HOSTILE_NAMES = (
    "..", "../x", "a/../../x", "a/..", "./x", "a//b", "/etc/passwd", "a/", "",
    "..\\x", "a\\..\\x", "\\\\server\\share", "C:\\x", "C:x", "c:/x", "x:stream",
    "CON", "nul.gguf", "a/aux.txt", "COM1", "lpt9.gguf", "con .gguf", "CONIN$",
    "x\x00.gguf", "x\n.gguf", "x\x1b]52;c;x\x07.gguf", "a\u202egguf.exe", "a\u200bb", "a\u2066b",
    "a" * 300 + ".gguf", "é" * 150, "a/" * 20 + "x", "-rf", "~root", "~/x", "x.", "x ", " x",
    "a|b", "a?b", "a*b", "<x>", 'a"b', "\ud800",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=lambda name: ascii(name)[:24])
def test_a_hostile_name_is_refused(name: str, tmp_path: Path) -> None:
    """No name that does harm on any system becomes a path, as a file, branch, commit or hash."""
    cache = Cache(tmp_path)
    assert not names.is_path(name)
    hostile = (
        RemoteFile("maker/model", COMMIT, name, 1, _SHA256, _SHA256),
        RemoteFile("maker/model", name, "x.gguf", 1, _SHA256, _SHA256),
        RemoteFile("maker/model", COMMIT, "x.gguf", 1, "", name),
    )
    for file in hostile:
        with pytest.raises(errors.DownloadFailed):
            caches.prepare(cache, file)
            cache.pointer(file)
    branch = RemoteFile("maker/model", COMMIT, "x.gguf", 1, _SHA256, _SHA256, revision=name)
    with pytest.raises(errors.DownloadFailed):
        caches.note_revision(cache, branch)
    assert [] == [
        path for path in tmp_path.rglob("*") if path.is_file() and path.name != "CACHEDIR.TAG"
    ]


@pytest.mark.parametrize(
    "name",
    ["model-Q4_K_M.gguf", "UD/model.Q8_0.gguf", "Modèle 7B (v0.3).gguf", "模型.gguf", ".gitignore"],
)
def test_an_ordinary_name_is_taken(name: str) -> None:
    """Names that people really give are no danger."""
    assert name == names.path(name)


def test_a_folder_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    """A link inside the cache does not make us write outside of it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    cache = Cache(tmp_path / "cache")
    repo = cache.repo_folder(_FILE.repo)
    repo.mkdir(parents=True)
    (repo / "blobs").symlink_to(outside)
    with pytest.raises(errors.DownloadFailed, match="some other place"):
        caches.prepare(cache, _FILE)
    assert [] == list(outside.iterdir())


def test_a_part_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    """Somebody's link in place of a part file does not get our bytes."""
    cache = Cache(tmp_path / "cache")
    caches.prepare(cache, _FILE)
    target = tmp_path / "precious"
    target.write_bytes(b"mine")
    parts.part_path(cache.blob(_FILE)).symlink_to(target)
    with pytest.raises(OSError):
        parts.Part(cache, _FILE)
    assert b"mine" == target.read_bytes()
