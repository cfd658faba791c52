"""Ask an engine in one line, for tests."""

from dataclasses import dataclass
from typing import Any

from localchat.engine import wire
from localchat.engine.client import EngineClient

GREEDY = wire.Sampling(temperature=0.0)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request."""

    text: str
    finished: wire.Finished
    prompt: wire.Prompt
    events: tuple[wire.Event, ...]


def messages(*texts: str) -> tuple[wire.Message, ...]:
    """Turns that alternate, the user's first."""
    roles: tuple[wire.Role, wire.Role] = ("user", "assistant")
    return tuple(wire.Message(roles[n % 2], text) for n, text in enumerate(texts))


async def ask(engine: EngineClient, *texts: str, **options: Any) -> Answer:
    """Send a conversation of alternating turns and collect the answer; greedy by default."""
    request = wire.Generate(0, messages(*texts), **{"sampling": GREEDY, **options})
    events = [event async for event in engine.generate(request)]
    finished = events[-1]
    assert isinstance(finished, wire.Finished)
    prompt = next(event for event in events if isinstance(event, wire.Prompt))
    text = "".join(event.text for event in events if isinstance(event, wire.Text))
    return Answer(text, finished, prompt, tuple(events))
