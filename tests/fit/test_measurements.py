"""What was measured is kept, for one machine and one engine build, and no more than is useful."""

import dataclasses
import json
import math
from pathlib import Path

import pytest

from localchat.fit import measurements
from localchat.fit.measurements import Measurement, Setting
from localchat.fit.work import Work
from localchat.machine.hardware import Hardware

_SETTING = Setting("Q4_K", 4, True, "f16/f16")
_NOTHING = Work(0.0, 0.0, 0.0)
_ONE = Measurement(
    kind="chat",
    file="mistral.gguf:4140000000",
    setting=_SETTING,
    host=Work(4e9, 32.0, 1e8),
    gpu=_NOTHING,
    token_seconds=0.12,
    spread=0.01,
    prefill_tokens_per_second=30.5,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where measurements are kept."""
    return tmp_path / "state" / "measurements.json"


def test_what_was_added_is_read_again(file: Path) -> None:
    """Every field survives, and the order is that of adding."""
    slower = dataclasses.replace(_ONE, token_seconds=0.2, kv_seconds_per_byte=1e-10)
    measurements.add(file, "mine", "b1", [_ONE])
    measurements.add(file, "mine", "b1", [slower])
    assert (_ONE, slower) == measurements.read(file, "mine", "b1")


def test_another_machine_and_another_build_learn_nothing(file: Path) -> None:
    """A home folder on two machines, or a new engine, starts afresh and loses nothing."""
    measurements.add(file, "mine", "b1", [_ONE])
    measurements.add(file, "yours", "b1", [dataclasses.replace(_ONE, token_seconds=9.0)])
    assert () == measurements.read(file, "mine", "b2")
    assert (_ONE,) == measurements.read(file, "mine", "b1")


def test_only_the_newest_of_a_file_are_kept(file: Path) -> None:
    """A model that is used every day does not push out all others."""
    other = dataclasses.replace(_ONE, file="other.gguf:1")
    measurements.add(file, "mine", "b1", [other])
    many = [dataclasses.replace(_ONE, token_seconds=1.0 + n) for n in range(40)]
    measurements.add(file, "mine", "b1", many)
    assert (other, *many[-measurements.MOST_OF_A_FILE :]) == measurements.read(file, "mine", "b1")


def test_the_file_is_bounded(file: Path) -> None:
    """However many models were tried, the oldest go first."""
    many = [dataclasses.replace(_ONE, file=f"{n}.gguf:1") for n in range(measurements.MOST + 50)]
    measurements.add(file, "mine", "b1", many)
    assert tuple(many[50:]) == measurements.read(file, "mine", "b1")


def test_the_file_is_private(file: Path) -> None:
    """Which models somebody uses is nobody else's business."""
    measurements.add(file, "mine", "b1", [_ONE])
    assert 0o600 == file.stat().st_mode & 0o777


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"version": 99}', '{"version": 1, "measurements": 7}', "[" * 9999]
)
def test_a_damaged_file_holds_nothing_and_is_replaced(file: Path, content: str) -> None:
    """Nobody is told of a file that only makes predictions better."""
    file.parent.mkdir()
    file.write_text(content)
    assert () == measurements.read(file, "mine", "b1")
    measurements.add(file, "mine", "b1", [_ONE])
    assert (_ONE,) == measurements.read(file, "mine", "b1")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("token_seconds", 0), ("token_seconds", "fast"), ("token_seconds", math.nan),
        ("spread", -1), ("host", None), ("host", {"weights_bytes": 1}), ("setting", []),
        ("prefill_tokens_per_second", math.inf), ("file", None), ("file", 3),
    ],
)  # fmt: skip
def test_a_damaged_entry_is_passed_over(file: Path, key: str, value: object) -> None:
    """One entry that makes no sense does not spoil the others."""
    measurements.add(file, "mine", "b1", [_ONE, _ONE])
    content = json.loads(file.read_text())
    content["measurements"][0][key] = value
    file.write_text(json.dumps(content))
    assert (_ONE,) == measurements.read(file, "mine", "b1")


def test_a_machine_stays_itself_when_memory_fills_up() -> None:
    """What is free now is no part of a machine's name; its processor is."""
    idle = Hardware("linux", "x", 4, 0, 16 << 30, 8 << 30, 8, 4)
    full = dataclasses.replace(idle, available_ram_bytes=1 << 30)
    other = dataclasses.replace(idle, cpu="y")
    assert measurements.machine_key(idle) == measurements.machine_key(full)
    assert measurements.machine_key(idle) != measurements.machine_key(other)
