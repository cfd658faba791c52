"""What the real engine says of files that it cannot load, and how it loads those it can."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from localchat import errors
from localchat.engine import wire
from localchat.engine.client import EngineClient
from tests import ggufs
from tests.engine.answers import ask
from tests.engine.conftest import ModelOf

PROGRAMS = Path(__file__).parent.parent
AMX_FAULT = (sys.executable, str(PROGRAMS / "amx_fault_worker.py"))
SMALL_MEMORY = (sys.executable, str(PROGRAMS / "small_memory_worker.py"))


async def test_a_missing_file(real_engine: EngineClient, tmp_path: Path) -> None:
    """No file is ModelNotFound."""
    with pytest.raises(errors.ModelNotFound):
        await real_engine.load(tmp_path / "none.gguf")


async def test_a_text_file(real_engine: EngineClient, tmp_path: Path) -> None:
    """A text file with the right name is not a GGUF."""
    path = tmp_path / "notes.gguf"
    path.write_text("<!DOCTYPE html><title>Sign in</title>" * 50)

    with pytest.raises(errors.BadModel, match=r"notes\.gguf is not a GGUF file"):
        await real_engine.load(path)


async def test_a_truncated_file(
    real_engine: EngineClient, model_of: ModelOf, tmp_path: Path
) -> None:
    """A file that ends early is said to be incomplete."""
    whole = model_of("dense").read_bytes()
    path = tmp_path / "cut.gguf"
    path.write_bytes(whole[: len(whole) * 2 // 3])

    with pytest.raises(errors.BadModel, match=r"cut\.gguf is incomplete"):
        await real_engine.load(path)


async def test_an_unknown_architecture(real_engine: EngineClient, tmp_path: Path) -> None:
    """An architecture newer than the engine is named, with the way to get a newer engine."""
    path = ggufs.write(tmp_path / "new.gguf", architecture="quux9")

    with pytest.raises(errors.BadModel, match="'quux9'") as bad:
        await real_engine.load(path)

    assert "pip install -U llama-cpp-python" in bad.value.hint


async def test_missing_weights(real_engine: EngineClient, tmp_path: Path) -> None:
    """A header that promises more layers than there are is told as such."""
    path = ggufs.write(tmp_path / "short.gguf", metadata={"llama.block_count": 5})

    with pytest.raises(errors.BadModel, match="does not hold the weights"):
        await real_engine.load(path)


async def test_no_template_and_no_sign_of_one(real_engine: EngineClient, tmp_path: Path) -> None:
    """Without a template a known format is read off the vocabulary, and said; else refused."""
    path = ggufs.write(tmp_path / "base.gguf", template=None)

    loaded = await real_engine.load(path)

    assert "chatml" in loaded.template_origin
    assert "no chat template" in loaded.notes[0]


async def test_a_broken_template(real_engine: EngineClient, tmp_path: Path) -> None:
    """A template that does not compile is reported before any answer."""
    path = ggufs.write(tmp_path / "broken.gguf", template="{% for %}")

    with pytest.raises(errors.BadTemplate):
        await real_engine.load(path)


async def test_a_failed_load_leaves_an_engine_that_loads(
    real_engine: EngineClient, model_of: ModelOf, tmp_path: Path
) -> None:
    """The same process serves the next model after a failure."""
    with pytest.raises(errors.BadModel):
        await real_engine.load(ggufs.write(tmp_path / "new.gguf", architecture="quux9"))

    await real_engine.load(model_of("dense"))

    assert (await ask(real_engine, "Hi", max_tokens=2)).finished.reason == "length"


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS binds on Linux only")
async def test_a_context_too_big_for_memory_is_stepped_down(home: Path, model_of: ModelOf) -> None:
    """Where the engine cannot allocate, it tries less until it loads, and tells what it gave up."""
    engine = EngineClient(home / "logs", home / "safe-mode.json", SMALL_MEMORY)

    loaded = await engine.load(model_of("dense"), wire.EngineParams(context_tokens=2**23))
    answer = await ask(engine, "Hi", max_tokens=2)
    await engine.close()

    assert 2048 <= loaded.context_tokens < 2**23
    assert loaded.notes[0].startswith("Memory ran out")
    assert answer.finished.reason == "length"


async def test_a_context_beyond_the_trained_one_is_noted(
    real_engine: EngineClient, model_of: ModelOf
) -> None:
    """The default stays within the trained context; more is allowed and said."""
    inside = await real_engine.load(model_of("dense"))
    beyond = await real_engine.load(model_of("dense"), wire.EngineParams(context_tokens=1500))

    assert (1024, ()) == (inside.context_tokens, inside.notes)
    assert 1536 == beyond.context_tokens
    assert "longer than the 1,024" in beyond.notes[0]


async def test_mlock_tells_what_really_happened(
    real_engine: EngineClient, model_of: ModelOf
) -> None:
    """The locked bytes are those that the kernel counts, not those that were asked for."""
    loaded = await real_engine.load(model_of("dense"), wire.EngineParams(mlock=True))

    status = Path(f"/proc/{real_engine.pid}/status")
    if not status.exists():
        pytest.skip("no /proc here")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmLck"))
    assert int(line.split()[1]) * 1024 == loaded.locked_bytes


async def test_devices_come_from_ggml(real_engine: EngineClient) -> None:
    """The device list has the CPU with its memory."""
    devices = await real_engine.devices()

    cpu = next(device for device in devices if device.kind == "cpu")
    assert cpu.backend == "CPU"
    assert cpu.memory_bytes > 2**28


async def test_a_faulty_amx_is_survived_without_the_user(home: Path, tmp_path: Path) -> None:
    """The real worker with matrix products that die like a faulty AMX's: it loads and answers."""
    size = ggufs.Size(width=256, heads=4, kv_heads=2, feed_forward=512)
    source = ggufs.write(tmp_path / "f16.gguf", size=size)
    model = tmp_path / "q4_k_m.gguf"
    code = "import sys; from pathlib import Path; from tests import ggufs; "
    code += "ggufs.quantize(Path(sys.argv[1]), Path(sys.argv[2]), 15)"
    subprocess.run([sys.executable, "-c", code, source, model], check=True, capture_output=True)
    engine = EngineClient(home / "logs", home / "safe-mode.json", AMX_FAULT)

    loaded = await engine.load(model)
    answer = await ask(engine, "Hi", max_tokens=5)
    again = await engine.load(model)
    await engine.close()

    assert "SIGILL" in loaded.notes[0]
    assert not loaded.params.extra_buffers
    assert answer.finished.reason == "length"
    assert again.notes[0].startswith("Safe mode: extra CPU buffers are off")


@pytest.mark.parametrize("phase", ["idle", "decode"])
async def test_a_killed_front_end_takes_the_worker_with_it(
    phase: str, model_of: ModelOf, tmp_path: Path
) -> None:
    """kill -9 of the front end: no worker is left two seconds later."""
    program = Path(__file__).parent / "front_end.py"
    front_end = subprocess.Popen(
        [sys.executable, str(program), str(model_of("dense")), phase, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert front_end.stdout is not None
    worker = int(front_end.stdout.readline())

    front_end.send_signal(signal.SIGKILL)
    front_end.wait()
    front_end.stdout.close()

    for _ in range(100):
        if not Path(f"/proc/{worker}").exists() and not _alive(worker):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the worker outlived its front end")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
