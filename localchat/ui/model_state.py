"""Which model a chat would be answered by, and whether it is in memory, in a few words."""

from localchat.engine import wire
from localchat.engine.client import EngineClient
from localchat.ui import wording

_IN_MEMORY = ("ready", "$success")
_RESTING = ("resting: memory is free, the model loads again when needed", "$foreground-muted")
_LOADING = ("loading", "$foreground-muted")
_NONE = ("no model in memory: /models chooses one", "$warning")


class ModelState:
    """Follows the engine."""

    def __init__(self, engine: EngineClient) -> None:
        self._engine = engine
        self.is_guide = False
        self._loaded: wire.Loaded | None = None
        """The model that was in memory last."""

    @property
    def loaded(self) -> wire.Loaded | None:
        """The model that is in memory, or that would be loaded again; None when there is none."""
        self._loaded = self._engine.loaded or self._loaded
        return self._loaded if self._engine.resident.wanted is not None else None

    def use(self, loaded: wire.Loaded, *, is_guide: bool) -> None:
        """Take the model that was loaded."""
        self._loaded, self.is_guide = loaded, is_guide

    @property
    def name(self) -> str:
        """The model's name; empty when there is none."""
        loaded = self.loaded
        return wording.model_name(loaded.name, is_guide=self.is_guide) if loaded else ""

    @property
    def facts(self) -> str:
        """The model's name and where it runs."""
        loaded = self.loaded
        return f"{self.name} · {wording.placement(loaded)}" if loaded else "no model"

    def idle(self) -> tuple[str, str]:
        """Say in which state it is while nothing is answered, and its color."""
        if self._engine.loaded is not None:
            return _IN_MEMORY
        if self._engine.resident.is_loading:
            return _LOADING
        return _RESTING if self._engine.resident.wanted is not None else _NONE
