"""What the tests of the Hub in the models screen share: an app beside a fake Hub, and typing."""

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from localchat import units
from localchat.engine.client import EngineClient
from localchat.hub.access import Access
from localchat.library import library
from localchat.library.cache import Cache
from localchat.library.entries import Library
from localchat.library.places import Place, Program
from localchat.models.catalogue import CatalogueModel
from localchat.ui.app import LocalchatApp
from localchat.ui.setup import Setup
from localchat.ui.widgets.model_picker import ModelPicker
from tests.fake_hub import FakeHub
from tests.ui import hosts


def places(folder: Path) -> tuple[Place, ...]:
    """Where models lie: a folder of one's own, the Hub's cache, and Ollama's."""
    return (
        Place(Program.LOCALCHAT, folder / "models"),
        Place(Program.HUB, folder / "hub"),
        Place(Program.OLLAMA, folder / "ollama"),
    )


def make_setup(
    folder: Path, access: Access | None = None, known: Sequence[CatalogueModel] = ()
) -> Setup:
    """What an app is given; offline without `access`."""
    return dataclasses.replace(
        hosts.make_setup(models=hosts.MODELS[:1], known=known, open_path=None),
        access=access or Access(is_offline=True),
        cache=Cache(folder / "hub"),
        headers_folder=folder / "headers",
        free_bytes=lambda: 120 * units.GIB,
        scan_library=functools.partial(_scan, folder),
    )


def make_app(
    engine: EngineClient,
    folder: Path,
    hub: FakeHub | None = None,
    known: Sequence[CatalogueModel] = (),
    token: str = "",
) -> LocalchatApp:
    """An app that may ask a fake Hub; offline without one."""
    access = Access(hub.endpoint, token) if hub else None
    return LocalchatApp(engine, make_setup(folder, access, known))


async def search(pilot: Pilot[None], text: str) -> None:
    """Type into the search field."""
    await hosts.open_models(pilot, "built in")
    await hosts.press(pilot, "slash")
    await hosts.focuses(pilot, Input)
    screen = pilot.app.screen
    picker = screen.query_one(ModelPicker)
    screen.query_one("#search", Input).value = text
    await hosts.wait_until(pilot, lambda: picker.listing.arrangement.search == text)


async def ask(pilot: Pilot[None], text: str) -> None:
    """Search the Hub."""
    await search(pilot, text)
    await hosts.press(pilot, "enter")


def _scan(folder: Path, header_seconds: float) -> Library:
    return library.scan(places(folder), folder / "library.json", header_seconds)
