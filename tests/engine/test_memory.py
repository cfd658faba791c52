"""The KV cache: what a new turn keeps, and that keeping it never changes an answer."""

import contextlib

import pytest

from localchat.engine import wire
from localchat.engine.client import EngineClient
from tests import ggufs
from tests.engine.answers import Answer, ask, messages
from tests.engine.conftest import ModelOf

KINDS: tuple[ggufs.Kind, ...] = ("dense", "sliding", "hybrid")
FIRST = "What is on the table in the house by the sea?"
SECOND = "And who put it there?"
PARAMS = wire.EngineParams(context_tokens=1024, batch_tokens=64, threads=1)


async def _cold(
    engine: EngineClient, like: Answer, *texts: str, tokens: int, continue_final: bool = False
) -> Answer:
    """Answer with nothing in memory, evaluated in the same calls as `like` was."""
    assert like.finished.reason == "length"
    prefill = like.finished.chunks[: len(like.finished.chunks) - (tokens - 1)]
    return await ask(
        engine, *texts, max_tokens=tokens, chunks=prefill, continue_final=continue_final
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_a_new_turn_reads_only_what_is_new(
    kind: ggufs.Kind, model_of: ModelOf, real_engine: EngineClient
) -> None:
    """A second turn finds the first one in the cache, for every kind of memory."""
    await real_engine.load(model_of(kind), PARAMS)
    first = await ask(real_engine, FIRST, max_tokens=24)
    known = first.finished.stats.prompt_tokens + 23
    second = await ask(real_engine, FIRST, first.text, SECOND, max_tokens=24)

    cold = await _cold(real_engine, second, FIRST, first.text, SECOND, tokens=24)

    # Random weights write byte soup, which need not tokenize as it was generated.
    assert second.finished.stats.cached_tokens <= known
    assert second.finished.stats.cached_tokens >= first.finished.stats.prompt_tokens or (
        kind == "hybrid" and second.finished.stats.note
    )
    assert second.text == cold.text


@pytest.mark.parametrize("kind", KINDS)
async def test_an_appended_turn_is_never_reread(
    kind: ggufs.Kind, model_of: ModelOf, real_engine: EngineClient
) -> None:
    """When the new prompt begins with all that is in memory, every kind keeps all of it."""
    await real_engine.load(model_of(kind), PARAMS)
    first = await ask(real_engine, FIRST, max_tokens=1)

    second = await ask(real_engine, FIRST, "A lamp", max_tokens=20, continue_final=True)

    assert first.finished.stats.prompt_tokens == second.finished.stats.cached_tokens
    assert second.finished.stats.note == ""
    cold = await _cold(real_engine, second, FIRST, "A lamp", tokens=20, continue_final=True)
    assert second.text == cold.text


@pytest.mark.parametrize("kind", KINDS)
async def test_an_edit_gives_the_text_of_a_cold_prompt(
    kind: ggufs.Kind, model_of: ModelOf, real_engine: EngineClient
) -> None:
    """Changing an earlier message keeps the common prefix where that is sound, and says if not."""
    await real_engine.load(model_of(kind), PARAMS)
    long_first = FIRST + " " + "It was a quiet evening. " * 12
    await ask(real_engine, long_first, max_tokens=300)

    edited = await ask(real_engine, long_first + "Was it not?", max_tokens=24)

    cold = await _cold(real_engine, edited, long_first + "Was it not?", tokens=24)
    assert edited.text == cold.text
    stats = edited.finished.stats
    if kind == "dense":
        assert stats.cached_tokens > 250
        assert stats.note == ""
    else:
        # 300 tokens later the cells of the window have been used again; a recurrent state never
        # had a past.
        assert stats.cached_tokens == 0
        assert stats.note.endswith("read from the start.")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_regenerate_gives_the_same_text(
    kind: ggufs.Kind, model_of: ModelOf, real_engine: EngineClient
) -> None:
    """Asking the same again at temperature 0 gives the same answer, whatever was kept."""
    await real_engine.load(model_of(kind), PARAMS)
    first = await ask(real_engine, FIRST, max_tokens=40)

    again = await ask(real_engine, FIRST, max_tokens=40)

    assert first.text == (await _cold(real_engine, first, FIRST, tokens=40)).text
    assert again.text == (await _cold(real_engine, again, FIRST, tokens=40)).text
    assert again.finished.stats.cached_tokens < again.finished.stats.prompt_tokens


@pytest.mark.parametrize("kind", KINDS)
async def test_a_cancelled_answer_leaves_a_sound_memory(
    kind: ggufs.Kind, model_of: ModelOf, real_engine: EngineClient
) -> None:
    """After a stop in mid-answer the next answer is that of a cold prompt."""
    await real_engine.load(model_of(kind), PARAMS)
    request = wire.Generate(0, messages(FIRST), sampling=wire.Sampling(temperature=0.0))
    async with contextlib.aclosing(real_engine.generate(request)) as events:
        async for event in events:
            if isinstance(event, wire.Text) and event.stats.tokens > 5:
                break

    after = await ask(real_engine, SECOND, max_tokens=24)

    assert after.text == (await _cold(real_engine, after, SECOND, tokens=24)).text


async def test_a_window_that_moved_on_is_not_trusted(
    model_of: ModelOf, real_engine: EngineClient
) -> None:
    """Cutting inside a sliding window keeps the prefix; before the window it is read again."""
    await real_engine.load(model_of("sliding"), PARAMS)
    await ask(real_engine, FIRST, max_tokens=4)

    near = await ask(real_engine, FIRST[:-1] + "!", max_tokens=4)

    assert near.finished.stats.cached_tokens > 0
    assert near.finished.stats.note == ""


@pytest.mark.parametrize("kind", KINDS)
async def test_what_can_be_kept_is_announced(
    kind: ggufs.Kind, model_of: ModelOf, real_engine: EngineClient
) -> None:
    """Loading tells what of the cache survives a change."""
    loaded = await real_engine.load(model_of(kind), PARAMS)

    expected = {"dense": "full", "sliding": "window", "hybrid": "append"}
    assert expected[kind] == loaded.prefix_reuse
