"""Which model to take."""

import dataclasses

from localchat.fit import budget, plan, ranking
from localchat.fit.option import ModelPlan
from localchat.fit.ranking import Ranked
from localchat.fit.tuning import Tuning
from tests.fit import machines

_MODELS = ("qwen3-14b", "qwen3-4b-instruct-2507", "qwen3-0.6b", "llama-3.3-70b", "mistral-7b")


def _plans(on: str, weights: Tuning | None = None) -> list[ModelPlan]:
    hardware = machines.machine(on)
    limits = budget.of(hardware)
    return [
        plan.plan(
            machines.model(name), hardware, limits, with_grid=False, weights=weights or Tuning()
        )
        for name in _MODELS
    ]


def _names(ranked: tuple[Ranked, ...]) -> list[str]:
    return [each.plan.model for each in ranked]


def test_what_fits_comes_before_what_does_not() -> None:
    """A 70B is last on a laptop, and first on a machine that runs it well."""
    small = ranking.rank(_plans("macbook-air-m2-16gb"))
    assert "llama-3.3-70b" == small[-1].plan.model
    assert (0.0, False, "no") == (small[-1].score, small[-1].is_recommended, small[-1].option.fits)
    assert "llama-3.3-70b" == ranking.rank(_plans("mac-studio-128gb"))[0].plan.model


def test_scores_fall_within_what_is_recommended() -> None:
    """The order is that of the scores."""
    ranked = [each for each in ranking.rank(_plans("macbook-air-m2-16gb")) if each.is_recommended]
    scores = [each.score for each in ranked]
    assert sorted(scores, reverse=True) == scores
    assert all(each.option.picks and each.option.fits == "now" for each in ranked)


def test_too_slow_is_not_recommended_while_anything_quick_fits() -> None:
    """A 14B under 3 tokens/s stands behind every quick one, whatever its tier."""
    plans = _plans("old-desktop-ddr3-8gb")
    slow = [each.model for each in plans if each.picks and each.nearest.is_slow]
    quick = [each.model for each in plans if each.picks and not each.nearest.is_slow]
    assert quick
    ranked = ranking.rank(plans)
    assert {each.plan.model for each in ranked if each.is_recommended} == set(quick)
    if slow:
        assert max(map(_names(ranked).index, quick)) < min(map(_names(ranked).index, slow))


def test_slow_is_recommended_where_all_is_slow() -> None:
    """Somebody with such a machine still gets an answer."""
    ranked = ranking.rank(_plans("macbook-air-m2-16gb", Tuning(least_tokens_per_second=1e6)))
    assert ranked[0].is_recommended
    assert ranked[0].option.is_slow


def test_a_higher_tier_wins_at_equal_figures() -> None:
    """And its reason is one sentence that says so."""
    hardware = machines.machine("mac-studio-128gb")
    base = machines.model("qwen3-8b")
    raised = [dataclasses.replace(each, tier=9, model="raised") for each in base]
    plans = [plan.plan(each, hardware, budget.of(hardware)) for each in (base, raised)]
    ranked = ranking.rank(plans)
    assert ["raised", "qwen3-8b"] == _names(ranked)
    assert ranked[0].reason.startswith("Tier 9 of 9, ")
    assert ranked[0].reason.endswith("tokens/s.")


def test_files_that_nobody_knows_are_judged_by_size() -> None:
    """A larger one is expected to be better, within the tiers of the catalogue."""
    small, large = (
        dataclasses.replace(machines.model(name)[0], tier=None)
        for name in ("qwen3-0.6b", "llama-3.3-70b")
    )
    assert 0 < ranking.prior(small) < ranking.prior(large) < 1


def test_every_model_has_a_reason() -> None:
    """One that fits, one with apps closed, one that never does."""
    for on in ("netbook-4gb", "macbook-air-m2-16gb"):
        for each in ranking.rank(_plans(on)):
            assert each.reason.endswith(".")
            assert each.reason.count(". ") == 0
