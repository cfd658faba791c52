"""Time what the screens wait for: the list of 1,000 chats, and a chat of 1,000 messages.

    python -m tests.bench.store_rate [--chats 1000] [--messages 1000]

Prints medians of several runs in milliseconds, and the size of the file.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localchat import units
from localchat.chat import messages, records
from localchat.chat.store.store import Store
from localchat.chat.tree import Tree
from tests.chat import talks

_RUNS = 7
_ANSWER = "An answer of the usual length, with some words that a search may look for. " * 12


def main() -> None:
    """Fill a file, and print how long each thing takes."""
    parser = argparse.ArgumentParser(description="Time the list of chats, a long chat and search.")
    parser.add_argument("--chats", type=int, default=1000)
    parser.add_argument("--messages", type=int, default=1000)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "chats.db"
        store = Store.open(file)
        for number in range(wanted.chats):
            talks.keep(store, *["A question", _ANSWER] * 10, title=f"Chat {number}")
        long_chat = _long_chat(store, wanted.messages)
        _report(f"list of {wanted.chats:,} chats", store.chats)
        _report(f"tree of {wanted.messages:,} messages", lambda: store.tree(long_chat))
        tree = store.tree(long_chat)
        _report("its branch", tree.path)
        _report("its versions, each once", lambda: [tree.versions(each) for each in tree.messages])
        _report("one message more in it", lambda: tree.plus(messages.new("c", None, "user", "x")))
        _report("search of a word that is everywhere", lambda: store.search("words"))
        _report("search of a word that is nowhere", lambda: store.search("xylophone"))
        _report("search of two letters", lambda: store.search("xy"))
        _report("a turn kept before it is sent", lambda: store.begin(*_turn(long_chat)))
        store.close()
        _report("opening the file", lambda: Store.open(file).close())
        print(f"{'the file':<40} {units.human_bytes(file.stat().st_size):>10}")


def _long_chat(store: Store, count: int) -> str:
    record, tree = records.new(title="Long"), Tree()
    branch: dict[str, messages.Message] = {}
    parent: str | None = None
    for _ in range(count // 2):
        for message in talks.turn(record.id, parent, "A question", _ANSWER):
            branch[message.id] = message
            parent = message.id
    tree = Tree(branch)
    return store.import_chat(record, tree).id


def _turn(chat_id: str) -> tuple[messages.Message, messages.Message]:
    asked = messages.new(chat_id, None, "user", "A question")
    return asked, messages.new(chat_id, asked.id, "assistant", "")


def _report(what: str, work: Callable[[], Any]) -> None:
    seconds = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    print(f"{what:<40} {statistics.median(seconds) * 1000:>8.2f} ms")


if __name__ == "__main__":
    main()
