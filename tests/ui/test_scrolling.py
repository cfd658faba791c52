"""Reading back while an answer comes, and the cost of showing it."""

import time
from pathlib import Path

from localchat.ui.widgets.column import Column
from tests.conftest import MakeEngine
from tests.ui import hosts

_LONG = "".join(
    f"## Part {part}\n\nSome **words** about it, and a list:\n\n"
    + "".join(f"- item {item} of part {part}\n" for item in range(6))
    + "\n```python\nprint('part', 1)\n```\n\n"
    for part in range(50)
)


async def test_reader_who_scrolled_up_is_left_alone(
    fake_engine: MakeEngine, tmp_path: Path
) -> None:
    """During a 2,000-token answer and at its end the view stays where the reader put it."""
    gate = tmp_path / "gate"
    engine = fake_engine(answers=[_LONG[:8000]], rate=500, gates={"answer": str(gate)})
    app = hosts.make_app(engine)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await hosts.open_chat(pilot)
        await hosts.send(pilot, "A long one")
        column = app.screen.query_one(Column)
        await hosts.wait_until(pilot, lambda: column.scroll_y > 60)
        await hosts.press(pilot, "pageup")
        await hosts.wait_until(pilot, lambda: not column.follows)
        left_at = column.scroll_y
        await hosts.press(pilot, "pageup")
        await hosts.wait_until(pilot, lambda: column.scroll_y < left_at)
        await pilot.pause()
        before = _conversation(hosts.screen_text(pilot))
        views = set()
        gate.touch()

        def is_over() -> bool:
            views.add(_conversation(hosts.screen_text(pilot)))
            return screen.session is not None and bool(screen.session.chat.path[-1].ending)

        await hosts.wait_until(pilot, is_over)
        await hosts.shows(pilot, "↓ new text")
        assert views | {_conversation(hosts.screen_text(pilot))} == {before}
        await hosts.press(pilot, "end")
        await hosts.shows(pilot, "stopped by itself")
        await hosts.hides(pilot, "↓ new text")


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
        await hosts.shows(pilot, "The end.", "stopped by itself")
        await hosts.hides(pilot, "↓ new text")


async def test_showing_an_answer_costs_little(fake_engine: MakeEngine) -> None:
    """1,500 tokens, 1,000 of them a second, take a second or two of the processor to be shown.

    Not of the clock: where little of the processor is free, the model is slower too.
    """
    app = hosts.make_app(fake_engine(answers=[_LONG[:6000]], rate=1000))
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_chat(pilot)
        await hosts.send(pilot, "Go")
        started = time.process_time()
        await hosts.ended(pilot, 2)
        seconds = time.process_time() - started

    # About two of a slow one.
    assert seconds < 6
