"""What quantizations cost, and which are no recommendation."""

import dataclasses
from itertools import pairwise

import pytest

from localchat.fit import losses, quality
from localchat.fit.candidate import Candidate
from localchat.models import quants
from tests.fit import machines

_LLAMA = {each.label: each for each in machines.model("llama-3.1-8b")}
_ANY = next(iter(_LLAMA.values()))


def _like(label: str, billions: float = 8.0, **more: object) -> Candidate:
    quant = quants.by_name(label)
    named = dataclasses.replace(_ANY, label=label, quant=quant, has_imatrix=False)
    sized = dataclasses.replace(
        named, parameters=int(billions * 1e9), effective_parameters=billions * 1e9
    )
    return dataclasses.replace(sized, **more)  # type: ignore[arg-type]


def test_the_reference_model_loses_what_was_measured() -> None:
    """Llama 3 8B, Q4_K_M without an importance matrix: 0.1755 above 6.233, divergence 0.031."""
    found = quality.of(_like("Q4_K_M"))
    assert 0.1755 / 6.233 * 100 == pytest.approx(found.loss_percent)
    assert 0.031273 == pytest.approx(found.divergence)
    assert 0.976 == pytest.approx(found.retained, abs=0.001)


def test_small_models_lose_more() -> None:
    """By the power law of the format's family: (8 / 1)^0.44 for 4 bits."""
    large, small = quality.of(_like("Q4_K_M")), quality.of(_like("Q4_K_M", 1.0))
    assert 8**0.44 == pytest.approx(small.divergence / large.divergence)


def test_an_importance_matrix_loses_less() -> None:
    """Where it was measured; the source says so."""
    static, with_matrix = _like("Q4_K_S"), _like("Q4_K_S", has_imatrix=True)
    assert quality.of(with_matrix).divergence < quality.of(static).divergence
    assert "importance matrix" in quality.of(with_matrix).source


def test_more_bits_lose_less() -> None:
    """In the order of the scoreboard."""
    order = ("Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q4_K_M", "Q4_K_S", "Q4_0", "Q3_K_M", "Q2_K")
    found = [quality.of(_like(label)).loss_percent for label in order]
    assert sorted(found) == found


def test_mistral_loses_what_was_measured_on_it() -> None:
    """Mistral 7B is hardier than Llama 3; its own figures count where there are some."""
    mistral = {
        each.label: quality.of(each) for each in machines.model("dolphin-2.6-mistral-7b-dpo")
    }
    measured = quants.by_name("Q4_K_S")
    assert measured is not None
    assert measured.mistral_7b_percent == pytest.approx(mistral["Q4_K_S"].loss_percent, rel=0.001)
    assert all(each.loss_percent < 25 for each in mistral.values())
    assert mistral["Q5_K_M"].loss_percent < mistral["Q5_K_S"].loss_percent


def test_files_of_a_model_trained_for_four_bits_lose_less() -> None:
    """Quantization-aware Q4_0 is no ordinary Q4_0."""
    plain, aware = _like("Q4_0"), _like("Q4_0", is_quantization_aware=True)
    assert quality.of(aware).divergence < quality.of(_like("Q4_K_M")).divergence
    assert quality.of(plain).divergence > quality.of(_like("Q4_K_M")).divergence


def test_makers_use_an_importance_matrix_for_all_or_none() -> None:
    """A format that cannot be made without one tells about the others beside it."""
    static = [_like("Q4_K_S"), _like("Q6_K")]
    assert tuple(static) == losses.alike(static)
    mixed = losses.alike([*static, _like("IQ2_M")])
    assert all(each.has_imatrix for each in mixed)


def test_a_format_that_a_model_was_trained_in_loses_nothing() -> None:
    """gpt-oss in MXFP4; a dense model of that name is judged by its bits."""
    own = machines.model("gpt-oss-20b")[0]
    assert (0.0, False) == (quality.of(own).loss_percent, quality.of(own).is_below_floor)
    other = _like("MXFP4", file_bytes=int(8e9 * 4.7 / 8))
    assert 0.02 < quality.of(other).divergence < 0.1


def test_an_unknown_quantization_is_judged_by_its_bits() -> None:
    """As the nearest one with figures; the source says so."""
    odd = _like("??", file_bytes=int(8e9 * 6.6 / 8))
    assert quality.of(odd).divergence == pytest.approx(quality.of(_like("Q6_K")).divergence)
    assert "6.6 bits a weight, as Q6_K" in quality.of(odd).source


def test_the_range_is_fourfold() -> None:
    """Between makers of one and the same quantization."""
    found = quality.of(_like("Q4_K_M"))
    assert 4 == pytest.approx(found.loss_percent_high / found.loss_percent_low)
    assert found.loss_percent_low < found.loss_percent < found.loss_percent_high


def test_a_quantized_cache_costs_a_little_and_four_bits_more() -> None:
    """q8_0 on both sides costs what was measured: 0.0008 in divergence on 8B."""
    plain = quality.of(_like("Q4_K_M"))
    eight = quality.of(_like("Q4_K_M"), "q8_0", "q8_0")
    four = quality.of(_like("Q4_K_M"), "q4_0", "q4_0")
    assert 0.0008 == pytest.approx(eight.divergence - plain.divergence)
    assert plain.loss_percent < eight.loss_percent < four.loss_percent
    assert plain == quality.of(_like("Q4_K_M"), "f16", "bf16")


@pytest.mark.parametrize(
    ("label", "billions", "is_below"),
    [
        ("Q4_K_M", 1.5, True),
        ("Q5_K_S", 1.5, False),
        ("Q3_K_L", 7.2, True),
        ("Q4_K_S", 7.2, False),
        ("IQ3_M", 9.2, False),
        ("IQ2_M", 27.0, True),
        ("IQ3_XXS", 32.0, False),
        ("IQ2_M", 70.0, False),
        ("IQ1_S", 70.0, True),
    ],
)
def test_floors(label: str, billions: float, is_below: bool) -> None:
    """5 bits below 2B, 4 below 9B, 3 up to 60B, 2 from there on, 1 never."""
    found = quality.of(_like(label, billions))
    assert is_below == found.is_below_floor
    assert is_below == bool(found.floor_reason)


def test_mixtures_of_experts_bear_two_bits_earlier() -> None:
    """From 30B of effective size on."""
    large = next(each for each in machines.model("qwen3.5-122b-a10b") if "IQ2_M" in each.label)
    assert 30e9 < large.effective_parameters < 60e9
    assert not quality.of(large).is_below_floor


def test_words_say_more_as_losses_grow() -> None:
    """From as good as the original to not usable."""
    said = [quality.in_words(each) for each in (0.001, 0.03, 0.12, 0.45, 0.7)]
    assert len(set(said)) == len(said)
    assert ("about as good as the original", "not usable") == (said[0], said[-1])


def test_retained_falls() -> None:
    """And stays between 0 and 1."""
    kept = [quality.retained(each / 10) for each in range(10)]
    assert all(1 >= more > less > 0 for more, less in pairwise(kept))
