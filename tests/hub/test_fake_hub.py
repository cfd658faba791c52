"""The fake hub is a hub: huggingface_hub works with it as it is."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fake_hub import FakeFile, FakeHub, FakeRepo
from tests.hub_content import COMMIT, pattern

pytestmark = pytest.mark.slow

_MODEL = pattern(3_000_000)
_REPO = FakeRepo(
    "maker/model-GGUF",
    (
        FakeFile("model-Q4_K_M.gguf", _MODEL),
        FakeFile("README.md", b"# a model\n", is_lfs=False),
        FakeFile("deep/er/model-Q8_0.gguf", pattern(1000, seed=1)),
    ),
    downloads=7,
)

# In a process of its own, as huggingface_hub reads its environment when it is imported.
_PROGRAM = """
import sys
from huggingface_hub import HfApi, hf_hub_download, scan_cache_dir
api = HfApi()
repo = sys.argv[1]
print([model.id for model in api.list_models(filter="gguf", search="model", limit=150)][:3])
print(len(list(api.list_models(author="many"))))
info = api.repo_info(repo, files_metadata=True)
print(info.sha, info.siblings[0].lfs.sha256, info.siblings[0].size)
print(sorted(entry.path for entry in api.list_repo_tree(repo, recursive=True)))
print(api.get_paths_info(repo, ["README.md"])[0].size)
for name in ("model-Q4_K_M.gguf", "README.md", "deep/er/model-Q8_0.gguf"):
    print(hf_hub_download(repo, name))
print(scan_cache_dir().size_on_disk, scan_cache_dir().warnings)
"""


def test_unmodified_huggingface_hub_works_with_it(tmp_path: Path) -> None:
    """Lists with pages, information, trees and downloads come back as from the real Hub."""
    many = (FakeRepo(f"many/model-{number}") for number in range(1200))
    environment = os.environ | {
        "HF_HOME": str(tmp_path),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    with FakeHub(_REPO, *many) as hub:
        ran = subprocess.run(
            [sys.executable, "-c", _PROGRAM, _REPO.id],
            env=environment | {"HF_ENDPOINT": hub.endpoint},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert "" == ran.stderr
    lines = ran.stdout.splitlines()
    assert "['maker/model-GGUF', 'many/model-0', 'many/model-1']" == lines[0]
    assert "1200" == lines[1]
    sha256 = hashlib.sha256(_MODEL).hexdigest()
    assert f"{COMMIT} {sha256} 3000000" == lines[2]
    assert str(sorted(file.path for file in _REPO.files)) == lines[3]
    assert "10" == lines[4]
    assert _MODEL == Path(lines[5]).read_bytes()
    assert b"# a model\n" == Path(lines[6]).read_bytes()
    assert "3001010 []" == lines[8]
