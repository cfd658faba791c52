"""Reading back while an answer comes, and the cost of showing it."""

import asyncio
import time

from localchat.engine import wire
from localchat.ui.widgets.prompt_box import PromptBox
from tests.conftest import MakeEngine
from tests.ui import hosts

_LONG = "".join(
    f"## Part {part}\n\nSome **words** about it, and a list:\n\n"
    + "".join(f"- item {item} of part {part}\n" for item in range(6))
    + "\n```python\nprint('part', 1)\n```\n\n"
    for part in range(50)
)


async def test_reader_who_scrolled_up_is_left_alone(fake_engine: MakeEngine) -> None:
    """During a 2,000-token answer and at its end the view stays where the reader put it."""
    text = _LONG[:8000]
    app = hosts.make_app(fake_engine(answers=[text], rate=500))
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "A long one")
        column = app.screen.query_one("Column")
        await hosts.wait_until(pilot, lambda: column.scroll_y > 60)
        await hosts.press(pilot, "pageup", "pageup")
        await hosts.shows(pilot, "↓ new text")
        before = _conversation(hosts.screen_text(pilot))
        views = set()

        def is_over() -> bool:
            views.add(_conversation(hosts.screen_text(pilot)))
            return not app.screen.query_one(PromptBox).busy

        await hosts.wait_until(pilot, is_over, seconds=40)

        assert views == {before}
        assert "↓ new text" in hosts.screen_text(pilot)
        await hosts.press(pilot, "end")
        await hosts.shows(pilot, "stopped by itself")
        assert "↓ new text" not in hosts.screen_text(pilot)


def _conversation(text: str) -> str:
    """The lines of the conversation, without the scrollbar and the pill."""
    lines = text.splitlines()[1:-6]
    return "\n".join(line[:96].replace("↓ new text · End", "").rstrip() for line in lines)


async def test_view_follows_the_answer(fake_engine: MakeEngine) -> None:
    """Without scrolling, the newest text is in view, and PageDown at the end changes nothing."""
    app = hosts.make_app(fake_engine(answers=[_LONG[:3000] + "\n\nThe end."], rate=1000))
    async with app.run_test(size=(80, 24)) as pilot:
        await hosts.open_chat(pilot)
        await hosts.press(pilot, "pageup", "pagedown")
        await hosts.send(pilot, "A long one")
        await hosts.shows(pilot, "of part")
        await hosts.press(pilot, "pagedown")
        await hosts.shows(pilot, "The end.")
        await hosts.shows(pilot, "stopped by itself")

        assert "↓ new text" not in hosts.screen_text(pilot)


async def test_screen_does_not_slow_the_model(fake_engine: MakeEngine) -> None:
    """1,000 tokens a second take hardly longer with the screen than without."""
    bare = fake_engine(answers=[_LONG[:6000]], rate=1000)
    await bare.load("fake.gguf")
    started = time.monotonic()
    async for _ in bare.generate(wire.Generate(0, (wire.Message("user", "Go"),))):
        pass
    bare_seconds = time.monotonic() - started

    app = hosts.make_app(fake_engine(answers=[_LONG[:6000]], rate=1000))
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_chat(pilot)
        prompt = app.screen.query_one(PromptBox)
        await hosts.send(pilot, "Go")
        started = time.monotonic()
        while prompt.busy:
            await asyncio.sleep(0.02)
        seconds = time.monotonic() - started

    # What is left for the last update, and for a busy machine.
    assert seconds < bare_seconds * 1.25 + 1.0
