"""Where programs keep models on this computer: our folder, the Hub's cache, and other programs'.

Looks at the environment and at other programs' settings, never into their models. A place that is
named here need not be there.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_MOST_SETTINGS_BYTES = 1_000_000
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class Program(StrEnum):
    """Who keeps the models of a place."""

    LOCALCHAT = "localchat"
    HUB = "Hugging Face cache"
    LM_STUDIO = "LM Studio"
    OLLAMA = "Ollama"
    JAN = "Jan"
    LLAMA_CPP = "llama.cpp"
    FOLDER = "folder"
    """One that the user named."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of models."""

    program: Program
    folder: Path


def here(models: Path, more: tuple[Path, ...] = ()) -> tuple[Place, ...]:
    """List the places of this user; `models` is our own folder, `more` what the user named."""
    return places(models, os.environ, Path.home(), sys.platform, more)


def places(
    models: Path,
    environment: Mapping[str, str],
    home: Path,
    platform: str,
    more: tuple[Path, ...] = (),
) -> tuple[Place, ...]:
    """List the places of a user, in the order in which one of several copies is preferred."""
    listed = [
        Place(Program.LOCALCHAT, models),
        *(Place(Program.FOLDER, folder) for folder in more),
        Place(Program.HUB, hub_cache(environment, home)),
        *(Place(Program.LLAMA_CPP, each) for each in _llama_cpp(environment, home, platform)),
        *(Place(Program.LM_STUDIO, each) for each in _lm_studio(home)),
        *(Place(Program.JAN, each) for each in _jan(environment, home, platform)),
        *(Place(Program.OLLAMA, each) for each in _ollama(environment, home, platform)),
    ]
    once: dict[Path, Place] = {}
    for place in listed:
        once.setdefault(_plain(place.folder), place)
    return tuple(once.values())


def hub_cache(environment: Mapping[str, str], home: Path) -> Path:
    """Find the cache that huggingface_hub uses, by its own rules."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if given := environment.get(name):
            return _expanded(given, environment, home)
    return hub_home(environment, home) / "hub"


def hub_home(environment: Mapping[str, str], home: Path) -> Path:
    """Find the folder where huggingface_hub keeps its token and its cache, by its own rules."""
    if given := environment.get("HF_HOME"):
        return _expanded(given, environment, home)
    return _folder(environment, "XDG_CACHE_HOME", home / ".cache", home) / "huggingface"


def _llama_cpp(environment: Mapping[str, str], home: Path, platform: str) -> list[Path]:
    """Where llama.cpp downloaded to: newer ones use the Hub's cache (common/common.cpp)."""
    if given := environment.get("LLAMA_CACHE"):
        return [_expanded(given, environment, home)]
    if platform == "win32":
        base = _folder(environment, "LOCALAPPDATA", home / "AppData" / "Local", home)
    elif platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = _folder(environment, "XDG_CACHE_HOME", home / ".cache", home)
    return [base / "llama.cpp"]


def _lm_studio(home: Path) -> list[Path]:
    pointer = _text(home / ".lmstudio-home-pointer").strip()
    homes = [Path(pointer)] if pointer and Path(pointer).is_absolute() else []
    homes += [home / ".lmstudio", home / ".cache" / "lm-studio"]
    found = []
    for folder in dict.fromkeys(homes):
        chosen = _setting(folder / "settings.json", "downloadsFolder")
        found += [Path(chosen)] if chosen else []
        found.append(folder / "models")
    return found


def _jan(environment: Mapping[str, str], home: Path, platform: str) -> list[Path]:
    if platform == "win32":
        base = _folder(environment, "APPDATA", home / "AppData" / "Roaming", home)
    elif platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = _folder(environment, "XDG_DATA_HOME", home / ".local" / "share", home)
    configured = _folder(environment, "XDG_CONFIG_HOME", home / ".config", home)
    chosen = [
        _setting(folder / "Jan" / "settings.json", "data_folder") for folder in (base, configured)
    ]
    data = [Path(each) for each in chosen if each]
    data += [base / "Jan" / "data", home / "jan"]
    return [folder / "llamacpp" / "models" for folder in data] + [home / "jan" / "models"]


def _ollama(environment: Mapping[str, str], home: Path, platform: str) -> list[Path]:
    found = [home / ".ollama" / "models"]
    if given := environment.get("OLLAMA_MODELS"):
        found.insert(0, _expanded(given, environment, home))
    if platform == "linux":
        # Where its service runs under a user of its own.
        found += [Path("/usr/share/ollama/.ollama/models"), Path("/var/lib/ollama/.ollama/models")]
        found.append(Path("/var/lib/ollama/models"))
    return found


def _folder(environment: Mapping[str, str], name: str, default: Path, home: Path) -> Path:
    given = environment.get(name)
    return _expanded(given, environment, home) if given else default


def _expanded(text: str, environment: Mapping[str, str], home: Path) -> Path:
    text = _VARIABLE.sub(lambda match: environment.get(match[1] or match[2], match[0]), text)
    if text == "~" or text.startswith(("~/", "~\\")):
        return home / text[2:]
    return Path(text).absolute()


def _setting(file: Path, key: str) -> str:
    """Read one absolute path out of another program's settings; empty when there is none."""
    try:
        content = json.loads(_text(file))
    except (ValueError, RecursionError):
        return ""
    value = content.get(key) if isinstance(content, dict) else None
    return value if isinstance(value, str) and Path(value).is_absolute() else ""


def _text(file: Path) -> str:
    try:
        with file.open("rb") as handle:
            return handle.read(_MOST_SETTINGS_BYTES).decode("utf-8-sig", errors="replace")
    except (OSError, ValueError):
        return ""


def _plain(folder: Path) -> Path:
    try:
        return folder.resolve()
    except (OSError, RuntimeError, ValueError):
        return folder
