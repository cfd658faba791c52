"""How a chat's wish to think, or not, is said in the words of a model's own template. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from localchat.chat.settings import ChatSettings

SWITCHES: Final = ("enable_thinking", "thinking", "enable_reasoning", "reasoning")
EFFORTS: Final = ("reasoning_effort", "thinking_effort")
BUDGETS: Final = ("thinking_budget", "reasoning_budget")
EFFORT_WORDS: Final = ("low", "medium", "high")
"""What templates with an effort know."""


def variables(settings: ChatSettings, known: Sequence[str]) -> Mapping[str, Any]:
    """Choose the template's variables; `known` are those that it reads.

    >>> variables(ChatSettings(thinking="off"), ("thinking",))
    {'thinking': False}
    >>> variables(ChatSettings(thinking="off"), ("reasoning_effort",))
    {'reasoning_effort': 'low'}
    """
    found: dict[str, Any] = {}
    if settings.thinking != "auto":
        found |= _switched(settings.thinking == "on", known)
    if settings.effort:
        found |= dict.fromkeys(_of(EFFORTS, known) or EFFORTS[:1], settings.effort)
    if settings.thinking_budget_tokens and settings.thinking != "off":
        found |= dict.fromkeys(_of(BUDGETS, known), settings.thinking_budget_tokens)
    return found | dict(settings.template_variables)


def can_switch(known: Sequence[str]) -> bool:
    """Say whether a template lets its model think or not."""
    return bool(_of(SWITCHES, known))


def can_choose_effort(known: Sequence[str]) -> bool:
    """Say whether a template lets one choose how hard to think."""
    return bool(_of(EFFORTS, known))


def _switched(on: bool, known: Sequence[str]) -> dict[str, Any]:
    switches, efforts, budgets = _of(SWITCHES, known), _of(EFFORTS, known), _of(BUDGETS, known)
    if switches or not (efforts or budgets):
        # A template that names nothing of the kind is given the usual word; it does no harm.
        return dict.fromkeys(switches or SWITCHES[:1], on)
    # These models always think; off is then as little as the template allows.
    return {} if on else dict.fromkeys(efforts, EFFORT_WORDS[0]) | dict.fromkeys(budgets, 0)


def _of(names: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name in known)
