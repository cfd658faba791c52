"""Answers held to a JSON schema by the real engine: always JSON, always valid, whatever the limit.

The models are the Guide, which knows no JSON, and one of random weights, which says noise.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from localchat import errors, paths
from localchat.engine import wire
from localchat.engine.client import EngineClient
from tests import architectures, ggufs
from tests.engine import json_schemas
from tests.engine.answers import GREEDY, Answer, ask, messages
from tests.engine.conftest import ModelOf
from tests.engine.json_schemas import SCHEMAS

PARAMS = wire.EngineParams(context_tokens=1024, threads=1)
LIMITS_TOKENS = (1, 5, 16, 60)
SEEDS = (1, 2)


def _model(name: str, folder: Path) -> Path:
    if name == "guide":
        return paths.guide_model()
    if name == "random":
        return ggufs.write(folder / "random.gguf")
    return architectures.write(folder / f"{name}.gguf", name)


def _hot(seed: int) -> wire.Sampling:
    return wire.Sampling(temperature=1.5, top_k=0, top_p=1.0, min_p=0.0, seed=seed)


async def _held(engine: EngineClient, schema: Any, **options: Any) -> Answer:
    """Ask for JSON of a schema, and check it."""
    answer = await ask(engine, "List the quants.", json_schema=json.dumps(schema), **options)
    json_schemas.check(answer.text, schema)
    return answer


@pytest.mark.slow
@pytest.mark.parametrize("name", ["guide", "random"])
async def test_answers_always_meet_their_schema(
    name: str, tmp_path: Path, real_engine: EngineClient
) -> None:
    """Every schema, greedy and at high temperature, with limits that end it anywhere."""
    await real_engine.load(_model(name, tmp_path), PARAMS)
    for schema in SCHEMAS.values():
        for limit in LIMITS_TOKENS:
            for sampling in (GREEDY, *map(_hot, SEEDS)):
                answer = await _held(real_engine, schema, max_tokens=limit, sampling=sampling)
                assert answer.finished.stats.tokens <= limit


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(architectures.CLASSES))
async def test_every_kind_of_vocabulary_is_held(
    name: str, tmp_path: Path, real_engine: EngineClient
) -> None:
    """SentencePiece, bytes and words: tokens are followed by what they really say."""
    await real_engine.load(_model(name, tmp_path), PARAMS)
    for schema in ("a record", "anything", "a moment"):
        for seed in SEEDS:
            await _held(real_engine, SCHEMAS[schema], max_tokens=40, sampling=_hot(seed))


async def test_an_answer_ends_by_itself_where_nothing_can_follow(
    model_of: ModelOf, real_engine: EngineClient
) -> None:
    """A closed object is the end; no limit and no end token are needed."""
    await real_engine.load(model_of("dense"), PARAMS)

    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
    answer = await _held(real_engine, schema, max_tokens=200)

    assert "stop" == answer.finished.reason


async def test_a_full_context_ends_the_document(
    model_of: ModelOf, real_engine: EngineClient
) -> None:
    """Where the context is full, the document is closed too."""
    await real_engine.load(model_of("dense"), wire.EngineParams(context_tokens=256, threads=1))
    schema = {"type": "array", "items": {"type": "string", "minLength": 50}, "minItems": 4}

    answer = await _held(real_engine, schema)

    assert "context" == answer.finished.reason
    assert answer.finished.stats.tokens + answer.prompt.prompt_tokens <= 256 + 1


async def test_a_limit_below_the_shortest_answer_gives_the_shortest(
    model_of: ModelOf, real_engine: EngineClient
) -> None:
    """The document is whole even so, and the reason tells why it is empty."""
    await real_engine.load(model_of("dense"), PARAMS)

    answer = await _held(real_engine, SCHEMAS["a uuid"], max_tokens=3)

    assert '"00000000-0000-0000-0000-000000000000"' == answer.text
    assert ("length", 0) == (answer.finished.reason, answer.finished.stats.tokens)


async def test_the_same_seed_gives_the_same_document(
    model_of: ModelOf, real_engine: EngineClient
) -> None:
    """Refusing tokens does not make the draw any less repeatable."""
    await real_engine.load(model_of("dense"), PARAMS)
    texts = [
        (await _held(real_engine, {}, max_tokens=80, sampling=_hot(seed))).text
        for seed in (7, 7, 8)
    ]

    assert texts[0] == texts[1] != texts[2]


async def test_a_document_that_was_cut_off_is_continued(
    model_of: ModelOf, real_engine: EngineClient
) -> None:
    """The grammar goes on from the text that is there; what cannot be continued is refused."""
    await real_engine.load(model_of("dense"), PARAMS)
    schema = SCHEMAS["a record"]

    async def go_on(begun: str) -> str:
        request = wire.Generate(
            0,
            messages("Who?", begun),
            sampling=GREEDY,
            max_tokens=60,
            continue_final=True,
            json_schema=json.dumps(schema),
        )
        events = [event async for event in real_engine.generate(request)]
        return "".join(event.text for event in events if isinstance(event, wire.Text))

    begun = '{"name": "Ada 漢", "age": 3'
    found = json_schemas.check(begun + await go_on(begun), schema)
    assert found["name"] == "Ada 漢"
    assert "" == await go_on('{"name": "Ada", "age": 36}')
    with pytest.raises(errors.EngineError, match="does not meet the JSON schema"):
        await go_on('{"age": 36')


async def test_stop_strings_do_not_cut_a_document(
    model_of: ModelOf, real_engine: EngineClient
) -> None:
    """They would leave it open; that they do not count is told."""
    await real_engine.load(model_of("dense"), PARAMS)

    answer = await _held(real_engine, {"type": "object"}, max_tokens=30, stop=("{", "}"))

    assert ("An answer that has to be JSON does not end at stop strings.",) == answer.prompt.notes


async def test_a_schema_that_cannot_be_held_fails_the_request_alone(
    model_of: ModelOf, real_engine: EngineClient
) -> None:
    """One sentence, and the next request is answered."""
    await real_engine.load(model_of("dense"), PARAMS)

    with pytest.raises(errors.EngineError, match=r'"not" in the schema is not supported\.'):
        await ask(real_engine, "Hi", json_schema='{"not": {}}')

    assert (await ask(real_engine, "Hi", max_tokens=2)).finished.stats.tokens == 2
