"""What is told of a model once it is loaded: the memory it took, what is locked, what to know.

Asks the loaded model and the process; changes nothing.
"""

import logging
from collections.abc import Sequence
from typing import Literal

from localchat.engine import breakdown, locking
from localchat.engine.llama import LlamaModel
from localchat.fit import runtime
from localchat.fit.footprint import Footprint
from localchat.models import anatomy
from localchat.models.header import Header

_LOG = logging.getLogger(__name__)


def context_notes(model: LlamaModel) -> tuple[str, ...]:
    """Say what is doubtful about the context that was asked for."""
    facts = model.facts
    if not 0 < facts.trained_context_tokens < facts.context_tokens:
        return ()
    return (
        f"The context of {facts.context_tokens:,} tokens is longer than the "
        f"{facts.trained_context_tokens:,} that the model was trained for.",
    )


def locked_bytes(model: LlamaModel) -> int:
    """Tell how much of the process's memory is locked for the model; 0 where none should be."""
    if not model.params.mlock:
        return 0
    found = locking.locked_bytes()
    return 0 if found == locking.UNKNOWN and model.lock_failed else found


def footprint(
    model: LlamaModel, headers: Sequence[Header], predicted_bytes: int
) -> Footprint | None:
    """Tell what the model takes, and log it beside what was predicted; None when not known."""
    if not headers:
        return None
    try:
        shares = breakdown.of(model.context)
    except breakdown.BreakdownUnknown as error:
        _LOG.info("memory: this engine does not tell what a model takes: %s", error)
        return None
    found = Footprint(
        devices=breakdown.by_device(shares),
        runtime_bytes=runtime.of_shape(anatomy.shape(*headers)),
        context_tokens=model.facts.context_tokens,
        basis="loaded",
    )
    _LOG.info("memory: predicted %d bytes, really %d", predicted_bytes, found.total_bytes)
    return found


def prefix_reuse(model: LlamaModel) -> Literal["full", "window", "append"]:
    """Tell how much of a conversation that was read before need not be read again."""
    if model.facts.is_recurrent:
        return "append"
    return "window" if model.facts.window_tokens else "full"
