"""What the tests of the downloads screen share: an app with a box to type in, and a fake hub."""

import dataclasses
import hashlib
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.pilot import Pilot
from textual.widgets import Input

from localchat.hub.access import Access
from localchat.hub.manners import Manners
from localchat.library.cache import Cache
from localchat.library.entries import Library
from localchat.library.values import RemoteFile
from localchat.machine.hardware import Hardware
from localchat.ui import app, commands
from localchat.ui.downloading import DownloadingApp
from localchat.ui.downloads import DownloadDesk, Terms
from localchat.ui.screens.downloads import DownloadsScreen
from localchat.ui.setup import Setup
from localchat.ui.widgets.bars import TopBar
from tests.fake_hub import FakeFile, FakeHub, FakeRepo
from tests.hub.downloads import STEADY
from tests.hub_content import COMMIT, pattern

SIZE_BYTES = 1_000_000


def file_of(name: str, seed: int = 0, size_bytes: int = SIZE_BYTES) -> tuple[FakeFile, RemoteFile]:
    """Make a file as the hub has it, and as it is asked for."""
    content = pattern(size_bytes, seed)
    sha256 = hashlib.sha256(content).hexdigest()
    path = f"{name}-Q4_K_M.gguf"
    return (
        FakeFile(path, content),
        RemoteFile(f"maker/{name}-GGUF", COMMIT, path, size_bytes, sha256, sha256),
    )


def repo_of(fake: FakeFile, remote: RemoteFile) -> FakeRepo:
    """Make the repository that offers it."""
    return FakeRepo(remote.repo, (fake,))


class Host(DownloadingApp):
    """A box to type in under a bar, as the chat has them."""

    CSS_PATH = Path(app.__file__).with_name("app.tcss")
    HORIZONTAL_BREAKPOINTS = app.LocalchatApp.HORIZONTAL_BREAKPOINTS
    VERTICAL_BREAKPOINTS = app.LocalchatApp.VERTICAL_BREAKPOINTS
    BINDINGS: ClassVar[list[BindingType]] = commands.bindings("app")

    def __init__(self, setup: Setup, manners: Manners = STEADY) -> None:
        super().__init__(setup)
        self.downloads = DownloadDesk(
            self.downloads.cache, setup.access, setup.terms, setup.journal, manners
        )
        self.chatted: list[Path] = []
        self.failures = 0

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield Input()

    def on_download_desk_failed(self, event: DownloadDesk.Failed) -> None:
        """Count what the app tells; Textual calls its own handler, too."""
        del event
        self.failures += 1

    async def chat_with(self, path: Path) -> None:
        """Note what would be loaded."""
        self.chatted.append(path)


def make_host(
    hub: FakeHub | None,
    folder: Path,
    manners: Manners = STEADY,
    terms: Terms | None = None,
    access: Access | None = None,
) -> Host:
    """Make an app that downloads from a fake hub, or as `access` says; else it is offline."""
    if access is None:
        access = Access(hub.endpoint) if hub is not None else Access(is_offline=True)
    return Host(_setup(access, folder, terms or Terms()), manners)


def _setup(access: Access, folder: Path, terms: Terms) -> Setup:
    def detect(_: object) -> Hardware:
        raise NotImplementedError

    return Setup(
        list_models=tuple,
        detect=detect,
        models_folder=folder / "models",
        scan_library=lambda _: Library(()),
        access=access,
        cache=Cache(folder / "hub"),
        terms=terms,
        journal=folder / "downloads.json",
    )


def screen_of(pilot: Pilot[None]) -> DownloadsScreen:
    """The downloads screen, which must be shown."""
    screen = pilot.app.screen
    assert isinstance(screen, DownloadsScreen)
    return screen


def quick(manners: Manners = STEADY) -> Manners:
    """Make manners that soon give up."""
    return dataclasses.replace(
        manners,
        connect_seconds=1,
        read_seconds=0.6,
        start_patience_seconds=1.2,
        patience_seconds=1.2,
    )
