"""Load a model and heal what can be healed: safe mode after a crash, less memory after none.

One policy over one link (DESIGN D11). Knows nothing of answers.
"""

import contextlib
import dataclasses
from collections.abc import Callable
from pathlib import Path

from localchat import errors
from localchat.engine import healing, wire
from localchat.engine.link import Link, failure, is_crash
from localchat.engine.process import Death

OnProgress = Callable[[wire.Progress], None]


class Loader:
    """Loads models through a link, trying again where that may help."""

    def __init__(self, link: Link, safe_mode_file: Path) -> None:
        self._link = link
        self._safe_mode_file = safe_mode_file
        self.has_crashed = False
        """The engine crashed with the present model, so that it is loaded in safe mode."""

    async def load(self, wanted: wire.Load, on_progress: OnProgress) -> wire.Loaded:
        """Load `wanted`; what was changed to make it work is in the notes.

        Raises BadModel, BadTemplate, ModelNotFound, DoesNotFit, Cancelled, LoadFailed,
        EngineMissing or EngineLost.
        """
        ready = await self._link.start()
        notes: list[str] = []
        attempt = wanted
        if wanted.params.extra_buffers and self._safe_mode_is_due(ready.build):
            attempt = _in_safe_mode(wanted)
            notes.append("Safe mode: extra CPU buffers are off, because the engine crashed here.")
        loaded = await self._load_healing(attempt, notes, on_progress)
        return dataclasses.replace(loaded, notes=(*notes, *loaded.notes))

    def _safe_mode_is_due(self, build: str) -> bool:
        remembered = healing.needs_safe_mode(self._safe_mode_file, build)
        return remembered or self.has_crashed

    async def _load_healing(
        self, attempt: wire.Load, notes: list[str], on_progress: OnProgress
    ) -> wire.Loaded:
        crash: errors.EngineLost | None = None
        full: wire.Load | None = None
        while True:
            try:
                loaded = await self._load_once(attempt, on_progress)
                break
            except errors.EngineLost as lost:
                if not (attempt.params.extra_buffers and is_crash(lost)):
                    raise
                crash, attempt = lost, _in_safe_mode(attempt)
            except _OutOfMemory as failed:
                smaller, note = _smaller(attempt, failed, may_quantize=full is None)
                if smaller.params.kv_type_k != attempt.params.kv_type_k:
                    full = attempt
                attempt = smaller
                notes.append(note)
            except errors.LoadFailed:
                if full is None or attempt.params.kv_type_k == full.params.kv_type_k:
                    raise
                # Some models cannot have a quantized KV cache: then the context alone shrinks.
                notes.pop()
                attempt = full
        if crash is not None:
            notes.append(self._cured(crash, loaded))
        return loaded

    def _cured(self, crash: errors.EngineLost, loaded: wire.Loaded) -> str:
        # Only this is proof that the extra buffers were to blame: the warm-up died with them, and
        # the same model's warm-up passed without.
        if crash.during == "warming up" and self._link.ready is not None:
            with contextlib.suppress(OSError):
                healing.remember_safe_mode(
                    self._safe_mode_file, self._link.ready.build, loaded.name, crash.signal_name
                )
        return (
            f"Safe mode: the engine crashed ({crash.signal_name}) with extra CPU buffers, "
            "and runs without them."
        )

    async def _load_once(self, attempt: wire.Load, on_progress: OnProgress) -> wire.Loaded:
        await self._link.start()
        stage = ""
        with self._link.request(attempt) as request:
            await self._link.send(request)
            while True:
                event = await request.events.get()
                if isinstance(event, wire.Progress):
                    stage = event.stage
                    on_progress(event)
                elif isinstance(event, wire.Loaded):
                    return event
                elif isinstance(event, Death) and request.cancelled:
                    raise errors.Cancelled("Loading was stopped.")
                elif isinstance(event, wire.Failed) and event.kind == "out_of_memory":
                    raise _OutOfMemory(event)
                else:
                    raise failure(event, "warming up" if stage == "warm-up" else "loading")


class _OutOfMemory(errors.DoesNotFit):
    """A load that failed for want of memory, with what it had tried."""

    def __init__(self, event: wire.Failed) -> None:
        super().__init__(event.message, event.hint)
        self.context_tokens = int(event.details.get("context_tokens", 0))
        self.gpu_layers = int(event.details.get("gpu_layers", 0))


def _smaller(
    attempt: wire.Load, failed: _OutOfMemory, *, may_quantize: bool
) -> tuple[wire.Load, str]:
    step = healing.step_down(
        attempt.params, failed.context_tokens, failed.gpu_layers, may_quantize=may_quantize
    )
    if step is None:
        raise failed
    return dataclasses.replace(attempt, params=step[0]), step[1]


def _in_safe_mode(load: wire.Load) -> wire.Load:
    return dataclasses.replace(load, params=dataclasses.replace(load.params, extra_buffers=False))
