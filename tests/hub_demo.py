"""A Hub to look around in: models in their true sizes that take no room, and one that answers.

For tests of the screens and for pictures; as a program it serves until Ctrl-C:

    python -m tests.hub_demo [--port 8900] [--bytes-per-second N]
    HF_ENDPOINT=http://127.0.0.1:8900 localchat
"""

import argparse
import dataclasses
import itertools
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from localchat import paths
from tests import architectures
from tests.fake_hub import FakeFile, FakeHub, FakeRepo
from tests.models import files

FORMATS = {
    "F16": "F16", "Q8_0": "Q8_0", "Q6_K": "Q6_K", "Q5_K_M": "Q5_K", "Q4_K_M": "Q4_K",
    "Q4_0": "Q4_0", "IQ4_XS": "IQ4_XS", "Q3_K_M": "Q3_K", "Q2_K": "Q2_K",
}  # fmt: skip
"""Labels, and the number format of most tensors."""
VOCABULARY = 4096
"""Small, so that headers are quick to write and to read."""
GUIDE = "localchat/Guide-GGUF"
NEW = "future/Hermes9-GGUF"
GATED = "orchard/Orchard-8B-Instruct-GGUF"
EIGHT = "quantworks/Orchard-8B-Instruct-GGUF"
FOUR = "quantworks/Meadow-4B-GGUF"

_numbers = itertools.count()


def sparse(folder: Path, name: str, kind: str, labels: tuple[str, ...] = ()) -> list[FakeFile]:
    """Make files of the true size of a published model of a kind, which take no room."""
    folder.mkdir(parents=True, exist_ok=True)
    size = dataclasses.replace(architectures.CLASSES[kind].real, vocabulary=VOCABULARY)
    found = []
    for label in labels or FORMATS:
        head = None if label == "F16" else "Q6_K"
        path = folder / f"{name}-{label}.gguf"
        architectures.write_sparse(path, kind, size, FORMATS[label], head)
        # Hashing gigabytes of nothing would take minutes.
        found.append(FakeFile(path.name, path, stated_sha256=f"{next(_numbers):064x}"))
    return found


def guide(folder: Path) -> FakeRepo:
    """Offer the built-in model, which really answers, as one that can be downloaded."""
    folder.mkdir(parents=True, exist_ok=True)
    path = Path(shutil.copy(paths.guide_model(), folder / "guide-Q8_0.gguf"))
    told: dict[str, object] = {
        "total": 3_300_000, "architecture": "llama", "context_length": 2048,
    }  # fmt: skip
    return FakeRepo(
        GUIDE, (FakeFile(path.name, path),), downloads=812, likes=9, gguf=told,
        last_modified="2026-03-02T00:00:00.000Z",
    )  # fmt: skip


def unknown(folder: Path) -> FakeRepo:
    """Offer a model of an architecture that no engine has."""
    folder.mkdir(parents=True, exist_ok=True)
    own = (files.text("general.architecture", "hermes9"), *files.LLAMA[1:])
    path = files.write(folder / "hermes-Q4_K_M.gguf", metadata=own)
    return FakeRepo(NEW, (FakeFile(path.name, path),), downloads=64_000, likes=350)


def crowd(number: int) -> list[FakeRepo]:
    """Offer many repositories without files, for lists."""
    return [
        FakeRepo(
            f"someone{at % 5}/Model-{at:03}-GGUF", downloads=9000 - 10 * at, likes=900 - at,
            gguf={"total": (at % 14 + 1) * 1_000_000_000, "architecture": "llama"},
        )
        for at in range(number)
    ]  # fmt: skip


def family() -> list[FakeRepo]:
    """Offer what others made of one model, without files, for lists."""
    listed = (
        ("lantern/Orchard-8B-Instruct-imatrix-GGUF", 8.0, 96_400, 310, "2026-05-12"),
        ("quantworks/Orchard-32B-Instruct-GGUF", 32.8, 88_000, 540, "2026-05-11"),
        ("quantworks/Orchard-1B-Instruct-GGUF", 1.2, 61_300, 120, "2026-05-11"),
        ("millrace/Orchard-8B-Writer-GGUF", 8.0, 24_100, 77, "2026-06-02"),
        ("hedgerow/Orchard-8B-Coder-GGUF", 8.0, 19_800, 95, "2026-05-29"),
        ("hedgerow/Orchard-14B-merge-GGUF", 14.7, 3_400, 12, "2026-06-08"),
        ("tinytools/Orchard-0.5B-draft-GGUF", 0.5, 900, 4, "2026-05-20"),
    )
    return [
        FakeRepo(
            name,
            downloads=downloads,
            likes=likes,
            last_modified=f"{day}T00:00:00.000Z",
            gguf={"total": round(billions * 1e9), "architecture": "llama"},
        )
        for name, billions, downloads, likes, day in listed
    ]


def repos(folder: Path) -> list[FakeRepo]:
    """Offer a little of everything."""
    eight = tuple(sparse(folder / "eight", "Orchard-8B-Instruct", "llama"))
    four = tuple(sparse(folder / "four", "Meadow-4B", "qwen3"))
    told: dict[str, object] = {
        "total": 8_030_000_000, "architecture": "llama", "context_length": 131_072,
    }  # fmt: skip
    told_four: dict[str, object] = {
        "total": 4_020_000_000, "architecture": "qwen3", "context_length": 40_960,
    }  # fmt: skip
    return [
        FakeRepo(
            EIGHT, eight, downloads=1_240_000, likes=2_100, gguf=told,
            last_modified="2026-05-11T00:00:00.000Z",
        ),
        FakeRepo(
            GATED, eight, is_gated=True, downloads=310_000, likes=800, gguf=told,
            last_modified="2026-05-09T00:00:00.000Z",
        ),
        FakeRepo(
            FOUR, four, downloads=420_000, likes=650, gguf=told_four,
            last_modified="2026-04-30T00:00:00.000Z",
        ),
        guide(folder / "guide"),
        unknown(folder / "new"),
        *family(),
        *crowd(45),
    ]  # fmt: skip


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A Hub to look around in, on loopback.")
    parser.add_argument("--port", type=int, default=8900)
    parser.add_argument("--bytes-per-second", type=float, default=0)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        offered = repos(Path(folder))
        with FakeHub(*offered, port=wanted.port, bytes_per_second=wanted.bytes_per_second) as hub:
            print(f"HF_ENDPOINT={hub.endpoint}", flush=True)
            with suppress(KeyboardInterrupt):
                hub.closing.wait()


if __name__ == "__main__":
    main()
