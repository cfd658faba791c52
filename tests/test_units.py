"""Numbers as people read them."""

import pytest

from localchat import units


@pytest.mark.parametrize(
    ("n_bytes", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (units.MIB, "1.0 MiB"),
        (units.GIB - 1, "1024.0 MiB"),
        (units.GIB, "1.00 GiB"),
        (7 * units.GIB + units.GIB // 4, "7.25 GiB"),
    ],
)
def test_bytes(n_bytes: int, words: str) -> None:
    """Sizes are binary units, as far as they matter."""
    assert units.human_bytes(n_bytes) == words


@pytest.mark.parametrize(
    ("n_tokens", "words"), [(0, "0"), (999, "999"), (1000, "1.0k"), (9999, "10.0k"), (16384, "16k")]
)
def test_tokens(n_tokens: int, words: str) -> None:
    """Thousands of tokens, in a gauge's space."""
    assert units.human_tokens(n_tokens) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 ms"), (0.0994, "99 ms"), (0.1, "0.1 s"), (59, "59 s"), (60, "1 min 0 s")],
)
def test_seconds(seconds: float, words: str) -> None:
    """Durations, as far as they matter."""
    assert units.human_seconds(seconds) == words


@pytest.mark.parametrize(
    ("rate", "words"), [(0.0, "0.0 tokens/s"), (99.94, "99.9 tokens/s"), (100.4, "100 tokens/s")]
)
def test_rates(rate: float, words: str) -> None:
    """Rates have a digit after the point below a hundred."""
    assert units.human_rate(rate) == words
