"""The models that Ollama keeps: manifests that name blobs, and blobs named by their hash.

The blobs are GGUF files, but Ollama's own converter writes some that llama.cpp cannot load
(ggml-org/llama.cpp issues 12367 and 27349): `objection` says so before anybody tries.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from localchat.library import disk, partials
from localchat.library.entries import Copy, Found, Partial
from localchat.library.places import Place
from localchat.models.header import Header

_MODEL = "application/vnd.ollama.image.model"
_ADAPTER = "application/vnd.ollama.image.adapter"
_DIGEST = re.compile(r"^sha256:([0-9a-f]{64})$")
_UNFINISHED = re.compile(r"^sha256[-:](?P<digest>[0-9a-f]{64})-partial$")
_HOME = "registry.ollama.ai/"
_OWN = "library/"
_DEPTH = 5
_PICTURE_TENSORS = ("v.", "mm.", "a.")
_OWN_ARCHITECTURES = frozenset({"mllama", "gptoss", "qwen25vl"})
"""Names that only Ollama's engine knows."""


def scan(place: Place) -> Found:
    """List the models of Ollama; several names of one model are one copy."""
    problems: list[str] = []
    copies: dict[Path, Copy] = {}
    manifests = place.folder / "manifests"
    for path in disk.walk(manifests, problems, _DEPTH):
        name = _name(path.relative_to(manifests))
        for copy in _copies(place, path, name, problems):
            known = copies.get(copy.path)
            names = (*known.names, name) if known else (name,)
            copies[copy.path] = Copy(place, copy.files, names, problem=copy.problem)
    return Found(tuple(copies.values()), tuple(_unfinished(place, problems)), tuple(problems))


def objection(header: Header) -> str:
    """Say why llama.cpp cannot load a blob of Ollama's; empty when nothing is known against it."""
    again = "download the model again from the Hub"
    if any(tensor.name.startswith(_PICTURE_TENSORS) for tensor in header.tensors):
        return f"Ollama keeps the part that sees pictures in the same file: {again}."
    if header.architecture in _OWN_ARCHITECTURES:
        return f"Only Ollama's own engine knows this file's format: {again}."
    mtp = any(tensor.name.startswith("mtp.") for tensor in header.tensors)
    if mtp and not header.number(f"{header.architecture}.nextn_predict_layers"):
        return f"Ollama added layers to it that llama.cpp does not expect: {again}."
    if header.tensors and not header.number(f"{header.architecture}.block_count"):
        return f"Ollama left out what llama.cpp needs to know of it: {again}."
    return ""


def _copies(place: Place, manifest: Path, name: str, problems: list[str]) -> Iterator[Copy]:
    layers = _layers(manifest)
    has_adapter = any(layer.get("mediaType") == _ADAPTER for layer in layers)
    for layer in layers:
        digest = _DIGEST.match(str(layer.get("digest")))
        if layer.get("mediaType") != _MODEL or digest is None:
            continue
        file = disk.stored(place.folder / "blobs" / f"sha256-{digest[1]}") or disk.stored(
            place.folder / "blobs" / f"sha256:{digest[1]}"
        )
        if file is None:
            problems.append(f"Ollama's {name} is not here: its file is gone or cannot be read.")
            continue
        size = layer.get("size")
        problem = ""
        if isinstance(size, int) and size != file.size_bytes:
            problem = f"It is incomplete: {file.size_bytes:,} of {size:,} bytes are here."
        elif has_adapter:
            problem = "It needs an adapter beside it, which localchat does not load."
        yield Copy(place, (file,), (name,), problem=problem)


def _layers(manifest: Path) -> list[dict[str, Any]]:
    try:
        content = json.loads(disk.read_small(manifest))
    except (ValueError, RecursionError):
        return []
    layers = content.get("layers") if isinstance(content, dict) else None
    return [each for each in layers if isinstance(each, dict)] if isinstance(layers, list) else []


def _name(path: Path) -> str:
    """Name a model as Ollama does.

    >>> _name(Path("registry.ollama.ai/library/llama3.2/3b"))
    'llama3.2:3b'
    >>> _name(Path("hf.co/user/repo/Q4_K_M"))
    'hf.co/user/repo:Q4_K_M'
    """
    name = f"{path.parent.as_posix()}:{path.name}"
    return name.removeprefix(_HOME).removeprefix(_OWN)


def _unfinished(place: Place, problems: list[str]) -> Iterator[Partial]:
    blobs = disk.children(place.folder / "blobs", problems)
    for path in blobs:
        if not _UNFINISHED.match(path.name) or (file := disk.stored(path)) is None:
            continue
        pieces = tuple(each for each in blobs if each.name.startswith(f"{path.name}-"))
        states = [state for each in pieces if (state := _piece(each))]
        partial = partials.of_file(place, file)
        if states:
            sizes, done = (sum(each) for each in zip(*states, strict=True))
            partial = replace(partial, extras=pieces, done_bytes=done, size_bytes=sizes)
        yield partial


def _piece(path: Path) -> tuple[int, int] | None:
    """How large one piece of a download is, and how much of it is here."""
    try:
        content = json.loads(disk.read_small(path, 10_000))
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    size, done = content.get("Size"), content.get("Completed")
    return (size, done) if isinstance(size, int) and isinstance(done, int) else None
