"""`localchat doctor`: its verdicts, and that it always comes to an end with a report."""

import dataclasses
import json
from pathlib import Path

import pytest

from localchat import errors
from localchat.cli import checks
from localchat.engine import healing, wire
from localchat.machine import detect, profile, reconcile
from localchat.machine.hardware import Gpu, Hardware
from localchat.machine.systemgpu import SystemGpu
from localchat.models.folder import LocalModel
from tests.cli import command
from tests.fake_worker import LOADED
from tests.models import files

_LAPTOP = Hardware("linux", "x", 4, 0, 16 * 2**30, 8 * 2**30, 8, 4)
_CPU = wire.Device("CPU", "x", "cpu", 16 * 2**30, 16 * 2**30, "CPU")
_CUDA = wire.Device("CUDA0", "NVIDIA GeForce RTX 3060", "gpu", 12 * 2**30, 11 * 2**30, "CUDA")
_NVIDIA = SystemGpu("nvidia", "NVIDIA GeForce RTX 3060", True)
_IRIS = SystemGpu("intel", "Intel GPU", False)


def _statuses(done: command.Done) -> dict[str, str]:
    return {check["id"]: check["status"] for check in done.json["checks"]}


def test_json_has_the_documented_fields() -> None:
    """Machine, engine, devices, and checks that each have a verdict and a fix."""
    done = command.run("doctor", "--json", script={"answers": ["It is a 4-bit format."]})
    found = done.json
    assert list(found) == ["machine", "engine", "devices", "checks"]
    assert found["machine"]["ram_bytes"] > 0
    assert found["engine"]["engine"] == "fake engine 1.0"
    assert [device["name"] for device in found["devices"]] == ["CPU"]
    for check in found["checks"]:
        assert list(check) == ["id", "status", "message", "fix"]
    statuses = _statuses(done)
    assert list(statuses) == [
        "python",
        "machine",
        "memory",
        "engine",
        "gpu",
        "self-test",
        "safe-mode",
        "memory-lock",
        "models",
    ]
    assert statuses["self-test"] == "ok"


def test_the_text_names_every_check() -> None:
    """For people: a verdict a line, the devices, and a conclusion."""
    done = command.run("doctor", script={})
    assert done.err == ""
    for name in ("python", "machine", "engine", "self-test", "safe-mode", "device"):
        assert name in done.out
    assert "\x1b" not in done.out
    assert done.out.rstrip().endswith((".", "warnings."))


@pytest.mark.parametrize(
    ("script", "failed"),
    [
        ({"die": {"at": "start", "how": "exit 3"}}, "engine"),
        ({"die": {"at": "load", "how": "exit 3"}}, "self-test"),
        ({"die": {"at": "decode", "how": "SIGSEGV"}}, "self-test"),
        ({"answers": [" "]}, "self-test"),
    ],
    ids=["start", "load", "decode", "empty answer"],
)
def test_an_engine_that_fails_is_reported(script: dict[str, object], failed: str) -> None:
    """Whatever the engine does, there is a report, and the exit code is 1."""
    done = command.run("doctor", "--json", script=script)
    assert done.code == 1
    assert _statuses(done)[failed] == "fail"
    assert [check["fix"] for check in done.json["checks"] if check["status"] == "fail"] != [""]


def test_safe_mode_is_shown_and_cleared(home: Path) -> None:
    """What is remembered about the engine's crashes is a warning, until it is cleared."""
    file = home / "state" / "safe-mode.json"
    healing.remember_safe_mode(file, "fake-build", "Tiny", "SIGSEGV")
    shown = command.run("doctor", "--json", script={})
    (check,) = [each for each in shown.json["checks"] if each["id"] == "safe-mode"]
    assert check["status"] == "warn"
    assert "SIGSEGV" in check["message"]
    assert "--clear-safe-mode" in check["fix"]
    cleared = command.run("doctor", "--json", "--clear-safe-mode", script={})
    assert _statuses(cleared)["safe-mode"] == "ok"
    assert healing.safe_mode_entries(file) == ()


def test_a_crash_in_the_self_test_that_safe_mode_cures_is_told() -> None:
    """The self-test heals as any load does; the report says that it had to."""
    script = {"die": {"at": "warm-up", "how": "SIGILL", "only_with_extra_buffers": True}}
    done = command.run("doctor", "--json", script=script)
    assert done.code == 0
    statuses = _statuses(done)
    assert (statuses["self-test"], statuses["safe-mode"]) == ("ok", "warn")
    (check,) = [each for each in done.json["checks"] if each["id"] == "self-test"]
    assert "in safe mode" in check["message"]


def test_a_broken_file_in_the_models_folder_is_a_warning(home: Path) -> None:
    """Files that cannot be used are counted, the first one named."""
    files.write(home / "models" / "good.gguf")
    (home / "models" / "bad.gguf").write_text("oh")
    done = command.run("doctor", "--json", script={})
    (check,) = [each for each in done.json["checks"] if each["id"] == "models"]
    assert check["status"] == "warn"
    assert check["message"].startswith("2 model files in ")
    assert 'bad.gguf is not a GGUF file: it starts with "oh".' in check["message"]


def test_a_gpu_that_the_engine_cannot_use_is_a_warning() -> None:
    """The command that builds the engine for it is given, for this Python."""
    found = reconcile.reconcile(_LAPTOP, (_CPU,), (_IRIS, _NVIDIA), (), "/venv/bin/python")
    (check,) = checks.acceleration(found, (_IRIS, _NVIDIA))
    assert check.status == "warn"
    assert "NVIDIA GeForce RTX 3060" in check.message
    assert check.fix == (
        'CMAKE_ARGS="-DGGML_CUDA=on" "/venv/bin/python" -m pip install --force-reinstall '
        "--no-cache-dir --no-binary llama-cpp-python llama-cpp-python"
    )


def test_gpus_that_are_no_gain_are_no_warning() -> None:
    """An integrated GPU, none, or one that the engine uses: nothing to mend."""

    def verdict(device: wire.Device, *shown: SystemGpu) -> tuple[str, str]:
        (check,) = checks.acceleration(reconcile.reconcile(_LAPTOP, (device,), shown), shown)
        return check.status, check.message

    assert verdict(_CPU, _IRIS)[0] == "info"
    assert verdict(_CPU)[0] == "info"
    assert verdict(_CUDA, _NVIDIA) == ("ok", "Models run on NVIDIA GeForce RTX 3060.")


def test_memory_in_words() -> None:
    """What is there, who limits it, what GPUs have, and how fast it is at most."""
    card = Gpu("RTX 3060", "cuda", 12 * 2**30, 11 * 2**30)
    full = dataclasses.replace(
        _LAPTOP,
        gpus=(card,),
        environment="container",
        memory_bandwidth_gbps=51.2,
        swap_bytes=2 * 2**30,
    )
    assert checks.memory(full).message == (
        "8.00 GiB available of 16.00 GiB in this container; "
        "RTX 3060 has 11.00 GiB free of 12.00 GiB; 51.2 GB/s at most; "
        "2.00 GiB swap, which models must not need"
    )
    inside = Gpu("Apple M2", "metal", 11 * 2**30, 11 * 2**30, is_integrated=True)
    mac = dataclasses.replace(_LAPTOP, gpus=(inside,), unified_memory=True)
    assert checks.memory(mac).message.endswith("Apple M2 may use 11.00 GiB of it")
    assert checks.memory(Hardware("x", "x", 1, 0, 0, 0, 1, 1)).status == "info"


def test_verdicts_on_machine_and_python() -> None:
    """Little free memory is a warning, an old Python a failure, and each has a fix."""
    full = Hardware("linux", "x", 4, 0, 16 * 2**30, 2**30, 8, 4)
    assert (checks.machine(_LAPTOP).status, checks.memory(_LAPTOP).status) == ("ok", "ok")
    assert "4 threads generate" in checks.machine(_LAPTOP).message
    assert (checks.memory(full).status, bool(checks.memory(full).fix)) == ("warn", True)
    assert checks.python((3, 10, 1), "/p").status == "fail"
    assert checks.python((3, 14, 0), "/p").message == "Python 3.14.0 at /p"


def test_verdicts_on_memory_that_can_be_locked() -> None:
    """A small limit comes with the way to raise it."""
    assert checks.memory_lock(None, "raise it").status == "ok"
    assert checks.memory_lock(8 * 2**20, "raise it").fix == "raise it"
    assert checks.memory_lock(64 * 2**30, "raise it").fix == ""


def test_verdicts_on_safe_mode_of_other_builds() -> None:
    """An entry for another build is no warning."""
    entry = healing.SafeModeEntry("b0", "Tiny", "SIGILL", "2025-01-01")
    assert checks.safe_mode((entry,), "b1").status == "info"
    assert checks.safe_mode((), "b1").status == "ok"


def test_a_missing_guide_fails() -> None:
    """An installation without the built-in model is broken."""
    guide = LocalModel(Path("guide.gguf"), "guide", 0, problem="There is no file guide.gguf.")
    check = checks.models((guide,), Path("/models"))
    assert (check.status, check.message) == ("fail", "There is no file guide.gguf.")


def test_the_self_tests_verdicts() -> None:
    """An error, an empty answer and silence all fail with something to do."""
    stats = wire.Stats(tokens=11, seconds=1.0)
    assert checks.self_test(LOADED, "4 bits", stats).message == (
        "The built-in model answers: 11 tokens, 10.0 tokens/s, loaded in 0.1 s"
    )
    hung = checks.self_test_hung(120)
    failed = checks.self_test_failed(errors.LoadFailed("It did not load."))
    assert (hung.status, failed.status) == ("fail", "fail")
    assert all(check.fix for check in (hung, failed))


def test_device_memory_in_words() -> None:
    """A processor's free memory is not told by ggml; a GPU's is."""
    gpu = wire.Device("CUDA0", "RTX", "gpu", 12 * 2**30, 11 * 2**30)
    cpu = wire.Device("CPU", "x", "cpu", 16 * 2**30, 16 * 2**30)
    assert checks.memory_of(gpu) == ", 12.00 GiB (11.00 GiB free)"
    assert checks.memory_of(cpu) == ", 16.00 GiB"
    assert checks.memory_of(wire.Device("BLAS", "", "accelerator", 0, 0)) == ""


def test_paths_shows_every_place(home: Path) -> None:
    """As text and as one JSON object, and makes none of them."""
    done = command.run("paths", "--json")
    assert done.code == 0
    found = json.loads(done.out)
    assert found["models"] == str(home / "models")
    assert list(found) == [
        "config_file",
        "models",
        "downloads",
        "chats_file",
        "state",
        "engine_logs",
        "safe_mode_file",
        "guide",
    ]
    text = command.run("paths").out
    assert [path for path in found.values() if path not in text] == []
    assert not home.exists()


def test_the_machine_can_be_written_down(tmp_path: Path) -> None:
    """--profile prints a file that `fit --machine` reads, with the same memory."""
    done = command.run("doctor", "--profile", script={})
    file = tmp_path / "mine.toml"
    file.write_text(done.out)

    assert 0 == done.code
    assert profile.read(file).ram_bytes == detect.detect().ram_bytes
