"""Careful looks into JSON of other programs: what is not as expected reads as nothing.

Formats that others own change without a word; a chat with one odd message is still a chat.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any


def mapping(value: object) -> Mapping[str, Any]:
    """Give an object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> Sequence[Any]:
    """Give a list, or an empty one."""
    return value if isinstance(value, list) else ()


def text(value: object) -> str:
    """Give a text, or an empty one."""
    return value if isinstance(value, str) else ""


def number(value: object) -> float:
    """Give a number, or 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return 0.0
    return float(value)
