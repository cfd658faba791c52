"""How often the list of chats is read: as often as it may have changed."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from textual.widgets import Input

from localchat.chat.store.keeper import Keeper
from localchat.chat.store.store import Store
from tests.ui import hosts, test_chats_screen

Result = TypeVar("Result")


class _CountingKeeper(Keeper):
    """Counts how often the store is asked for something."""

    asked = 0

    async def do(self, work: Callable[[Store], Result]) -> Result:
        self.asked += 1
        return await super().do(work)


async def test_a_search_reads_the_chats_once(tmp_path: Path) -> None:
    """Each pause in typing searches, and reads no chat again; what is changed is read again."""
    file = tmp_path / "chats.db"
    test_chats_screen._fill(file, test_chats_screen._TALKS)
    keeper = _CountingKeeper(file)
    host = test_chats_screen.Host(keeper)
    async with host.run_test(size=(80, 24), notifications=True) as pilot:
        await hosts.shows(pilot, "3 chats", "Roses", "Rust")
        before = keeper.asked
        search = host.chats.query_one(Input)
        for text, found in (("buds", "1 found"), ("rules", "compile"), ("late", "late winter")):
            search.value = text
            await hosts.shows(pilot, found)
        assert keeper.asked == before + 3
        await hosts.press(pilot, "p")
        await hosts.shows(pilot, "late winter")
        search.value = ""
        await hosts.shows(pilot, "◆ Roses")
    await keeper.close()
