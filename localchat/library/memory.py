"""What was read of files before, so that a scan reads no header twice.

A file is the same as long as its path, size and time of change are. One small JSON file; whatever
is wrong with it costs only time.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

from localchat import paths
from localchat.library import disk
from localchat.library.entries import StoredFile
from localchat.models.folder import LocalModel

VERSION: Final = 1
MOST_ENTRIES: Final = 5_000

_MOST_BYTES = 16_000_000
_A_MOMENT = 2.0
_KEPT = tuple(field for field in fields(LocalModel) if field.name not in ("path", "is_guide"))


class Memory:
    """What headers said, and hashes of content, by file; forgets files that are gone."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._known: dict[str, dict[str, Any]] = _read(file) if file else {}
        self._used: dict[str, dict[str, Any]] = {}
        self._is_changed = False

    def model(self, files: tuple[StoredFile, ...], path: Path) -> LocalModel | None:
        """Recall what the header of a model said; None when it was not read as it is now."""
        kept = self._recall(files).get("model")
        if not isinstance(kept, dict):
            return None
        values = {field.name: kept.get(field.name) for field in _KEPT}
        if any(type(values[field.name]) is not field.type for field in _KEPT):
            return None
        return LocalModel(path=path, **values)  # type: ignore[arg-type]

    def keep_model(self, files: tuple[StoredFile, ...], model: LocalModel) -> None:
        """Remember what a header said."""
        values = asdict(model)
        self._keep(files, "model", {field.name: values[field.name] for field in _KEPT})

    def fingerprint(self, files: tuple[StoredFile, ...]) -> str:
        """Recall the hash of parts of the content; empty when it was not made."""
        kept = self._recall(files).get("fingerprint")
        return kept if isinstance(kept, str) else ""

    def keep_fingerprint(self, files: tuple[StoredFile, ...], fingerprint: str) -> None:
        """Remember the hash of parts of the content."""
        self._keep(files, "fingerprint", fingerprint)

    def used_seconds(self, files: tuple[StoredFile, ...]) -> float:
        """Tell when a model was last used, in seconds since 1970: our own look at it is no use."""
        on_disk = max(file.used_seconds for file in files)
        entry = self._recall(files)
        used, looked = entry.get("used"), entry.get("looked")
        if isinstance(used, float) and isinstance(looked, float) and on_disk <= looked + _A_MOMENT:
            return used
        return on_disk

    def save(self) -> None:
        """Write what was learned since the start; a disk that refuses costs nothing."""
        if self._file is None or not self._is_changed:
            return
        others = {path: each for path, each in self._known.items() if os.path.exists(path)}
        entries = dict(list((others | self._used).items())[-MOST_ENTRIES:])
        try:
            paths.write_atomically(
                self._file, json.dumps({"version": VERSION, "files": entries}, ensure_ascii=True)
            )
        except OSError:
            return
        self._known = dict(entries)
        self._is_changed = False

    def _recall(self, files: tuple[StoredFile, ...]) -> Mapping[str, Any]:
        key, state = str(files[0].path), _state(files)
        entry = self._used.get(key) or self._known.get(key)
        if not entry or entry.get("state") != state:
            return {}
        self._used[key] = entry
        return entry

    def _keep(self, files: tuple[StoredFile, ...], name: str, value: object) -> None:
        entry = dict(self._recall(files)) or {"state": _state(files)}
        entry |= {name: value, "used": self.used_seconds(files), "looked": time.time()}
        self._used[str(files[0].path)] = entry
        self._is_changed = True


def _state(files: tuple[StoredFile, ...]) -> list[list[int]]:
    return [[file.size_bytes, file.changed_nanoseconds] for file in files]


def _read(file: Path) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads(disk.read_small(file, _MOST_BYTES))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(content, dict) or content.get("version") != VERSION:
        return {}
    entries = content.get("files")
    if not isinstance(entries, dict):
        return {}
    return {key: entry for key, entry in entries.items() if isinstance(entry, dict)}
