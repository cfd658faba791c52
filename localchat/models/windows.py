"""Which layers see only a sliding window, by architecture, as llama.cpp sets it (src/models).

Some architectures have the pattern in their code, some in the header, and some ignore a window
that the header names. Knows nothing of what a window saves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from localchat.models.header import Array, Header


@dataclass(frozen=True, slots=True)
class _Rule:
    """Of `period` layers, one sees the whole context."""

    period: int | None = None
    """None: the header lists the layers."""
    whole_first: bool = False
    """The first of each period sees all, not the last."""
    window_tokens: int = 0
    """The window where the header names none; 0: then there is none."""
    is_fixed: bool = False
    """`window_tokens` counts whatever the header says."""


_RULES: Mapping[str, _Rule] = MappingProxyType(
    {
        "afmoe": _Rule(4),
        "cohere2": _Rule(4),
        "cohere2moe": _Rule(4, whole_first=True),
        "dots3note": _Rule(),
        "exaone-moe": _Rule(4, window_tokens=128),
        "exaone4": _Rule(4, window_tokens=4096),
        "gemma2": _Rule(2, window_tokens=4096),
        "gemma3": _Rule(6),
        "gemma3n": _Rule(5),
        "gemma4": _Rule(),
        "gpt-oss": _Rule(2),
        "granite-swa": _Rule(),
        "laguna": _Rule(4, whole_first=True),
        "lfm2": _Rule(0),
        "lfm2moe": _Rule(0),
        "llama4": _Rule(4, window_tokens=8192, is_fixed=True),
        "maple": _Rule(),
        "mellum": _Rule(4),
        "mimo2": _Rule(),
        "muse-glimmer": _Rule(4),
        "olmo2": _Rule(4),
        "plamo3": _Rule(8),
        "smallthinker": _Rule(4, whole_first=True, window_tokens=4096, is_fixed=True),
        "spark2-5": _Rule(),
        "step35": _Rule(),
    }
)
_EXAONE_LAYERS = 64


def windows(header: Header, layers: int) -> tuple[int | None, ...]:
    """Return the window of each layer in tokens, None where a layer sees the whole context."""
    architecture = header.architecture
    whole = (None,) * layers
    rule = _RULES.get(architecture)
    stated = header.number(f"{architecture}.attention.sliding_window", -1)
    if rule is None or stated == 0:
        return whole
    if architecture == "exaone4" and layers != _EXAONE_LAYERS:
        return whole
    if architecture == "smallthinker" and stated < 0:
        return whole
    window = stated if stated > 0 and not rule.is_fixed else rule.window_tokens
    if not window:
        return whole
    return tuple(window if limited else None for limited in _limited(header, rule, layers))


def _limited(header: Header, rule: _Rule, layers: int) -> tuple[bool, ...]:
    pattern = header.metadata.get(f"{header.architecture}.attention.sliding_window_pattern")
    if isinstance(pattern, Array):
        listed = tuple(bool(each) for each in pattern.values or ())
        return (listed + (False,) * layers)[:layers]
    period = rule.period
    if isinstance(pattern, int) and not isinstance(pattern, bool) and period:
        period = pattern
    if period is None:
        return (False,) * layers
    if period == 0:
        return (True,) * layers
    whole = 0 if rule.whole_first else period - 1
    return tuple(layer % period != whole for layer in range(layers))
