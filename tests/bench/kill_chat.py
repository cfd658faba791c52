"""Kill programs that keep chats, again and again, and count what it cost.

    python -m tests.bench.kill_chat [--kills 200] [--migration-kills 20] [--turns 500]

Prints the seed, so that the choice of moments can be repeated. Ends with 1 when a message was lost,
more of an answer than 350 ms, anything is there twice, or SQLite finds anything wrong.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from localchat.chat.store import schema
from tests.chat import kills, twins


def main() -> int:
    """Run it, print the figures and return the exit code."""
    parser = argparse.ArgumentParser(description="Kill programs that keep chats.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--migration-kills", type=int, default=20)
    parser.add_argument("--turns", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    wanted = parser.parse_args()
    chance = random.Random(wanted.seed)
    print(f"seed {wanted.seed}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wrong = _two_at_once(folder, wanted.turns)
        wrong += _migrations(folder, wanted.migration_kills, chance)
        wrong += _streaming(folder, wanted.kills, chance)
    for each in wrong:
        print(f"WRONG: {each}")
    return 1 if wrong else 0


def _streaming(folder: Path, times: int, chance: random.Random) -> list[str]:
    costs = kills.kill_streaming(folder / "chats.db", times, chance)
    print(
        f"streaming: {costs.kills} kills, {costs.kills_at_start} of them while starting;"
        f" {costs.answers} answers, {costs.cut_answers} cut, at most"
        f" {costs.worst_loss_seconds * 1000:.0f} ms of one lost; {len(costs.wrong)} things wrong"
    )
    return costs.wrong


def _migrations(folder: Path, times: int, chance: random.Random) -> list[str]:
    every: list[str] = []
    for goal in range(2, schema.VERSION + 1):
        wrong = kills.kill_in_step(folder, goal, times)
        inside, more = kills.kill_at_any_time(folder, goal - 1, times, chance)
        every += wrong + more
        print(
            f"migration to version {goal}: {times} kills between its statements and {inside} at"
            f" random moments; {len(wrong + more)} things wrong"
        )
    return every


def _two_at_once(folder: Path, turns: int) -> list[str]:
    start = time.monotonic()
    wrong = twins.run(folder / "twins.db", turns)
    seconds = time.monotonic() - start
    print(f"two at once: {turns} turns each in {seconds:.1f} s; {len(wrong)} things wrong")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
