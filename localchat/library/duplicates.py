"""Finds the copies of one model: by the hash that a blob's name is, by the file behind two names,
or else by size and samples of the content.

Samples are 1 MiB of the beginning and 64 KiB of four more places: two models of one size and one
header differ in their weights everywhere.
"""

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Iterable
from pathlib import Path

from localchat import units
from localchat.library.entries import Copy, StoredFile
from localchat.library.memory import Memory

_HEAD_BYTES = units.MIB
_SAMPLE_BYTES = 64 * units.KIB
_SAMPLES = 4


def grouped(copies: Iterable[Copy], memory: Memory) -> tuple[tuple[Copy, ...], ...]:
    """Put copies of one content together, in the order in which they came.

    Reads content only of copies that have the same size as another one.
    """
    ordered = tuple(copies)
    by_size: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for index, copy in enumerate(ordered):
        by_size[tuple(file.size_bytes for file in copy.files)].append(index)
    group_of: dict[int, int] = {}
    for indices in by_size.values():
        _join(ordered, indices, group_of, memory)
    groups: dict[int, list[Copy]] = defaultdict(list)
    for index, copy in enumerate(ordered):
        groups[group_of[index]].append(copy)
    return tuple(tuple(group) for group in groups.values())


def _join(
    copies: tuple[Copy, ...], indices: list[int], group_of: dict[int, int], memory: Memory
) -> None:
    """Give every copy of one size the number of the first that has the same content."""
    seen: dict[Hashable, int] = {}
    for index in indices:
        keys = _keys(copies[index], len(indices) > 1, memory)
        group = next((seen[key] for key in keys if key in seen), index)
        group_of[index] = group
        for key in keys:
            seen.setdefault(key, group)


def _keys(copy: Copy, has_rivals: bool, memory: Memory) -> list[Hashable]:
    """Whatever two copies of one content share; a part that is missing makes a copy its own."""
    identities: Hashable = ("files", *(file.identity for file in copy.files))
    keys: list[Hashable] = [identities]
    if copy.problem:
        return keys
    hashes = tuple(file.sha256 for file in copy.files)
    if all(hashes):
        keys.append(("sha256", *hashes))
    if has_rivals:
        keys.append(("samples", fingerprint(copy.files, memory) or identities))
    return keys


def fingerprint(files: tuple[StoredFile, ...], memory: Memory) -> str:
    """Hash samples of the content of a model; empty when it cannot be read."""
    known = memory.fingerprint(files)
    if known:
        return known
    digest = hashlib.sha256()
    try:
        for file in files:
            _sample(file.real_path, file.size_bytes, digest)
    except OSError:
        return ""
    memory.keep_fingerprint(files, digest.hexdigest())
    return digest.hexdigest()


def _sample(path: Path, size_bytes: int, digest: "hashlib._Hash") -> None:
    digest.update(str(size_bytes).encode())
    with path.open("rb", buffering=0) as handle:
        digest.update(handle.read(_HEAD_BYTES))
        for number in range(1, _SAMPLES + 1):
            offset = size_bytes * number // _SAMPLES - _SAMPLE_BYTES
            if offset > 0:
                handle.seek(offset)
                digest.update(handle.read(_SAMPLE_BYTES))
