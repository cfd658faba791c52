"""What the tests of downloads share: a repository on a fake hub, a cache, and quick manners."""

import dataclasses
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from localchat.hub import access, download
from localchat.hub.control import Control
from localchat.hub.manners import Manners
from localchat.hub.throttle import Throttle
from localchat.library.cache import Cache
from localchat.library.values import DownloadProgress, RemoteFile
from tests.fake_hub import FakeFile, FakeHub, FakeRepo
from tests.hub_content import COMMIT, pattern

CONTENT = pattern(1_500_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
REPO = FakeRepo("maker/model-GGUF", (FakeFile("model-Q4_K_M.gguf", CONTENT),))
FILE = RemoteFile(REPO.id, COMMIT, "model-Q4_K_M.gguf", len(CONTENT), SHA256, SHA256)

# Long waits where nothing depends on time, as the machine that tests may be busy.
STEADY = Manners(
    connect_seconds=10,
    read_seconds=10,
    first_wait_seconds=0.01,
    longest_wait_seconds=0.05,
    start_patience_seconds=30,
    patience_seconds=30,
    reserve_bytes=0,
    tick_seconds=0.02,
)
SOON_STALLED = dataclasses.replace(STEADY, read_seconds=0.3)
"""For servers that fall silent and must be left for a new try."""
QUICK = dataclasses.replace(
    SOON_STALLED,
    connect_seconds=0.5,
    start_patience_seconds=0.6,
    patience_seconds=1.5,
    announced_wait_seconds=0.3,
)
"""For servers that never get better."""
PROMPT = dataclasses.replace(STEADY, start_patience_seconds=3, patience_seconds=3)
"""For servers that answer, but never get better: a slow machine is not taken for a silent one."""


def who(hub: FakeHub, token: str = "") -> access.Access:
    """Ask a fake hub."""
    return access.Access(hub.endpoint, token)


def fetch(
    hub: FakeHub,
    cache: Cache,
    file: RemoteFile = FILE,
    manners: Manners = STEADY,
    control: Control | None = None,
    throttle: Throttle | None = None,
    progress: list[DownloadProgress] | None = None,
    token: str = "",
) -> Path:
    """Fetch one file from a fake hub."""
    seen: list[DownloadProgress] = [] if progress is None else progress
    (path,) = download.fetch(
        (file,), cache, who(hub, token), seen.append, control, manners, throttle
    )
    return path


def files_in(folder: Path) -> list[str]:
    """List what lies in a folder, apart from locks and the tag of the cache."""
    found = (
        os.path.relpath(os.path.join(place, name), folder)
        for place, _, names in os.walk(folder)
        for name in names
    )
    return sorted(name for name in found if not name.startswith((".locks", "CACHEDIR")))


def whole(file: RemoteFile = FILE) -> Sequence[str]:
    """What lies in a cache that holds one file and nothing else."""
    repo = f"models--{file.repo.replace('/', '--')}"
    return sorted(
        (
            f"{repo}/blobs/{file.etag}",
            f"{repo}/refs/{file.revision}",
            f"{repo}/snapshots/{file.revision_commit}/{file.path}",
        )
    )
