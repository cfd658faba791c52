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
RAM_NOTE = "ram"


def note(option: Option, kv_type: str, *, has_gpus: bool = False) -> Content:
    """Note what is special about a choice, in three cells at most.

    Its picks; or that it takes a q8_0 KV cache; or that a GPU does not hold all of it.
    """
    if option.kv_type != kv_type:
        is_pick = bool(option.picks)
        return Content.styled(Q8_NOTE, "bold $accent" if is_pick else "$foreground-muted")
    picked = "".join(mark for pick, mark in PICKS.items() if pick in option.picks)
    if not picked and has_gpus and is_split(option):
        return Content.styled(RAM_NOTE, "$foreground-muted")
    return Content.styled(picked, "bold $accent")


def is_split(option: Option) -> bool:
    """Whether layers, or their experts, lie in main memory, which is slower than a GPU's own."""
    every = option.candidate.shape.layers + 1
    return option.params.experts_on_cpu or option.gpu_layers < every


def fits_largest_now(option: Option) -> bool:
    """Whether its largest context surely fits now, not only with apps closed."""
    if option.fits == "if you close apps":
        # More would fit with apps closed, so that the figure is what fits now.
        return option.max_context_tokens < option.context_tokens
    return option.fits == "now"


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
