"""How late the interface is while downloads run at full loopback speed.

    python -m tests.bench.download_lag [--megabytes 600]

The app with its downloads screen, a download from a process of its own, and a clock in the app's
loop that wants to tick every five milliseconds. Prints how late it was, with and without the
download. Ends with 1 when one in a hundred ticks is later than 100 milliseconds.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from localchat.hub.access import Access
from localchat.hub.queue import ENDED
from localchat.library.values import RemoteFile
from tests.bench import download_rate
from tests.ui import download_hosts

_TICK_SECONDS = 0.005
_QUIET_SECONDS = 3.0
_MOST_LATE_SECONDS = 0.1


def main() -> int:
    """Run it, print the figures and return the exit code."""
    parser = argparse.ArgumentParser(description="How late the interface is during downloads.")
    parser.add_argument("--megabytes", type=int, default=600)
    wanted = parser.parse_args()
    with download_rate.serving(wanted.megabytes) as (endpoint, file):
        quiet, busy = asyncio.run(_measured(endpoint, file))
    for name, found in (("quiet", quiet), ("downloading", busy)):
        shares = ", ".join(f"p{share:g} {_share(found, share) * 1000:.1f} ms" for share in _SHARES)
        print(f"{name}: {shares}, most {max(found) * 1000:.1f} ms, {len(found)} ticks")
    return 0 if _share(busy, 99) <= _MOST_LATE_SECONDS else 1


_SHARES = (50, 95, 99)


async def _measured(endpoint: str, file: RemoteFile) -> tuple[list[float], list[float]]:
    with tempfile.TemporaryDirectory() as folder:
        app = download_hosts.make_host(None, Path(folder), access=Access(endpoint))
        async with app.run_test(size=(120, 36)) as pilot:
            app.action_show_downloads()
            await pilot.pause()
            end = time.monotonic() + _QUIET_SECONDS
            quiet = await _ticks(lambda: time.monotonic() > end)
            await app.downloads.want((file,), "large")
            busy = await _ticks(lambda: app.downloads.all()[0].phase in ENDED)
            await pilot.pause()
    return quiet, busy


async def _ticks(is_over: Callable[[], bool]) -> list[float]:
    """Tick until it is over, and return how late each tick was."""
    late = []
    while not is_over():
        began = time.perf_counter()
        await asyncio.sleep(_TICK_SECONDS)
        late.append(max(time.perf_counter() - began - _TICK_SECONDS, 0.0))
    return late


def _share(found: list[float], share: float) -> float:
    ordered = sorted(found)
    return ordered[min(int(len(ordered) * share / 100), len(ordered) - 1)]


if __name__ == "__main__":
    sys.exit(main())
