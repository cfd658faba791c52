"""Folders as other programs fill them, with small GGUF files in them."""

import hashlib
import json
import os
from pathlib import Path

from localchat.library.places import Place, Program
from tests.models import files

COMMIT = "a" * 40
OTHER_COMMIT = "b" * 40


def model(name: str = "Tiny", weights: bytes = b"") -> bytes:
    """A sound GGUF; other weights make another content of the same size."""
    metadata = [entry for entry in files.LLAMA if entry != files.LLAMA[1]]
    raw = files.Parts(metadata=(*metadata, files.text("general.name", name))).raw()
    return raw[: len(raw) - len(weights)] + weights


def put(path: Path, content: bytes) -> Path:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


class HubCache:
    """A Hugging Face cache, written as huggingface_hub writes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = Place(Program.HUB, folder)

    def repo(self, repo: str) -> Path:
        """The folder of a repository."""
        return self.folder / f"models--{repo.replace('/', '--')}"

    def blob(self, repo: str, content: bytes) -> Path:
        """Write a blob under its hash."""
        return put(self.repo(repo) / "blobs" / hashlib.sha256(content).hexdigest(), content)

    def add(
        self, repo: str, path: str, content: bytes, commit: str = COMMIT, branch: str = "main"
    ) -> Path:
        """Write a blob and the link to it; give the link."""
        blob = self.blob(repo, content)
        pointer = self.repo(repo) / "snapshots" / commit / path
        pointer.parent.mkdir(parents=True, exist_ok=True)
        pointer.symlink_to(os.path.relpath(blob, pointer.parent))
        if branch:
            put(self.repo(repo) / "refs" / branch, commit.encode())
        return pointer


class OllamaStore:
    """The folder of models of Ollama."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = Place(Program.OLLAMA, folder)

    def add(self, name: str, content: bytes, *more_layers: dict[str, object]) -> Path:
        """Write a blob and the manifest `registry/namespace/model/tag` that names it."""
        digest = hashlib.sha256(content).hexdigest()
        kind = "application/vnd.ollama.image.model"
        layer = {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content)}
        manifest = {"schemaVersion": 2, "layers": [layer, *more_layers]}
        put(self.folder / "manifests" / name, json.dumps(manifest).encode())
        return put(self.folder / "blobs" / f"sha256-{digest}", content)
