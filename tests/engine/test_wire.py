"""Commands and events survive the wire, and nothing else passes for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localchat.engine import wire

COMMANDS: list[wire.Command] = [
    wire.Load(1, "/models/a b.gguf", wire.EngineParams(context_tokens=4096, mmap=False)),
    wire.Unload(2),
    wire.Devices(3),
    wire.Generate(
        4,
        (wire.Message("system", "Be brief."), wire.Message("user", "Hi\u2028\n")),
        sampling=wire.Sampling(temperature=0.0, seed=1),
        stop=("</s>", "\n\n"),
        template_variables={"enable_thinking": False},
        json_schema='{"type": "integer"}',
        thinking_budget_tokens=64,
        chunks=(3, 4),
    ),
    wire.Count(5, (wire.Message("user", "x"),)),
    wire.SetThreads(6, 4),
    wire.Cancel(7, 4),
]
EVENTS: list[wire.Event] = [
    wire.Ready(0, "e", "b", "s", True, 77),
    wire.Progress(1, "prompt", 3, 9, 0.5, 2),
    wire.Prompt(4, 9, 2, 4096, "<think>", ("folded",), "text", (1, 2), ("te", "xt")),
    wire.Text(4, "é\x00\ud800", wire.Stats(prompt_tokens=9, tokens=3, seconds=0.25)),
    wire.Finished(4, "length", wire.Stats(tokens=3), seed=5, chunks=(9, 1, 1)),
    wire.Result(5, {"tokens": 12}),
    wire.Failed(1, "bad_model", "No.", "Yes.", {"context_tokens": 4}),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.tag)
def test_commands_survive(command: wire.Command) -> None:
    """A command is the same after a line of JSON, and the line is one line."""
    line = wire.encode(command)

    assert command == wire.decode_command(line)
    assert 1 == len(line.splitlines())


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.tag)
def test_events_survive(event: wire.Event) -> None:
    """An event is the same after a line of JSON, and the line is ASCII."""
    line = wire.encode(event)

    assert event == wire.decode_event(line)
    assert line.isascii()


@given(st.text())
def test_any_text_survives(text: str) -> None:
    """Whatever a model writes comes through, and never breaks the line."""
    line = wire.encode(wire.Text(1, text, wire.Stats()))

    event = wire.decode_event(line)
    assert isinstance(event, wire.Text)
    assert text == event.text
    assert "\n" not in line


@pytest.mark.parametrize(
    "line", ["", "null", "[]", "{}", '{"tag": "text"}', '{"tag": "nonsense", "id": 1}', "printf!"]
)
def test_anything_else_is_refused(line: str) -> None:
    """A line that is no event raises ValueError."""
    with pytest.raises(ValueError, match=r"not a message|Expecting"):
        wire.decode_event(line)


def test_the_decode_rate_counts_intervals() -> None:
    """Three tokens have two intervals; a single token has no rate."""
    assert 8.0 == wire.Stats(tokens=3, seconds=0.25).tokens_per_second
    assert wire.Stats(tokens=1, seconds=0.0).tokens_per_second is None


def test_the_prefill_rate_counts_what_was_evaluated() -> None:
    """Tokens found in the cache cost nothing and count for nothing."""
    stats = wire.Stats(prompt_tokens=100, cached_tokens=60, prompt_seconds=0.5)

    assert 80.0 == stats.prompt_tokens_per_second


def test_progress_tells_its_rate_and_what_is_left() -> None:
    """2,048 of 6,120 tokens read in 3.2 s: 640 a second, 6.4 s left; cached ones do not count."""
    progress = wire.Progress(1, "prompt", 2048, 6120, 3.2)
    cached = wire.Progress(1, "prompt", 2048, 2688, 1.0, cached=1408)

    assert (640.0, 6.3625) == (progress.per_second, progress.seconds_left)
    assert (640.0, 1.0) == (cached.per_second, cached.seconds_left)
    assert wire.Progress(1, "prompt", 64, 128, 0.5, cached=64).per_second is None
    assert wire.Progress(1, "weights", 0, 0).seconds_left is None
