"""What the chat screen costs: the model its speed, the reader a wait, the computer its time.

    python -m tests.bench.chat_rate [--seconds 8] [--rounds 3] [--quick]

A scripted worker streams prose, a long block of code, a long list and a table. Its rate with the
screen is compared with its rate without one; meanwhile a clock in the interface's loop tells how
late it answers. Then chats of 100 and 1,000 messages are opened, and the processor's time is
counted in a real terminal at 20 tokens/s. Ends with 1 when the source keeps less than 97 % of its
rate, or a chat of 1,000 messages takes more than a second.
"""

import argparse
import asyncio
import dataclasses
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from localchat.chat import messages
from localchat.chat.chat import Chat
from localchat.chat.chats import Chats
from localchat.chat.drafts import Draft
from localchat.chat.events import Ended, Said
from localchat.chat.records import new as new_record
from localchat.chat.store.keeper import Keeper
from localchat.chat.tree import Tree
from localchat.engine import wire
from localchat.engine.client import EngineClient
from localchat.ui import collector
from tests import programs
from tests.ui import hosts

_LEAST_KEPT = 0.97
_MOST_OPEN_SECONDS = 1.0
_TOKEN_CHARACTERS = 4
_TICK_SECONDS = 0.01
_SENTENCE = "The quick brown fox jumps over the lazy dog, and **nobody** minds it at all. "
_CODE = '    total += weight(item, scale=1.5)  # "grams" of item {0}\n'
_KINDS = ("prose", "code", "list", "table")


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """One answer as it was watched."""

    tokens_per_second: float
    lags: tuple[float, ...] = ()

    @property
    def p99_seconds(self) -> float:
        """How late the loop was, but for one time in a hundred."""
        return statistics.quantiles(self.lags, n=100)[98] if len(self.lags) > 1 else 0.0


def line(kind: str, n: int) -> str:
    """Write one line of a kind; the first one of code and of a table begins it."""
    if kind == "prose":
        return "\n\n" * (n % 6 == 5) + _SENTENCE
    if kind == "code":
        return "```python\n" * (n == 0) + _CODE.format(n)
    if kind == "list":
        return f"- item {n} with `code` in it, and some *words* about it\n"
    return "| n | name | square |\n|--:|---|--:|\n" * (n == 0) + f"| {n} | number {n} | {n * n} |\n"


def text(kind: str, tokens: int) -> str:
    """Write so many tokens of a kind."""
    pieces: list[str] = []
    length = 0
    while length < tokens * _TOKEN_CHARACTERS:
        pieces.append(line(kind, len(pieces)))
        length += len(pieces[-1])
    return "".join(pieces)[: tokens * _TOKEN_CHARACTERS]


@asynccontextmanager
async def engine(home: Path, answer: str, rate: int) -> AsyncIterator[EngineClient]:
    """An engine whose worker follows a script."""
    script = {"answers": [answer], "rate": rate, "token_characters": _TOKEN_CHARACTERS}
    client = EngineClient(home / "logs", home / "safe-mode.json", programs.fake_worker(script))
    try:
        yield client
    finally:
        await client.close()


async def watch(chat: Chat) -> float:
    """Ask, and return the rate at which the source sent its answer."""
    over = asyncio.Event()
    times: list[float] = []
    tokens = 0

    def hear(event: object) -> None:
        nonlocal tokens
        if isinstance(event, Said):
            times.append(time.monotonic())
            tokens = event.stats.tokens
        elif isinstance(event, Ended):
            over.set()

    unlisten = chat.listen(hear)
    await chat.send(Draft("Go"))
    await over.wait()
    unlisten()
    return (tokens - 1) / (times[-1] - times[0])


async def bare(answer: str, rate: int) -> Run:
    """Stream without a screen."""
    with tempfile.TemporaryDirectory() as home:
        async with engine(Path(home), answer, rate) as client:
            await client.load("fake.gguf")
            return Run(await watch(await Chats(client, None).new()))


async def shown(answer: str, rate: int) -> Run:
    """Stream onto a screen, and look at the clock meanwhile."""
    with tempfile.TemporaryDirectory() as home:
        async with engine(Path(home), answer, rate) as client:
            app = hosts.make_app(client, settle=collector.settle)
            async with app.run_test(size=(120, 40)) as pilot:
                screen = await hosts.open_chat(pilot)
                assert screen.session is not None
                lags: list[float] = []
                clock = asyncio.create_task(tick(lags))
                measured = await watch(screen.session.chat)
                clock.cancel()
    return Run(measured, tuple(lags))


async def tick(lags: list[float]) -> None:
    """Note how late the loop is, again and again."""
    while True:
        due = time.monotonic() + _TICK_SECONDS
        await asyncio.sleep(_TICK_SECONDS)
        lags.append(max(0.0, time.monotonic() - due))


def conversation(number: int) -> Tree:
    """A chat of so many messages, with every kind of block in its answers."""
    answer = "\n\n".join(text(kind, 60) + ("\n```" if kind == "code" else "") for kind in _KINDS)
    stats = wire.Stats(100, 0, 0.5, 0.4, 240, 12.0)
    made: dict[str, messages.Message] = {}
    parent: str | None = None
    for n in range(number):
        role: wire.Role = "assistant" if n % 2 else "user"
        words = f"Answer {n}.\n\n{answer}" if n % 2 else f"Question {n}?"
        message = messages.new("chat", parent, role, words)
        if n % 2:
            message = dataclasses.replace(message, ending="stop", stats=stats)
        made[message.id] = message
        parent = message.id
    return Tree(made)


async def opening(number: int) -> tuple[float, float]:
    """Open a kept chat: the seconds until its end is on screen, and until the loop rests."""
    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "chats.db"
        keeper = Keeper(file)
        record = new_record(title=f"{number} messages")
        await keeper.do(lambda store: store.import_chat(record, conversation(number)))
        await keeper.close()
        async with engine(Path(home), "Hello", 100) as client:
            app = hosts.make_app(client, chats_file=file, settle=collector.settle)
            async with app.run_test(size=(120, 40)) as pilot:
                await hosts.open_chat(pilot)
                started = time.monotonic()
                await app.show_chat(await app.chats.open(record.id))
                await hosts.shows(pilot, "stopped by itself", seconds=60)
                seen = time.monotonic() - started
                await pilot.pause()
                return seen, time.monotonic() - started


def processor(rate: int, seconds: float) -> float:
    """Count the processor's time of the interface in a real terminal, as a share of one core."""
    from tests.ui.terminal import Terminal, python

    with tempfile.TemporaryDirectory() as home:
        script = json.dumps({"answers": [text("prose", int(rate * seconds * 2))], "rate": rate})
        with Terminal(python("-m", "tests.ui.small_program", home, script), 120, 40) as terminal:
            terminal.shows("Mistral 7B")
            terminal.type("\r")
            terminal.shows("ready in")
            terminal.type("Go\r")
            terminal.shows("quick brown fox")
            process = psutil.Process(terminal.process.pid)
            before, started = process.cpu_times(), time.monotonic()
            while time.monotonic() - started < seconds:
                terminal.wait(0.1)
            after, took = process.cpu_times(), time.monotonic() - started
    return (after.user - before.user + after.system - before.system) / took


async def streams(seconds: float, rounds: int) -> bool:
    """Print how streams go, as medians of all rounds; says whether the source kept its rate."""
    kept_all = True
    print(f"{'':14}{'tokens/s':>10}{'with screen':>13}{'kept':>7}{'lag p50':>9}{'p99':>8}")
    for rate in (100, 1000):
        for kind in _KINDS:
            answer = text(kind, int(rate * seconds))
            # In turns: the machine's own speed drifts.
            pairs = [(await bare(answer, rate), await shown(answer, rate)) for _ in range(rounds)]
            alone, on_screen = map(_middle, zip(*pairs, strict=True))
            kept = on_screen.tokens_per_second / alone.tokens_per_second
            kept_all = kept_all and kept >= _LEAST_KEPT
            p50 = statistics.median(on_screen.lags)
            print(
                f"{kind:8}{rate:5} {alone.tokens_per_second:10.1f}"
                f"{on_screen.tokens_per_second:13.1f}{kept:7.1%}"
                f"{p50 * 1000:6.1f} ms{on_screen.p99_seconds * 1000:5.0f} ms"
            )
    return kept_all


def _middle(runs: Sequence[Run]) -> Run:
    """Give the median rate of some runs, and all their lags."""
    rate = statistics.median(run.tokens_per_second for run in runs)
    return Run(rate, tuple(lag for run in runs for lag in run.lags))


async def openings(rounds: int) -> bool:
    """Print how long chats take to open, as medians; says whether the long one is quick."""
    seen = 0.0
    for number in (100, 1000):
        times = [await opening(number) for _ in range(rounds)]
        seen, rested = (statistics.median(each) for each in zip(*times, strict=True))
        print(
            f"opening {number:5,} messages: seen after {seen:.2f} s, at rest after {rested:.2f} s"
        )
    return seen <= _MOST_OPEN_SECONDS


async def main() -> int:
    """Run it, print the figures and return the exit code."""
    parser = argparse.ArgumentParser(description="What the chat screen costs.")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each stream")
    parser.add_argument("--rounds", type=int, default=3, help="of which medians are told")
    parser.add_argument("--quick", action="store_true", help="leave out the terminal")
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")
    good = await streams(given.seconds, given.rounds)
    good = await openings(given.rounds) and good
    if not given.quick:
        share = processor(20, max(given.seconds, 8.0))
        print(f"20 tokens/s in a terminal: {share:.1%} of a core, {share / 2:.1%} of two")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
