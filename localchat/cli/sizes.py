"""Sizes as people type them: `7GiB`, `7 GB`, `7000MB`."""

import re
from types import MappingProxyType

_SIZE = re.compile(r"\s*([0-9]+(?:[.,][0-9]+)?|[.,][0-9]+)\s*([a-z]*)\s*", re.IGNORECASE)
_UNITS = MappingProxyType(
    {
        "b": 1,
        "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
        "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
        "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40,
    }
)  # fmt: skip
_LEAST_BYTES = 2**20
_MOST_BYTES = 2**50


def parse(text: str) -> int:
    """Read a size in bytes. Raises ValueError, which says what it must be.

    >>> parse("7GiB"), parse("7 GB"), parse("0.5g")
    (7516192768, 7000000000, 536870912)
    """
    match = _SIZE.fullmatch(text)
    unit = match[2].lower() if match else ""
    if match is None or (unit and unit not in _UNITS):
        raise ValueError("a size such as 7GiB, 6.5GB or 900MiB")
    n_bytes = int(float(match[1].replace(",", ".")) * _UNITS.get(unit or "b", 1))
    if n_bytes < _LEAST_BYTES:
        raise ValueError("at least 1 MiB, with its unit, such as 7GiB")
    if n_bytes > _MOST_BYTES:
        raise ValueError("less than a thousand TiB")
    return n_bytes
