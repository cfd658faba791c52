"""What the screens are given: read once, frozen, handed down from the composition root."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localchat.chat.chat import ChatSettings
from localchat.engine import wire
from localchat.engine.prober import Prober
from localchat.engine.wire import EngineParams
from localchat.fit.candidate import Candidate
from localchat.hub.access import Access
from localchat.library.cache import Cache
from localchat.library.entries import Library
from localchat.machine.hardware import Hardware
from localchat.models import catalogue
from localchat.models.catalogue import CatalogueModel
from localchat.models.folder import LocalModel
from localchat.ui import local_files
from localchat.ui.downloads import Terms

Detect = Callable[[Sequence[wire.Device] | None], Hardware]
"""Describes a computer; with the devices that the engine lists, once it was asked."""


@dataclass(frozen=True, slots=True)
class Setup:
    """Where models are, what machine this is, and how to load and ask."""

    list_models: Callable[[], Sequence[LocalModel]]
    """What is here besides the library, such as the built-in model; called in a thread."""
    detect: Detect
    """Describes this computer as it is now, or another; called in a thread."""
    models_folder: Path
    is_simulated: bool = False
    """The machine is another than this one, so nothing can be loaded."""
    asks_engine: bool = False
    """Let the engine say which GPUs it can use, and what was measured with its build."""
    lock_limit_bytes: int | None = None
    """How much memory a process may lock; None when there is no limit or it is not known."""
    measurements_file: Path | None = None
    """What was measured on this machine; None keeps nothing."""
    make_prober: Callable[[], Prober] | None = None
    """Makes what measures this machine; None where it cannot be measured."""
    scan_library: Callable[[float], Library] = lambda _: Library(())
    """Looks at every place of this disk, reading new headers for so many seconds; in a thread."""
    free_bytes: Callable[[], int | None] = lambda: None
    """Tells what is free on the disk that downloads go to; called in a thread."""
    read_candidate: Callable[[LocalModel], Candidate | None] = local_files.read
    """Reads what planning needs to know of a file; called in a thread."""
    catalogue: Callable[[], Sequence[CatalogueModel]] = catalogue.catalogue
    chat_settings: ChatSettings = field(default_factory=ChatSettings)
    """Of new chats."""
    usual_settings: ChatSettings | None = None
    """The same without a persona; None where there is none in them."""
    personas_folder: Path | None = None
    """Where the reader's own personas are."""
    engine_params: EngineParams = field(default_factory=EngineParams)
    """What is not planned, and all there is for a file without a plan."""
    access: Access = field(default_factory=lambda: Access(is_offline=True))
    """Which Hub is asked, by whom, and whether it may be asked at all."""
    headers_folder: Path | None = None
    """Where headers of the Hub's models are kept; None keeps none."""
    cache: Cache | None = None
    """Where downloads go; None for a folder beside the models."""
    terms: Terms = field(default_factory=Terms)
    """How many downloads at once, and how fast."""
    journal: Path | None = None
    """What remembers downloads that did not come to their end; None remembers none."""
    rest_after_seconds: float = 0.0
    """How long a model that is not used stays in memory; 0 for as long as the program runs."""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The keys that the reader has set, by the id of the command."""
    config_file: Path | None = None
    """Where a choice is remembered, as of a theme; None remembers none."""
    chats_file: Path | None = None
    """Where chats are kept; None keeps none."""
    hashes_file: Path | None = None
    """Where hashes of model files are remembered; None forgets them in the end."""
    prompt_history_file: Path | None = None
    """Where messages that were sent are remembered for Up; None remembers this run's only."""
    continues: bool = False
    """Begin with the chat that was used last."""
    open_path: Path | None = None
    """A model to load at once."""
    settle: Callable[[], None] = lambda: None
    """Called once, when the first model is ready: a moment in which nobody waits."""
