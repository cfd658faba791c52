"""The keeper: the store in a thread of its own, and answers written down while they come."""

import asyncio
import threading
import time
from pathlib import Path

import pytest

from localchat import errors
from localchat.chat import records
from localchat.chat.store.keeper import Keeper
from localchat.chat.store.scribe import FLUSH_SECONDS, Scribe
from localchat.chat.store.store import Store
from tests.chat import talks


async def test_work_is_done_in_order_in_one_other_thread(keeper: Keeper) -> None:
    """Whoever asks."""
    threads: list[tuple[int, int]] = []

    def work(store: Store, number: int) -> int:
        assert not store.is_read_only
        threads.append((number, threading.get_ident()))
        return number

    async def ask(number: int) -> int:
        return await keeper.do(lambda store: work(store, number))

    assert list(range(20)) == await asyncio.gather(*map(ask, range(20)))
    assert list(range(20)) == [number for number, _ in threads]
    assert 1 == len({thread for _, thread in threads} - {threading.get_ident()})


async def test_slow_work_does_not_hold_up_the_screen(keeper: Keeper) -> None:
    """The event loop goes on."""

    has_gone_on = threading.Event()

    def slowly(store: Store) -> int:
        assert has_gone_on.wait(60)
        return len(store.chats())

    slow = asyncio.create_task(keeper.do(slowly))
    for _ in range(5):
        await asyncio.sleep(0.01)
    assert not slow.done()
    has_gone_on.set()
    assert 0 == await slow


async def test_what_was_asked_for_is_done_though_nobody_waits(keeper: Keeper) -> None:
    """A screen that closes takes nothing with it."""
    record = records.new(title="Kept")
    task = asyncio.create_task(keeper.do(lambda store: store.add_chat(record)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ["Kept"] == [each.title for each in await keeper.do(lambda store: store.chats())]


async def test_errors_reach_whoever_asked(tmp_path: Path) -> None:
    """Also that the chats cannot be opened; the next one may succeed."""
    (tmp_path / "place").write_text("in the way")
    keeper = Keeper(tmp_path / "place" / "chats.db")
    with pytest.raises(errors.StoreError):
        await keeper.do(lambda store: store.chats())
    (tmp_path / "place").unlink()
    assert () == await keeper.notices()
    await keeper.close()


async def test_closing_waits_for_what_was_asked(chats_file: Path) -> None:
    """Afterwards nothing can be asked; closing twice is fine."""
    keeper = Keeper(chats_file)
    record = records.new(title="Kept")

    def slowly(store: Store) -> None:
        time.sleep(0.1)
        store.add_chat(record)

    asked = asyncio.create_task(keeper.do(slowly))
    await asyncio.sleep(0)
    await keeper.close()
    await asked
    await keeper.close()
    with pytest.raises(errors.StoreError, match="closed"):
        await keeper.do(lambda store: store.chats())
    again = Keeper(chats_file)
    assert 1 == len(await again.do(lambda store: store.chats()))
    await again.close()


async def test_what_is_said_is_kept_a_moment_later(keeper: Keeper) -> None:
    """In the order in which it was said; many pieces are one row."""
    record = records.new()
    asked, answer = talks.streaming(record.id)
    await keeper.do(lambda store: store.begin(asked, answer, chat=record))
    scribe = Scribe(keeper, answer.id)
    for number in range(10):
        scribe.said("reasoning", f"r{number} ")
    for number in range(10):
        scribe.said("answer", f"a{number} ")
    everything = "".join(f"a{number} " for number in range(10))
    async with asyncio.timeout(60):
        tree = await keeper.do(lambda store: store.tree(record.id))
        while tree.messages[answer.id].text != everything:
            await asyncio.sleep(0.02)
            tree = await keeper.do(lambda store: store.tree(record.id))
    assert "".join(f"r{number} " for number in range(10)) == tree.messages[answer.id].reasoning
    scribe.said("answer", "end")
    await scribe.close()
    tree = await keeper.do(lambda store: store.tree(record.id))
    assert tree.messages[answer.id].text.endswith("a9 end")


async def test_what_could_not_be_written_is_written_later(tmp_path: Path) -> None:
    """A disk that refuses for a moment loses nothing of an answer; in the end it is said."""
    place = tmp_path / "place"
    place.write_text("in the way")
    keeper = Keeper(place / "chats.db")
    record = records.new()
    asked, answer = talks.streaming(record.id)
    scribe = Scribe(keeper, answer.id)
    scribe.said("answer", "one ")
    await asyncio.sleep(FLUSH_SECONDS + 0.1)
    with pytest.raises(errors.StoreError):
        await scribe.close()
    place.unlink()
    await keeper.do(lambda store: store.begin(asked, answer, chat=record))
    scribe.said("answer", "two")
    await scribe.close()
    tree = await keeper.do(lambda store: store.tree(record.id))
    assert "one two" == tree.messages[answer.id].text
    await keeper.close()
