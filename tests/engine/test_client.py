"""The client against a scripted worker: deaths, healing, cancel, and nothing left behind."""

import asyncio
import contextlib
import os
from pathlib import Path

import pytest

from localchat import errors
from localchat.engine import healing, wire
from localchat.engine.client import EngineClient
from tests.conftest import MakeEngine
from tests.engine.answers import ask, messages

SIGNALS = ("SIGSEGV", "SIGABRT", "SIGKILL", "SIGILL", "SIGBUS")


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("how", [*SIGNALS, "exit 1", "exit 0", "garbage"])
@pytest.mark.parametrize("at", ["prefill", "decode"])
async def test_after_a_death_in_an_answer_the_next_one_comes(
    at: str, how: str, fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """Whatever kills the worker, the text so far was delivered and the next answer is whole."""
    plan = {"at": at, "how": how, "once": str(tmp_path / "died")}
    engine = fake_engine(answers=["The answer is four."], die=plan)
    await engine.load("model.gguf")
    said = ""
    with pytest.raises(errors.EngineLost) as lost:
        async for event in engine.generate(wire.Generate(0, messages("2 + 2?"))):
            said += event.text if isinstance(event, wire.Text) else ""

    again = await ask(engine, "2 + 2?")

    assert bool(said) == (at == "decode")
    assert lost.value.signal_name == (how if how in SIGNALS else _signal_of(how))
    assert lost.value.hint
    assert again.text == "The answer is four."


def _signal_of(how: str) -> str:
    # Garbage on the pipe is answered by killing what wrote it.
    return "SIGKILL" if how == "garbage" else ""


@pytest.mark.parametrize("how", ["SIGILL", "SIGSEGV", "SIGABRT"])
async def test_a_crash_in_the_warm_up_is_cured_and_remembered(
    how: str, fake_engine: MakeEngine, home: Path
) -> None:
    """The same model passing without extra buffers proves it was they; the next load starts so."""
    plan = {"at": "warm-up", "how": how, "only_with_extra_buffers": True}
    engine = fake_engine(die=plan)

    first = await engine.load("model.gguf")
    second = await engine.load("model.gguf")

    entries = healing.safe_mode_entries(home / "safe-mode.json")
    assert not first.params.extra_buffers
    assert how in first.notes[0]
    assert [(how, "fake-build")] == [(entry.signal_name, entry.build) for entry in entries]
    assert second.notes[0].startswith("Safe mode")


async def test_a_crash_while_loading_is_cured_but_not_remembered(
    fake_engine: MakeEngine, home: Path
) -> None:
    """Before the warm-up a crash may have many reasons, so nothing is concluded from it."""
    engine = fake_engine(die={"at": "load", "how": "SIGSEGV", "only_with_extra_buffers": True})

    loaded = await engine.load("model.gguf")

    assert not loaded.params.extra_buffers
    assert () == healing.safe_mode_entries(home / "safe-mode.json")


async def test_a_crash_that_safe_mode_does_not_cure_is_reported(
    fake_engine: MakeEngine, home: Path
) -> None:
    """One retry, then the error with the signal and the log's last words."""
    engine = fake_engine(die={"at": "warm-up", "how": "SIGABRT"})

    with pytest.raises(errors.EngineLost) as lost:
        await engine.load("model.gguf")

    assert lost.value.signal_name == "SIGABRT"
    assert "GGML_ASSERT(fake) failed" in lost.value.message
    assert () == healing.safe_mode_entries(home / "safe-mode.json")


async def test_a_kill_while_loading_is_not_tried_again(fake_engine: MakeEngine) -> None:
    """SIGKILL mostly means that memory ran out: the same size again would freeze the machine."""
    engine = fake_engine(die={"at": "load", "how": "SIGKILL", "only_with_extra_buffers": True})

    with pytest.raises(errors.EngineLost) as lost:
        await engine.load("model.gguf")

    assert "out of memory" in lost.value.hint


async def test_out_of_memory_steps_down_kv_then_context(fake_engine: MakeEngine) -> None:
    """Less is tried until it fits, and each step is told."""
    engine = fake_engine(memory_tokens=4096)

    loaded = await engine.load("model.gguf", wire.EngineParams(context_tokens=16384))

    assert (loaded.params.kv_type_k, loaded.context_tokens) == ("q8_0", 4096)
    assert [
        "Memory ran out: the KV cache is now stored as q8_0.",
        "Memory ran out: the context is now 8,192 tokens.",
        "Memory ran out: the context is now 4,096 tokens.",
    ] == list(loaded.notes)


async def test_a_load_can_be_cancelled(fake_engine: MakeEngine) -> None:
    """Cancel ends a load as Cancelled; the engine loads again afterwards."""
    engine = fake_engine(load_seconds=20)
    loading = asyncio.create_task(engine.load("model.gguf"))
    while engine.pid is None:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)

    await engine.cancel()

    with pytest.raises(errors.Cancelled):
        await loading
    assert engine.loaded is None


async def test_leaving_an_answer_early_stops_it(fake_engine: MakeEngine) -> None:
    """Closing the iterator cancels in the worker, and the next answer is not mixed with it."""
    engine = fake_engine(answers=["word " * 4000, "Short."], rate=200)
    await engine.load("model.gguf")
    async with contextlib.aclosing(engine.generate(wire.Generate(0, messages("?")))) as events:
        async for event in events:
            if isinstance(event, wire.Text):
                break

    assert (await ask(engine, "?")).text == "Short."


async def test_cancel_finishes_an_answer(fake_engine: MakeEngine) -> None:
    """The answer ends as cancelled and keeps what was said."""
    engine = fake_engine(answers=["word " * 4000], rate=500)
    await engine.load("model.gguf")
    said = ""
    last: wire.Event | None = None
    async for event in engine.generate(wire.Generate(0, messages("?"))):
        last = event
        if isinstance(event, wire.Text):
            said += event.text
            if event.stats.tokens == 10:
                await engine.cancel()

    assert isinstance(last, wire.Finished)
    assert last.reason == "cancelled"
    assert said.startswith("word word")


@pytest.mark.slow
async def test_an_engine_that_does_not_listen_is_killed(fake_engine: MakeEngine) -> None:
    """Three seconds after a cancel the worker is gone, and the answer counts as cancelled."""
    engine = fake_engine(answers=["ok " * 50], die={"at": "decode", "how": "hang"}, deaf=True)
    await engine.load("model.gguf")
    last: wire.Event | None = None
    async for event in engine.generate(wire.Generate(0, messages("?"))):
        last = event
        if isinstance(event, wire.Text) and event.stats.tokens == 1:
            await engine.cancel()

    assert isinstance(last, wire.Finished)
    assert last.reason == "cancelled"
    assert engine.loaded is None


async def test_noise_on_both_descriptors_does_no_harm(fake_engine: MakeEngine) -> None:
    """A megabyte on fd 1 and fd 2 neither blocks the worker nor reaches the protocol."""
    engine = fake_engine(spam_bytes=1_000_000)
    await engine.load("model.gguf")

    assert (await ask(engine, "?")).text == "Hello from the fake worker."


async def test_counting_goes_on_while_answering(fake_engine: MakeEngine) -> None:
    """A count asked for in mid-answer is answered before the answer ends."""
    engine = fake_engine(answers=["word " * 200], rate=1000)
    await engine.load("model.gguf")
    counted = 0
    async for event in engine.generate(wire.Generate(0, messages("?"))):
        if isinstance(event, wire.Text) and event.stats.tokens == 3:
            counted = await engine.count(messages("four letter"))

    assert counted == 7


async def test_close_leaves_no_process(fake_engine: MakeEngine) -> None:
    """After close the worker is gone, also when it was answering."""
    engine = fake_engine(answers=["word " * 9000], rate=50)
    await engine.load("model.gguf")
    pid = engine.pid
    assert pid is not None

    await engine.close()

    assert _gone(pid)


async def test_two_who_start_it_at_once_share_one_engine(fake_engine: MakeEngine) -> None:
    """As when a model is chosen while the engine is still asked about this machine."""
    client = fake_engine()
    try:
        async with asyncio.timeout(20):
            first, second, loaded = await asyncio.gather(
                client.start(), client.start(), client.load("model.gguf")
            )
        assert first.pid == second.pid == client.pid
        assert loaded == client.loaded
    finally:
        await client.close()


async def test_a_missing_interpreter_is_an_engine_that_is_missing(tmp_path: Path) -> None:
    """A command that cannot be started is reported, not raised as OSError."""
    engine = EngineClient(tmp_path, tmp_path / "s.json", ("/nonexistent/python",))

    with pytest.raises(errors.EngineMissing):
        await engine.load("model.gguf")


async def test_only_the_newest_logs_are_kept(fake_engine: MakeEngine, home: Path) -> None:
    """Each engine process has a private log; old ones are removed."""
    for _ in range(8):
        engine = fake_engine()
        await engine.start()
        await engine.close()

    logs = list((home / "logs").iterdir())
    assert len(logs) == 5
    assert {0o600} == {log.stat().st_mode & 0o777 for log in logs}
