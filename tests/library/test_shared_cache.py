"""The cache is shared: what huggingface_hub puts there is found, and removing leaves it sound."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from localchat.library import library, removal
from localchat.library.places import Place, Program
from tests.fake_hub import FakeFile, FakeHub, FakeRepo
from tests.library import disks

# In a process of its own, as huggingface_hub reads its environment when it is imported.
_DOWNLOAD = """
import sys
from huggingface_hub import hf_hub_download
for path in sys.argv[2:]:
    hf_hub_download(sys.argv[1], path)
"""
_REPORT = """
import json
from huggingface_hub import scan_cache_dir
report = scan_cache_dir()
repos = [[repo.size_on_disk, [len(each.files) for each in repo.revisions]] for repo in report.repos]
print(json.dumps([[str(warning) for warning in report.warnings], repos]))
"""

REPO = FakeRepo(
    "user/Tiny-GGUF",
    (
        FakeFile("Tiny-Q8_0.gguf", disks.model("one")),
        FakeFile("sub/Tiny-Q4_0.gguf", disks.model("two")),
        FakeFile("README.md", b"card", is_lfs=False),
    ),
)


def run(program: str, cache: Path, *arguments: str, endpoint: str = "http://127.0.0.1:9") -> str:
    """Let unmodified huggingface_hub do something with a cache."""
    own = {"HF_HOME": str(cache.parent), "HF_HUB_CACHE": str(cache), "HF_ENDPOINT": endpoint}
    environment = {**os.environ, **own, "HF_HUB_DISABLE_TELEMETRY": "1"}
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A cache that huggingface_hub has downloaded to."""
    cache = tmp_path / "hub"
    with FakeHub(REPO) as hub:
        run(_DOWNLOAD, cache, REPO.id, *(f.path for f in REPO.files), endpoint=hub.endpoint)
    return cache


def test_what_huggingface_hub_downloaded_is_found_and_removed(filled: Path) -> None:
    """Models have the size that it counts itself; after each removal it sees no fault."""
    place = Place(Program.HUB, filled)
    found = library.scan([place], header_seconds=60)
    assert ["user/Tiny-GGUF:Q4_0", "user/Tiny-GGUF:Q8_0"] == [each.name for each in found.entries]
    assert ["", ""] == [each.problem for each in found.entries]
    assert () == found.problems
    size_bytes = sum(entry.size_bytes for entry in found.entries) + len(b"card")
    assert [[], [[size_bytes, [3]]]] == json.loads(run(_REPORT, filled))
    for left in (2, 1):
        [first, *_] = library.scan([place], header_seconds=60).entries
        size_bytes -= first.size_bytes
        removal.remove(removal.plan_removal(first))
        assert [[], [[size_bytes, [left]]]] == json.loads(run(_REPORT, filled))
