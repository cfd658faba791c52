"""Kill a download again and again, and count what it cost (issue figure: 50 kills, 200 MB).

    python -m tests.bench.kill_download [--kills 50] [--megabytes 200] [--pace 20]

Prints the seed, so that a run can be repeated. Ends with 1 when the file is wrong, when more was
served than 1.10 x size + 1 MiB a kill, or when anything but the file is left.
"""

import argparse
import dataclasses
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from localchat.hub import access, download
from localchat.hub.manners import Manners
from localchat.library.cache import Cache
from localchat.library.values import RemoteFile
from tests.fake_hub import FakeFile, FakeHub, FakeRepo
from tests.hub import downloads
from tests.hub_content import COMMIT, pattern

_MIB = 1 << 20
_PROGRAM = """
import json, sys
from pathlib import Path
from localchat.hub import access, download
from localchat.library.cache import Cache
from localchat.library.values import RemoteFile
asked = json.loads(sys.argv[1])
download.fetch(
    (RemoteFile(**asked["file"]),), Cache(Path(asked["folder"])), access.Access(asked["endpoint"])
)
"""


def main() -> int:
    """Run it, print the figures and return the exit code."""
    parser = argparse.ArgumentParser(description="Kill a download again and again.")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--pace", type=float, default=20, help="megabytes a second")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    wanted = parser.parse_args()
    chance = random.Random(wanted.seed)
    content = pattern(wanted.megabytes * 10**6, wanted.seed)
    repo = FakeRepo("maker/large-GGUF", (FakeFile("large.gguf", content),))
    sha256 = hashlib.sha256(content).hexdigest()
    file = RemoteFile(repo.id, COMMIT, "large.gguf", len(content), sha256, sha256)
    with (
        FakeHub(repo, bytes_per_second=wanted.pace * 1e6, send_buffer_bytes=64 * 1024) as hub,
        tempfile.TemporaryDirectory() as folder,
    ):
        kills = _kill(hub, Path(folder), file, wanted.kills, chance)
        cache, who = Cache(Path(folder)), access.Access(hub.endpoint)
        (path,) = download.fetch((file,), cache, who, manners=Manners(reserve_bytes=0))
        served_bytes = hub.served_bytes()
        is_right = hashlib.sha256(path.read_bytes()).hexdigest() == sha256
        left_over = sorted(set(downloads.files_in(cache.folder)) - set(downloads.whole(file)))
    allowed_bytes = 1.10 * len(content) + kills * _MIB
    print(
        f"{kills} kills, seed {wanted.seed}: sha256 {'right' if is_right else 'WRONG'},"
        f" served {served_bytes / 1e6:.1f} MB of {len(content) / 1e6:.0f} MB"
        f" (allowed {allowed_bytes / 1e6:.1f}), left over: {left_over or 'nothing'}"
    )
    return 0 if is_right and served_bytes <= allowed_bytes and not left_over else 1


def _kill(hub: FakeHub, folder: Path, file: RemoteFile, wanted: int, chance: random.Random) -> int:
    """Start and kill at random bytes, spread over the whole file; return how often it worked."""
    asked = {
        "file": dataclasses.asdict(file),
        "folder": str(folder),
        "endpoint": hub.endpoint,
    }
    goals = sorted(chance.randrange(1, file.size_bytes) for _ in range(wanted))
    part = Cache(folder).blob(file).with_name(f"{file.etag}.part")
    kills = 0
    for goal in goals:
        command = [sys.executable, "-c", _PROGRAM, json.dumps(asked)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=dict(os.environ))
        while process.poll() is None and _size_bytes(part) < goal:
            time.sleep(0.002)
        if process.poll() is None:
            process.kill()
            kills += 1
        process.wait()
    return kills


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
