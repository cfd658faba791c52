"""Whatever the Hub, the network or the disk do: its own words on the screen, and the box obeys."""

import asyncio
import dataclasses
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual.widgets import Input

from localchat.hub.access import Access
from localchat.library.values import Phase
from tests.clock import Clock
from tests.fake_hub import FakeHub, Fault
from tests.ui import download_hosts, hosts

_ALPHA = download_hosts.file_of("alpha")
_TYPED = "thequickbrownfoxjumpsoverthelazydog"
_LATEST_SECONDS = 0.75
"""A key is seen within it, also where several tests share a machine."""

_FAULTS: dict[str, tuple[Fault, str]] = {
    "401": (Fault("status", "resolve", status=401, times=-1), "wants to know who asks"),
    "gated": (
        Fault("status", "resolve", status=401, headers=(("X-Error-Code", "GatedRepo"),), times=-1),
        "is gated",
    ),
    "403": (Fault("status", "resolve", status=403, times=-1), "forbids access"),
    "404": (
        Fault(
            "status", "resolve", status=404, headers=(("X-Error-Code", "EntryNotFound"),), times=-1
        ),
        "has no file",
    ),
    "429": (
        Fault("status", "resolve", status=429, headers=(("Retry-After", "3600"),), times=-1),
        "too many requests",
    ),
    "500": (Fault("status", "resolve", status=500, times=-1), "has a fault of its own"),
    "503": (Fault("status", "resolve", status=503, times=-1), "is not available"),
    "black hole": (Fault("black hole", "resolve", times=-1), "does not answer"),
    "black hole of the storage": (Fault("black hole", "cdn", times=-1), "does not answer"),
    "no HTTP": (Fault("garbage", "resolve", times=-1), "cannot be understood"),
    "resets": (Fault("reset", times=-1), "broke off"),
    "damaged": (Fault("flipped bit", at_byte=70_000, times=-1), "is damaged"),
    "circles": (Fault("endless redirect", "resolve", times=-1), "in circles"),
}


async def _fails_while_somebody_types(
    access: Access, folder: Path, words: str, *, is_silent: bool = False
) -> None:
    """Download, type meanwhile, and find the error's words in the toast and in the row."""
    manners = download_hosts.quick()
    if not is_silent:
        # Who is only slow to answer must not be taken for one who is silent.
        manners = dataclasses.replace(
            manners,
            connect_seconds=30,
            read_seconds=30,
            start_patience_seconds=3,
            patience_seconds=3,
        )
    app = download_hosts.make_host(None, folder, manners, access=access)
    with Clock() as clock:
        await _type_and_look(app, words, clock)


async def _type_and_look(app: download_hosts.Host, words: str, clock: Clock) -> None:
    slowest_seconds = 0.0
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        box = app.screen.query_one(Input)
        box.focus()
        await app.downloads.want((_ALPHA[1],), "alpha")
        for place, letter in enumerate(_TYPED, 1):
            began = clock.seconds
            await hosts.press(pilot, letter)
            await hosts.wait_until(pilot, lambda place=place: len(box.value) == place)  # type: ignore[misc]
            slowest_seconds = max(slowest_seconds, clock.seconds - began)
            await asyncio.sleep(0.03)
        await hosts.wait_until(pilot, lambda: app.downloads.all()[0].phase is Phase.FAILED)
        await hosts.shows(pilot, "alpha was not downloaded")
        await hosts.press(pilot, "ctrl+d")
        await hosts.shows(pilot, words, "failed")
        assert _TYPED == box.value
    assert slowest_seconds < _LATEST_SECONDS


@pytest.mark.parametrize("name", _FAULTS)
async def test_every_fault_has_its_words_and_typing_goes_on(name: str, tmp_path: Path) -> None:
    """Refusals, faults of servers, silence and damage: each its own sentence, none blocks keys."""
    fault, words = _FAULTS[name]
    with FakeHub(download_hosts.repo_of(*_ALPHA)) as hub:
        hub.fail(fault)
        is_silent = name.startswith("black hole")
        await _fails_while_somebody_types(
            Access(hub.endpoint), tmp_path, words, is_silent=is_silent
        )


@contextmanager
def _nobody() -> Iterator[str]:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    yield f"http://127.0.0.1:{port}"


@pytest.mark.slow
async def test_nobody_answers_at_all(tmp_path: Path) -> None:
    """A name that does not exist, a port without a server, and one that speaks no TLS."""
    await _fails_while_somebody_types(
        Access("http://hub.invalid"), tmp_path / "dns", "cannot be found"
    )
    with _nobody() as endpoint:
        await _fails_while_somebody_types(Access(endpoint), tmp_path / "port", "no connection")
    with FakeHub(download_hosts.repo_of(*_ALPHA)) as hub:
        endpoint = hub.endpoint.replace("http:", "https:")
        await _fails_while_somebody_types(Access(endpoint), tmp_path / "tls", "not trustworthy")
