"""Kills programs that keep chats, and counts what that cost.

Shared by the tests, which kill a few times, and by `tests.bench.kill_chat`, which kills often.
"""

import contextlib
import json
import random
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localchat.chat.store import migrations
from localchat.chat.store.store import Store
from tests.chat import keeping_program, old_databases

ROOT = Path(__file__).parents[2]
LOSS_SECONDS = 0.35
"""What was said so long before a kill has to be there."""
_MOST_STREAMED_SECONDS = 2.5
_MOST_OPENING_SECONDS = 0.06
_MANY = 2000
"""Messages in a database whose migration is to take a while."""


@dataclass(slots=True)
class Costs:
    """What kills cost."""

    kills: int = 0
    kills_at_start: int = 0
    """While the program opened the chats, mending what the kill before had left."""
    answers: int = 0
    cut_answers: int = 0
    worst_loss_seconds: float = 0.0
    """The age of the oldest piece that was said and is not there."""
    wrong: list[str] = field(default_factory=list)


def start(*words: str) -> subprocess.Popen[bytes]:
    """Start the program that keeps chats."""
    command = [sys.executable, "-m", "tests.chat.keeping_program", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)


def kill_streaming(
    file: Path, kills: int, chance: random.Random, loss_seconds: float = LOSS_SECONDS
) -> Costs:
    """Kill a program that streams at random moments, and look at the chats after each time."""
    costs = Costs()
    told = _Told(loss_seconds)
    while costs.kills < kills:
        process = start("stream", str(file), str(chance.randrange(1 << 30)))
        at_start = chance.random() < 0.2
        told.killed_at = _kill_at_random(process, told, chance, at_start=at_start)
        costs.kills += 1
        costs.kills_at_start += at_start
        _look(file, told, costs)
    return costs


def _kill_at_random(
    process: subprocess.Popen[bytes], told: "_Told", chance: random.Random, *, at_start: bool
) -> float:
    assert process.stdout is not None
    while told.read(process.stdout.readline()) != ("ready" if at_start else "open"):
        assert process.poll() is None, "the program ended by itself"
    delay = chance.random() * (_MOST_OPENING_SECONDS if at_start else _MOST_STREAMED_SECONDS)
    deadline = time.monotonic() + delay
    # Reading on, or a full pipe would stop the program.
    while (left := deadline - time.monotonic()) > 0:
        if select.select([process.stdout], [], [], left)[0]:
            told.read(process.stdout.readline())
    killed_at = time.monotonic()
    process.kill()
    for line in process.stdout:
        told.read(line)
    process.stdout.close()
    process.wait()
    return killed_at


class _Told:
    """What the programs said that they did."""

    def __init__(self, loss_seconds: float) -> None:
        self._loss_seconds = loss_seconds
        self.questions: dict[str, str] = {}
        self.answers: dict[str, int] = {}
        """The pieces of each answer that was acknowledged as begun."""
        self.said: dict[str, list[tuple[int, float]]] = {}
        self.finished: dict[str, int] = {}
        self.killed_at = 0.0

    def read(self, line: bytes) -> str:
        """Take a line, and give what it is about."""
        if not line.endswith(b"\n"):
            return ""
        what, *rest = json.loads(line)
        if what == "asked":
            self.questions[rest[0]] = rest[1]
            self.said[rest[2]] = []
        elif what == "said":
            self.said[rest[0]].append((rest[1], rest[2]))
        elif what == "finished":
            self.finished[rest[0]] = rest[1]
        return str(what)

    def least(self, answer_id: str) -> int:
        """How many pieces of an answer may not be missing."""
        old = [
            count for count, at in self.said[answer_id] if at <= self.killed_at - self._loss_seconds
        ]
        return max([self.finished.get(answer_id, 0), *old])


def _look(file: Path, told: _Told, costs: Costs) -> None:
    """Check the file as the kill left it, and again after it was opened."""
    if file.exists():
        costs.wrong += sound(file)
    with contextlib.closing(Store.open(file)) as store:
        kept = {
            message.id: message
            for record in store.chats()
            for message in store.tree(record.id).messages.values()
        }
        costs.wrong += store.notices
    costs.wrong += sound(file)
    for message_id, text in told.questions.items():
        if message_id not in kept or kept[message_id].text != text:
            costs.wrong.append(f"the message {message_id} is lost")
    costs.answers = len(told.said)
    for answer_id, said in told.said.items():
        if answer_id not in kept:
            costs.wrong.append(f"the answer {answer_id} is lost")
            continue
        _look_at_answer(answer_id, said, kept[answer_id], told, costs)


def _look_at_answer(
    answer_id: str, said: list[tuple[int, float]], kept: Any, told: _Told, costs: Costs
) -> None:
    pieces = kept.text.count("字")
    if kept.text != keeping_program.text(answer_id, 0, pieces):
        costs.wrong.append(f"the answer {answer_id} is not what was said: {kept.text[:200]}")
    if kept.is_streaming:
        costs.wrong.append(f"the answer {answer_id} was not ended")
    if pieces < told.least(answer_id):
        costs.wrong.append(f"the answer {answer_id} has {pieces} of {told.least(answer_id)}")
    lost = [told.killed_at - at for count, at in said if count > pieces]
    costs.worst_loss_seconds = max([costs.worst_loss_seconds, *lost])
    costs.cut_answers += bool(lost)
    # Judged against this kill alone: what was lost once stays lost.
    told.said[answer_id] = [(count, at) for count, at in said if count <= pieces]


def sound(file: Path) -> list[str]:
    """Let SQLite compare everything with everything; give what is wrong."""
    wrong: list[str] = []
    with contextlib.closing(sqlite3.connect(file, timeout=20)) as connection:
        found = connection.execute("PRAGMA integrity_check").fetchall()
        wrong += [str(row[0]) for row in found if row[0] != "ok"]
        wrong += [str(row) for row in connection.execute("PRAGMA foreign_key_check")]
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE name LIKE '%\\_index' ESCAPE '\\'"
        )
        for (name,) in names.fetchall():
            try:
                connection.execute(
                    f"INSERT INTO {name} ({name}, rank) VALUES ('integrity-check', 1)"
                )
            except sqlite3.DatabaseError as error:
                wrong.append(f"{name}: {error}")
    return wrong


def kill_in_step(folder: Path, goal: int, kills: int) -> list[str]:
    """Kill the step to a version before each of its statements in turn; give what is wrong."""
    places = len(migrations.STEPS[goal]) + 2
    wrong: list[str] = []
    for number in range(kills):
        file = old_databases.make(folder / f"step-{goal}-{number}" / "chats.db", goal - 1)
        process = start("migrate", str(file), str(goal), str(number % places))
        process.communicate()
        if process.returncode != -signal.SIGKILL:
            wrong.append(f"the program of kill {number} ended with {process.returncode}")
        wrong += _version_is(file, goal - 1) + migrated_well(file)
    return wrong


def kill_at_any_time(
    folder: Path, version: int, kills: int, chance: random.Random
) -> tuple[int, list[str]]:
    """Kill the migration from a version at random moments; count hits, give what is wrong.

    A kill that comes too late is tried again, up to four times.
    """
    seconds = _migration_seconds(folder, version)
    inside, wrong = 0, list[str]()
    for number in range(4 * kills):
        if inside == kills:
            break
        file = old_databases.make(
            folder / f"time-{version}-{number}" / "chats.db", version, more_messages=_MANY
        )
        process = start("migrate", str(file), "0", "0")
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.random() * seconds)
        process.kill()
        inside += b"migrated" not in process.communicate()[0]
        wrong += migrated_well(file)
        shutil.rmtree(file.parent)
    return inside, wrong


def migrated_well(file: Path) -> list[str]:
    """Look at an old database as it is, then open it; give what is wrong."""
    wrong = sound(file)
    with contextlib.closing(Store.open(file)) as store:
        store.check()
        texts = [message.text for message in store.tree("tea").path()]
        wrong += store.notices
    if texts != list(old_databases.SHOWN):
        wrong.append(f"the chat became {texts}")
    return wrong + sound(file)


def _migration_seconds(folder: Path, version: int) -> float:
    file = old_databases.make(folder / f"{version}" / "chats.db", version, more_messages=_MANY)
    process = start("migrate", str(file), "0", "0")
    first, last = process.communicate()[0].splitlines()
    return float(json.loads(last)[1] - json.loads(first)[1])


def _version_is(file: Path, expected: int) -> list[str]:
    with contextlib.closing(sqlite3.connect(file, timeout=20)) as connection:
        found = connection.execute("PRAGMA user_version").fetchone()[0]
    return [] if found == expected else [f"{file} has version {found}, not {expected}"]
