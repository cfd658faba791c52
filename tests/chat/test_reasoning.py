"""The splitter of reasoning and answer: any cut of the stream gives the same result."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localchat.chat.reasoning import PRESERVED_TOKENS, Piece, ReasoningSplitter
from localchat.engine.reasoning_tags import PREFILLED_TAGS, TAGS, opens_reasoning
from localchat.engine.textstream import TextStream

HARMONY = "<|channel|>analysis<|message|>"

# opened by the prompt, output, reasoning, answer, no answer came
STREAMS = [
    ("", "Hello.", "", "Hello.", False),
    ("", "  \n Hello.", "", "  \n Hello.", False),
    ("", "<think>a</think>b", "a", "b", False),
    ("", "<think>\n a\nb \n</think>\n\n c \n", "a\nb", "c \n", False),
    ("", " \n<think>a</think>b", "a", "b", False),
    ("", "<think></think>b", "", "b", False),
    ("", "<think>\n\n</think>\n\nb", "", "b", False),
    ("", "<thinking>a</thinking>b", "a", "b", False),
    ("", "<thought>a</thought>b", "a", "b", False),
    ("", "[THINK]a[/THINK]b", "a", "b", False),
    ("", "<seed:think>a</seed:think>b", "a", "b", False),
    ("", "<mm:think>a</mm:think>b", "a", "b", False),
    ("", "<think:opensource>a</think:opensource>b", "a", "b", False),
    ("", "<|START_THINKING|>a<|END_THINKING|>b", "a", "b", False),
    ("", "<|channel>thought\na<channel|>b", "a", "b", False),
    ("", "<reasoning>a</reasoning>b", "a", "b", False),
    ("", "<|begin_of_thought|>a<|end_of_thought|>\n\nb", "a", "b", False),
    ("", "◁think▷a◁/think▷b", "a", "b", False),
    ("", "◁ a triangle ▷", "", "◁ a triangle ▷", False),
    ("<think>", "a</think>b", "a", "b", False),
    ("<seed:think>", "a</seed:think>b", "a", "b", False),
    ("<|channel>thought", "a<channel|>b", "a", "b", False),
    ("<think>", "漢字 🙂</think>é", "漢字 🙂", "é", False),
    ("<think>", "\na\n</think>\n\nb", "a", "b", False),
    ("<think>", "<think>\na</think>b", "a", "b", False),
    ("[THINK]", "a[/THINK]b", "a", "b", False),
    ("Here are my reasoning steps:", "a[BEGIN FINAL RESPONSE]b", "a", "b", False),
    ("<think>", "all of it", "all of it", "", True),
    ("<think>", "ends in a mark </thi", "ends in a mark </thi", "", True),
    ("", "<think>all of it\n", "all of it", "", True),
    ("", "<think>a</think>", "a", "", True),
    ("", "<think>a</think> \n", "a", "", True),
    ("", "</think>\n\nb", "", "b", False),
    ("", "<think>a < b </ think> c</think>d", "a < b </ think> c", "d", False),
    ("", "<think>a</think>```\n<think>x</think>\n```", "a", "```\n<think>x</think>\n```", False),
    ("", "```html\n<think>x</think>\n```", "", "```html\n<think>x</think>\n```", False),
    ("", "Use <think> to think </think>.", "", "Use <think> to think </think>.", False),
    ("", "`<think>` is a tag", "", "`<think>` is a tag", False),
    ("", "<thi", "", "<thi", False),
    ("", "<b>bold</b>", "", "<b>bold</b>", False),
    ("", "<think>a</thinking></think>b", "a</thinking>", "b", False),
    ("", "<think>a</think><think>b</think>c", "ab", "c", False),
    ("", "", "", "", False),
    ("", HARMONY + "a<|end|><|start|>assistant<|channel|>final<|message|>b", "a", "b", False),
    ("", "<|channel|>final<|message|>b", "", "b", False),
    ("", "<|start|>assistant<|channel|>final<|message|> b\n", "", " b\n", False),
    (HARMONY, "a<|end|><|start|>assistant<|channel|>final<|message|>b", "a", "b", False),
    ("", HARMONY + "only this", "only this", "", True),
    ("", HARMONY + "only this<|end|>", "only this", "", True),
    ("", "<|channel|>final<|message|>a<|end|> is a mark", "", "a<|end|> is a mark", False),
    ("", "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}", "{}", "", True),
    ("", "<|channel|>commentary<|message|>First.<|end|>", "", "First.", False),
    ("", "<|channel|>" + "x" * 300, "", "<|channel|>" + "x" * 300, False),
    ("", "<|channel|>fin", "", "<|channel|>fin", False),
    ("", HARMONY + "a<|end|>b", "a", "b", False),
]


def split(opened_by: str, parts: list[str]) -> tuple[str, str, bool]:
    splitter = ReasoningSplitter(opened_by)
    pieces: list[Piece] = []
    for part in parts:
        pieces += splitter.feed(part)
    pieces += splitter.close()
    reasoning = "".join(piece.text for piece in pieces if piece.kind == "reasoning")
    answer = "".join(piece.text for piece in pieces if piece.kind == "answer")
    return reasoning, answer, splitter.unclosed


@pytest.mark.parametrize(("opened_by", "output", "reasoning", "answer", "unclosed"), STREAMS)
def test_streams(opened_by: str, output: str, reasoning: str, answer: str, unclosed: bool) -> None:
    """Every known spelling is split, and text that only looks like a mark stays text."""
    assert split(opened_by, [output]) == (reasoning, answer, unclosed)


@pytest.mark.parametrize(("opened_by", "output"), [stream[:2] for stream in STREAMS])
def test_every_cut(opened_by: str, output: str) -> None:
    """A stream cut at any one place, or into single characters, gives the same as uncut."""
    whole = split(opened_by, [output])
    for place in range(1, len(output)):
        assert split(opened_by, [output[:place], output[place:]]) == whole
    assert split(opened_by, list(output)) == whole


def test_there_are_enough_streams() -> None:
    """Over fifty streams, with every spelling that is known, opened by the model or the prompt."""
    outputs = {stream[:2] for stream in STREAMS}
    opened = {stream[0] for stream in STREAMS}
    assert 55 == len(outputs)
    assert all(any(tag.open in output for _, output in outputs) for tag in TAGS)
    assert {"<think>", "[THINK]", HARMONY, PREFILLED_TAGS[0].open} <= opened


@pytest.mark.parametrize("stream", [s for s in STREAMS if len(s[1]) <= 60], ids=lambda s: s[1][:24])
def test_every_pair_of_cuts(stream: tuple[str, str, str, str, bool]) -> None:
    """Cut at any two places, a stream gives what it gives uncut: golden, not only the same."""
    opened_by, output, *golden = stream
    for one, two in combinations(range(len(output) + 1), 2):
        parts = [output[:one], output[one:two], output[two:]]
        assert split(opened_by, parts) == tuple(golden)


@pytest.mark.parametrize("stream", STREAMS, ids=lambda s: s[1][:24])
def test_every_cut_between_bytes(stream: tuple[str, str, str, str, bool]) -> None:
    """Tokens end anywhere, also inside a character: decoder and splitter together are right."""
    opened_by, output, *golden = stream
    data = output.encode()
    for cut in range(len(data) + 1):
        decoder = TextStream(("<|im_end|>",))
        parts = [decoder.feed(data[:cut]), decoder.feed(data[cut:]), decoder.close()]
        assert split(opened_by, parts) == tuple(golden)


@given(st.lists(st.sampled_from(["<think>", "</think>", "<", "a", " ", "\n", "<|end|>"])))
def test_no_text_is_lost(words: list[str]) -> None:
    """Whatever comes, every character that is neither white space nor a mark is given out."""
    output = "".join(words)
    reasoning, answer, _ = split("", [output])
    assert (reasoning + answer).count("a") == output.count("a")


def test_answer_is_given_at_once() -> None:
    """Text that cannot begin a mark is not held back."""
    splitter = ReasoningSplitter()
    assert splitter.feed("Hi") == [Piece("answer", "Hi")]
    assert splitter.feed(" <") == [Piece("answer", " <")]


def test_reasoning_streams() -> None:
    """Reasoning is given while it comes; only what may be its end waits."""
    splitter = ReasoningSplitter("<think>")
    assert splitter.feed("one two <") == [Piece("reasoning", "one two")]
    assert splitter.feed("3") == [Piece("reasoning", " <3")]


@pytest.mark.parametrize(
    ("prompt", "mark"),
    [
        ("<|im_start|>assistant\n", ""),
        ("<|im_start|>assistant\n<think>\n", "<think>"),
        ("<|im_start|>assistant\n<think>\n\n</think>\n\n", ""),
        ("<seed:think>\n", "<seed:think>"),
        ("[THINK]", "[THINK]"),
        ("<|start|>assistant<|channel|>analysis<|message|>", HARMONY),
        ("<|start|>assistant<|channel|>final<|message|>", ""),
        ("<think>a</think><think>", "<think>"),
        ("<|turn>model\n<|channel>thought\n<channel|>", ""),
    ],
)
def test_open_block(prompt: str, mark: str) -> None:
    """The end of a prompt tells whether the answer begins inside a block of reasoning."""
    assert opens_reasoning(prompt) == mark


def test_preserved_tokens() -> None:
    """The worker is told every mark that the splitter looks for."""
    ends = {tag.close for tag in TAGS}
    assert ends <= PRESERVED_TOKENS
    assert {"<think>", "[THINK]", "<|channel|>", "<|channel>", "<|end|>"} <= PRESERVED_TOKENS
