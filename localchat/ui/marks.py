"""The signs that list and grid share: whether a choice fits, and what speaks for it."""

from types import MappingProxyType

from textual.content import Content

from localchat import units
from localchat.fit.option import BALANCED, BEST, LONGEST, Option

FITS = MappingProxyType(
    {
        "now": ("●", "$success", "fits now"),
        "if you close apps": ("◐", "$warning", "if you close apps"),
        "no": ("○", "$error", "does not fit"),
    }
)
"""A symbol, a color and words for each answer, so that each alone tells."""
PICKS = MappingProxyType({BEST: "★", BALANCED: "◆", LONGEST: "▲"})
Q8_NOTE = "q8"


def note(option: Option, kv_type: str) -> Content:
    """Note what speaks for a choice: its picks, or that it takes a q8_0 KV cache."""
    if option.kv_type != kv_type:
        is_pick = bool(option.picks)
        return Content.styled(Q8_NOTE, "bold $accent" if is_pick else "$foreground-muted")
    picked = "".join(mark for pick, mark in PICKS.items() if pick in option.picks)
    return Content.styled(picked, "bold $accent")


def loss(option: Option) -> str:
    """Write what the quantization loses, in a few characters."""
    percent = option.quality.loss_percent
    return f"{percent:.1f} %" if percent >= 0.05 else "none"


def context_name(tokens: int) -> str:
    """Name a context as people do.

    >>> context_name(16384), context_name(40960), context_name(2000)
    ('16k', '40k', '2.0k')
    """
    return f"{tokens // 1024}k" if tokens % 1024 == 0 else units.human_tokens(tokens)
