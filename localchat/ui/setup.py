"""What the screens are given: read once, frozen, handed down from the composition root."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localchat.chat.chat import ChatSettings
from localchat.engine.wire import EngineParams
from localchat.models.folder import LocalModel


@dataclass(frozen=True, slots=True)
class Setup:
    """Where models are, what machine this is, and how to load and ask."""

    list_models: Callable[[], Sequence[LocalModel]]
    """Reads the disk; called in a thread."""
    describe_machine: Callable[[], str]
    """One line about this computer as it is now; called in a thread."""
    models_folder: Path
    chat_settings: ChatSettings = field(default_factory=ChatSettings)
    engine_params: EngineParams = field(default_factory=EngineParams)
    open_path: Path | None = None
    """A model to load at once."""
