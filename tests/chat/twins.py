"""Two programs that keep chats in the same file at the same time."""

import contextlib
import json
from pathlib import Path

from localchat.chat.store.store import Store
from tests.chat import keeping_program, kills


def run(file: Path, turns: int) -> list[str]:
    """Let both make so many turns; give what is wrong."""
    processes = [kills.start("turns", str(file), name, str(turns)) for name in ("one", "two")]
    told = [process.communicate()[0].splitlines() for process in processes]
    wrong = [f"ended with {each.returncode}" for each in processes if each.returncode != 0]
    with contextlib.closing(Store.open(file)) as store:
        kept = {
            message.id: message
            for record in store.chats()
            for message in store.tree(record.id).path()
        }
    for line in (line for lines in told for line in lines):
        _, answer_id, pieces = json.loads(line)
        answer = kept.get(answer_id)
        if answer is None or answer.text != keeping_program.text(answer_id, 0, pieces):
            wrong.append(f"the answer {answer_id} is lost")
    if len(kept) != 4 * turns:
        wrong.append(f"there are {len(kept)} messages, not {4 * turns}")
    return wrong + kills.sound(file)
