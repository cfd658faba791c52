"""The garbage collector's pauses: what lives when the first chat opens is looked at no more."""

import subprocess
import sys

from tests.conftest import MakeEngine
from tests.ui import hosts

_COUNT = """
import gc
from localchat.ui import app, collector
before = len(gc.get_objects())
collector.settle()
collector.settle()
print(before, len(gc.get_objects()), gc.get_freeze_count())
"""


def test_full_collection_has_little_to_look_at() -> None:
    """What is loaded is set aside, all of it, also the second time."""
    # In a process of its own: this one goes on with other tests.
    ran = subprocess.run([sys.executable, "-c", _COUNT], capture_output=True, text=True, check=True)

    before, after, aside = map(int, ran.stdout.split())
    assert after < before / 20
    assert aside > before * 0.9


async def test_app_settles_once(fake_engine: MakeEngine) -> None:
    """It does so when the first model is ready, and not when another one is."""
    calls: list[str] = []
    app = hosts.make_app(fake_engine(), settle=lambda: calls.append("settled"))
    async with app.run_test(size=(100, 30)) as pilot:
        await hosts.open_chat(pilot)
        await hosts.wait_until(pilot, lambda: bool(calls))
        await hosts.press(pilot, "ctrl+l")
        await hosts.shows(pilot, "Qwen3")
        await hosts.press(pilot, "enter")
        await hosts.shows(pilot, "Ask it: What is Q4_K_S?")
        await pilot.pause()

    assert calls == ["settled"]
