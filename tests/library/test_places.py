"""Where models are looked for."""

import json
from pathlib import Path

import pytest

from localchat.library import places
from localchat.library.places import Place, Program
from tests.library import disks

HOME = Path("/home/someone")


def folders(program: Program, platform: str, **environment: str) -> list[str]:
    """Every folder of a program, as text."""
    listed = places.places(HOME / "models", environment, HOME, platform)
    return [place.folder.as_posix() for place in listed if place.program is program]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "/home/someone/.cache/huggingface/hub"),
        ({"HF_HOME": "/x/hf"}, "/x/hf/hub"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/huggingface/hub"),
        ({"HF_HOME": "/x/hf", "HF_HUB_CACHE": "~/hub"}, "/home/someone/hub"),
        ({"HUGGINGFACE_HUB_CACHE": "/old"}, "/old"),
        ({"HF_HUB_CACHE": "$DISK/hub", "DISK": "/d"}, "/d/hub"),
    ],
)
def test_the_hubs_cache_is_found_by_the_rules_of_its_library(
    environment: dict[str, str], expected: str
) -> None:
    """HF_HUB_CACHE wins over HF_HOME, and both over the default."""
    assert [expected] == folders(Program.HUB, "linux", **environment)


@pytest.mark.parametrize(
    ("platform", "environment", "llama_cpp", "jan"),
    [
        ("linux", {}, "/home/someone/.cache/llama.cpp", ".local/share/Jan/data"),
        ("darwin", {}, "/home/someone/Library/Caches/llama.cpp", "Application Support/Jan/data"),
        ("win32", {"LOCALAPPDATA": "/l", "APPDATA": "/r"}, "/l/llama.cpp", "/r/Jan/data"),
    ],
)
def test_every_system_has_places_of_its_own(
    platform: str, environment: dict[str, str], llama_cpp: str, jan: str
) -> None:
    """llama.cpp and Jan are looked for where they write on each system."""
    assert [llama_cpp] == folders(Program.LLAMA_CPP, platform, **environment)
    assert any(
        f"{jan}/llamacpp/models" in each for each in folders(Program.JAN, platform, **environment)
    )


def test_environment_variables_of_other_programs_are_followed() -> None:
    """LLAMA_CACHE replaces llama.cpp's folder; OLLAMA_MODELS comes before the default."""
    assert ["/x"] == folders(Program.LLAMA_CPP, "linux", LLAMA_CACHE="/x")
    ollama = folders(Program.OLLAMA, "linux", OLLAMA_MODELS="/big/ollama")
    assert ["/big/ollama", "/home/someone/.ollama/models"] == ollama[:2]


def test_settings_of_other_programs_are_followed(tmp_path: Path) -> None:
    """LM Studio's pointer and chosen folder, and Jan's data folder, are read off their files."""
    moved = tmp_path / "moved"
    disks.put(tmp_path / ".lmstudio-home-pointer", f"{moved}\n".encode())
    chosen = {"downloadsFolder": str(tmp_path / "chosen")}
    disks.put(moved / "settings.json", json.dumps(chosen).encode())
    data = {"data_folder": str(tmp_path / "jan-data")}
    disks.put(tmp_path / ".local/share/Jan/settings.json", json.dumps(data).encode())
    listed = places.places(tmp_path / "models", {}, tmp_path, "linux")
    for program, folder in (
        (Program.LM_STUDIO, tmp_path / "chosen"),
        (Program.LM_STUDIO, moved / "models"),
        (Program.JAN, tmp_path / "jan-data" / "llamacpp" / "models"),
    ):
        assert Place(program, folder) in listed


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\xff\xfe{", b"[]", b'{"downloadsFolder": 7}', b"[" * 100_000, b"{}" * 600_000],
    ids=["empty", "no text", "a list", "a number", "deep", "huge"],
)
def test_damaged_settings_change_nothing(tmp_path: Path, garbage: bytes) -> None:
    """Whatever stands in another program's settings, its default folder is still looked at."""
    disks.put(tmp_path / ".lmstudio" / "settings.json", garbage)
    disks.put(tmp_path / ".lmstudio-home-pointer", garbage)
    listed = places.places(tmp_path / "models", {}, tmp_path, "linux")
    assert Place(Program.LM_STUDIO, tmp_path / ".lmstudio" / "models") in listed


def test_one_folder_is_one_place(tmp_path: Path) -> None:
    """A folder that two variables name is looked at once."""
    (tmp_path / "link").symlink_to(tmp_path)
    given = {"HF_HUB_CACHE": str(tmp_path), "LLAMA_CACHE": str(tmp_path / "link")}
    listed = places.places(tmp_path / "models", given, tmp_path, "linux")
    assert 1 == sum(place.folder.resolve() == tmp_path.resolve() for place in listed)
