"""What the Hub offers and this disk already has, and finding models by their names."""

import hashlib
from pathlib import Path

import pytest

from localchat.library import held, library
from localchat.library.entries import Library
from localchat.library.places import Place, Program
from localchat.library.values import RemoteFile, RemoteQuant
from tests.library import disks
from tests.library.disks import HubCache, OllamaStore

REPO = "user/Tiny-GGUF"


def offered(content: bytes, path: str = "t-Q8_0.gguf", commit: str = disks.COMMIT) -> RemoteQuant:
    """What the Hub offers of this content."""
    sha256 = hashlib.sha256(content).hexdigest()
    file = RemoteFile(REPO, commit, path, len(content), sha256, sha256)
    return RemoteQuant("Q8_0", None, (file,), len(content))


def scan(*places: Place) -> Library:
    """Scan with all the time in the world."""
    return library.scan(places, header_seconds=60)


def test_a_model_under_its_hash_is_known_wherever_it_lies(tmp_path: Path) -> None:
    """A blob of Ollama's with the hash that the Hub states is this very file."""
    ollama = OllamaStore(tmp_path)
    blob = ollama.add("registry.ollama.ai/library/tiny/1b", disks.model("one"))
    found = scan(ollama.place)
    entry = held.held(found, offered(disks.model("one")))
    assert entry is not None and blob == entry.path
    assert held.held(found, offered(disks.model("two"))) is None
    assert () == held.perhaps(found, offered(disks.model("two")))


def test_a_file_in_a_cache_without_links_is_known_by_its_place(tmp_path: Path) -> None:
    """Repository, commit, path and size say it where no hash does."""
    cache = HubCache(tmp_path)
    disks.put(cache.repo(REPO) / "snapshots" / disks.COMMIT / "t-Q8_0.gguf", disks.model())
    found = scan(cache.place)
    assert held.held(found, offered(disks.model())) is not None
    assert held.held(found, offered(disks.model(), commit=disks.OTHER_COMMIT)) is None


def test_a_file_of_that_size_may_be_it_and_hashing_tells(tmp_path: Path) -> None:
    """A file of LM Studio's is compared before it is believed."""
    place = Place(Program.LM_STUDIO, tmp_path)
    disks.put(tmp_path / "m" / "r" / "t-Q8_0.gguf", disks.model("one"))
    found = scan(place)
    assert held.held(found, offered(disks.model("one"))) is None
    [entry] = held.perhaps(found, offered(disks.model("one")))
    size = len(disks.model("one"))
    assert [size] == list(held.compare(entry.copy, offered(disks.model("one"))))
    assert [size, -1] == list(held.compare(entry.copy, offered(disks.model("two"))))


@pytest.mark.parametrize(
    "text",
    [
        "user/Tiny-GGUF:UD-Q4_K_XL",
        "USER/tiny-gguf:ud-q4_k_xl",
        "user/Tiny-GGUF@UD-Q4_K_XL",
        "hf.co/user/Tiny-GGUF:UD-Q4_K_XL",
        "https://huggingface.co/user/Tiny-GGUF:UD-Q4_K_XL",
        "user/Tiny-GGUF:sub/t-UD-Q4_K_XL.gguf",
        "user/Tiny-GGUF/t-UD-Q4_K_XL.gguf",
        "t-UD-Q4_K_XL",
    ],
)
def test_a_model_is_found_by_every_way_to_write_it(tmp_path: Path, text: str) -> None:
    """Names of the Hub, of files and of links all lead to the same file."""
    cache = HubCache(tmp_path)
    wanted = cache.add(REPO, "sub/t-UD-Q4_K_XL.gguf", disks.model("one"))
    cache.add(REPO, "t-Q8_0.gguf", disks.model("two"))
    found = scan(cache.place)
    entry = library.find(found, text)
    assert entry is not None and wanted == entry.path
    assert library.find(found, "user/Tiny-GGUF:Q2_K") is None
    assert library.find(found, "user/Tiny") is None
    assert 2 == len(library.of_repo(found, "hf.co/User/Tiny-GGUF"))
