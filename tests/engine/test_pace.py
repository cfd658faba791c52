"""How much of a prompt is read in one go."""

import pytest

from localchat.engine.pace import Pace


@pytest.mark.parametrize(
    ("billions", "on_gpu", "tokens"),
    [(0.5, False, 512), (3, False, 256), (7, False, 128), (70, False, 128), (70, True, 512)],
)
def test_the_first_go_depends_on_the_model_alone(
    billions: float, on_gpu: bool, tokens: int
) -> None:
    """Small models and GPUs take a whole batch; nothing is measured before."""
    assert tokens == Pace(512, int(billions * 1e9), on_gpu=on_gpu).tokens


def test_slow_goes_become_shorter_but_never_tiny() -> None:
    """At 40 tokens a second: half and half again, down to 64."""
    pace = Pace(512, 10**9, on_gpu=False)
    sizes = []
    for _ in range(5):
        pace.took(pace.tokens, pace.tokens / 40)
        sizes.append(pace.tokens)

    assert [256, 128, 64, 64, 64] == sizes


def test_what_was_slow_for_a_moment_recovers() -> None:
    """Up to the first size, and no further."""
    pace = Pace(512, 10**9, on_gpu=False)
    pace.took(512, 5.0)
    for _ in range(3):
        pace.took(pace.tokens, 0.1)

    assert 512 == pace.tokens


def test_the_rest_of_a_prompt_says_nothing() -> None:
    """A short last go is no measure."""
    pace = Pace(512, 10**9, on_gpu=False)
    pace.took(20, 4.0)

    assert 512 == pace.tokens


def test_a_small_batch_is_never_exceeded() -> None:
    """What the context was made for is the limit."""
    pace = Pace(32, 7 * 10**9, on_gpu=False)
    pace.took(32, 9.0)

    assert 32 == pace.tokens
