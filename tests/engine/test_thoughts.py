"""What a model thinks: where it begins and ends, for how long, and what its template lets choose.

The engine's tests run on a model of random weights whose template opens a think block: left alone,
it would think for ever.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from localchat.chat.reasoning import ReasoningSplitter
from localchat.engine import wire
from localchat.engine.client import EngineClient
from localchat.engine.templates import THINKING_VARIABLES, ChatTemplate, thinking_variables
from localchat.engine.thoughts import Thoughts
from tests import gguf_files, ggufs
from tests.chat.test_reasoning import HARMONY, STREAMS
from tests.engine import json_schemas
from tests.engine.answers import Answer, ask
from tests.engine.json_schemas import SCHEMAS

PARAMS = wire.EngineParams(context_tokens=1024, threads=1)
FAMILIES = Path(__file__).parent / "templates"
OPENERS = ["<think>\n", "[THINK]", "<seed:think>", "<|channel>thought\n", HARMONY]


def _thinking(opener: str) -> str:
    """A template that ends in a think block."""
    return gguf_files.CHATML.replace("assistant\n{% endif %}", f"assistant\n{opener}{{% endif %}}")


def _split(answer: Answer) -> tuple[str, str]:
    splitter = ReasoningSplitter(answer.prompt.opened_by)
    pieces = [*splitter.feed(answer.text), *splitter.close()]
    kinds = ("reasoning", "answer")
    reasoning, said = ("".join(p.text for p in pieces if p.kind == kind) for kind in kinds)
    return reasoning, said


@pytest.mark.parametrize(
    ("family", "variables"),
    [
        ("qwen3", ("enable_thinking",)),
        ("gpt_oss", ("reasoning_effort",)),
        ("smollm3", ("enable_thinking",)),
        ("llama3", ()),
        ("deepseek_r1", ()),
    ],
)
def test_a_template_tells_what_can_be_chosen(family: str, variables: tuple[str, ...]) -> None:
    """Read off the template's program: names that it wants from outside, no others."""
    source = (FAMILIES / f"{family}.jinja").read_text(encoding="utf-8")

    assert variables == thinking_variables(ChatTemplate(source, bos="<s>", eos="</s>"))


def test_a_variable_that_the_template_sets_itself_is_not_a_choice() -> None:
    """Unless it asks whether it is set, a name of its own is its own."""
    own = ChatTemplate("{% set thinking = true %}{{ thinking }}")
    asked = ChatTemplate("{% if thinking is not defined %}{% set thinking = 1 %}{% endif %}x")

    assert ((), ("thinking",)) == (thinking_variables(own), thinking_variables(asked))
    assert len(set(THINKING_VARIABLES)) == len(THINKING_VARIABLES)


async def test_the_front_end_is_told(tmp_path: Path, real_engine: EngineClient) -> None:
    """Loaded carries the names."""
    template = "{% if enable_thinking %}{% endif %}" + gguf_files.CHATML

    loaded = await real_engine.load(ggufs.write(tmp_path / "m.gguf", template=template), PARAMS)

    assert ("enable_thinking",) == loaded.template_variables


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream[1][:24])
def test_thoughts_are_followed_as_the_reader_sees_them(
    stream: tuple[str, str, str, str, bool],
) -> None:
    """Character by character the worker knows what the splitter knows of every stream."""
    opened_by, output, _, answer, _ = stream
    whole, cut = Thoughts(opened_by), Thoughts(opened_by)
    whole.feed(output)
    for char in output:
        cut.feed(char)

    assert (whole.is_open, whole.has_answer) == (cut.is_open, cut.has_answer)
    # What may still become a mark is not yet an answer; a remark between calls of tools never is.
    undecided = output in (
        "<thi",
        "<|channel|>fin",
        "<|channel|>commentary<|message|>First.<|end|>",
    )
    assert whole.has_answer is (bool(answer.strip()) and not undecided)


@pytest.mark.parametrize("opener", OPENERS)
async def test_a_budget_ends_the_thinking(
    opener: str, tmp_path: Path, real_engine: EngineClient
) -> None:
    """After so many tokens the block is closed with the model's own mark, and an answer comes."""
    path = ggufs.write(tmp_path / "m.gguf", template=_thinking(opener))
    await real_engine.load(path, PARAMS)

    free = await ask(real_engine, "Hi", max_tokens=120)
    held = await ask(real_engine, "Hi", max_tokens=120, thinking_budget_tokens=20)

    assert "" == _split(free)[1]
    reasoning, said = _split(held)
    assert free.text.lstrip().startswith(reasoning)
    assert 0 < len(reasoning) < len(free.text)
    assert said.strip()
    assert 120 == held.finished.stats.tokens


async def test_a_model_that_does_not_think_has_no_use_for_a_budget(
    tmp_path: Path, real_engine: EngineClient
) -> None:
    """Without a think block the answer is what it is without a budget."""
    await real_engine.load(ggufs.write(tmp_path / "m.gguf"), PARAMS)

    plain = await ask(real_engine, "Hi", max_tokens=40)
    held = await ask(real_engine, "Hi", max_tokens=40, thinking_budget_tokens=5)

    assert plain.text == held.text


@pytest.mark.parametrize("limit", [1, 20, 90])
@pytest.mark.parametrize("opener", OPENERS)
async def test_json_begins_after_the_thinking(
    opener: str, limit: int, tmp_path: Path, real_engine: EngineClient
) -> None:
    """Thoughts are free, the answer meets the schema, and there is always room for it."""
    path = ggufs.write(tmp_path / "m.gguf", template=_thinking(opener))
    await real_engine.load(path, PARAMS)
    for name in ("a record", "anything"):
        schema: Any = SCHEMAS[name]
        answer = await ask(real_engine, "Hi", json_schema=json.dumps(schema), max_tokens=limit)
        reasoning, said = _split(answer)
        json_schemas.check(said, schema)
        assert bool(reasoning) is (limit > 20 or (limit == 20 and name == "anything"))
        assert answer.finished.stats.tokens <= limit


async def test_thoughts_that_end_the_turn_are_followed_by_json(
    tmp_path: Path, real_engine: EngineClient
) -> None:
    """A model that stops while it thinks is held to its answer."""
    template = _thinking("<think>\n")
    await real_engine.load(ggufs.write(tmp_path / "plain.gguf", template=template), PARAMS)
    free = await ask(real_engine, "Hi", max_tokens=60)
    mark = next(char for char in free.text if char in "!#$%&*+,-./:;<=>?@[]^_`{|}~")
    ending = {"tokenizer.ggml.eot_token_id": ggufs.byte_token(mark)}
    path = ggufs.write(tmp_path / "ends.gguf", template=template, metadata=ending)
    await real_engine.load(path, PARAMS)

    answer = await ask(real_engine, "Hi", json_schema='{"type": "boolean"}', max_tokens=400)

    reasoning, said = _split(answer)
    assert mark not in reasoning
    assert said in ("true", "false")
