"""The plan of one model: what fits, the exact maximum, and the picks."""

import dataclasses
from collections.abc import Sequence

import pytest

from localchat.fit import budget, candidates, ladder, memory, plan, speed
from localchat.fit.budget import Budget
from localchat.fit.candidate import Candidate
from localchat.fit.footprint import Footprint
from localchat.fit.option import BALANCED, BEST, LONGEST, QUANTIZED_KV, ModelPlan, Option
from localchat.fit.params import EngineParams
from localchat.fit.tuning import Tuning
from localchat.machine.hardware import Hardware
from localchat.models import catalogue
from tests.fit import machines

_GIB = 2**30
_DOLPHIN = "dolphin-2.6-mistral-7b-dpo"
_AIR = machines.machine("macbook-air-m2-16gb")
_BUDGETS = (None, 7 * _GIB)


def _dolphin(fixed_bytes: int | None = None) -> ModelPlan:
    return plan.plan(machines.model(_DOLPHIN), _AIR, budget.of(_AIR, fixed_bytes=fixed_bytes))


def _said(option: Option | None) -> tuple[str, int, str]:
    assert option is not None
    return option.label, option.context_tokens, option.kv_type


@pytest.mark.parametrize("fixed_bytes", _BUDGETS)
def test_the_model_case(fixed_bytes: int | None) -> None:
    """A 7B Mistral on a 16 GB M2: the trade between context and quality, and its way out."""
    found = _dolphin(fixed_bytes)
    longest, best = found.pick(LONGEST), found.pick(BEST)
    assert ("Q4_K_S", 16384, "f16") == _said(longest)
    assert ("Q6_K", 8192, "f16") == _said(best)
    assert longest is not None and best is not None
    assert 6.0 == pytest.approx(longest.footprint.total_bytes / _GIB, rel=0.02)
    assert 6.7 == pytest.approx(best.footprint.total_bytes / _GIB, rel=0.02)
    assert longest.speed.low <= 20 <= longest.speed.high
    further = {_said(each) for each in found.picks if QUANTIZED_KV in each.picks}
    assert {("Q6_K", 16384, "q8_0"), ("Q4_K_S", 32768, "q8_0")} <= further


def test_dominated_quantizations_are_left_out() -> None:
    """Q4_0 and Q5_0, as Q4_K_S and Q5_K_S lose less at about the same size."""
    found = _dolphin()
    gone = {each.candidate.label: each.by.label for each in found.dominated}
    assert {"Q4_0": "Q4_K_S", "Q5_0": "Q5_K_S"} == gone
    assert not gone.keys() & {each.label for each in found.options}


def test_slow_formats_dominate_nothing_without_a_gpu() -> None:
    """IQ3_S is better than Q3_K_S, but processors are slow with it."""
    laptop = machines.machine("laptop-16gb-ddr4")
    on_laptop = machines.planned("mistral-7b", "laptop-16gb-ddr4")
    on_air = machines.planned("mistral-7b", "macbook-air-m2-16gb")
    assert not laptop.gpus
    assert "IQ3_S" not in {each.by.label for each in on_laptop.dominated}
    assert "IQ3_S" in {each.by.label for each in on_air.dominated}
    slow = [each for each in on_laptop.options if each.label in ("IQ3_S", "IQ2_M")]
    assert slow and all(each.objection for each in slow)


def test_below_the_floor_is_shown_but_no_pick() -> None:
    """Three bits of a 7B are in the grid, with the reason why they are not recommended."""
    found = _dolphin()
    low = [each for each in found.options if each.label == "Q3_K_M"]
    assert low and all(each.objection and not each.picks for each in low)
    assert not {"Q3_K_M", "Q2_K"} & {each.label for each in found.picks}


def test_the_grid_is_complete() -> None:
    """Every quantization x usual context x KV cache once, fitting or not."""
    found = _dolphin()
    steps = (2048, 4096, 8192, 16384, 32768)
    expected = [
        (candidate.label, tokens, kv_type)
        for candidate in found.candidates
        for tokens in steps
        for kv_type in ("f16", "q8_0")
    ]
    assert expected == [_said(each) for each in found.options]
    assert {"now", "if you close apps", "no"} == {each.fits for each in found.options}
    assert _said(found.at("Q6_K", 8192)) == ("Q6_K", 8192, "f16")
    assert found.at("Q6_K", 999) is None


def test_one_context_for_everything() -> None:
    """With a context given, every quantization and KV cache has it, dominated ones too."""
    candidates_ = machines.model(_DOLPHIN)
    wishes = plan.Wishes(contexts=(16384,))
    found = plan.plan(candidates_, _AIR, budget.of(_AIR), wishes=wishes)
    assert 2 * len(candidates_) == len(found.options)
    assert {16384} == {each.context_tokens for each in found.options}
    assert {each.label for each in candidates_} == {each.label for each in found.options}
    q4_0 = found.at("Q4_0", 16384)
    assert q4_0 is not None and q4_0.objection and not q4_0.picks


def _is_exact(option: Option, hardware: Hardware, limits: Budget) -> bool:
    def fits(tokens: int) -> bool:
        params = dataclasses.replace(option.params, context_tokens=tokens)
        return budget.fits(memory.footprint(option.candidate, params, hardware), limits) == "now"

    most, limit = (
        option.max_context_tokens,
        ladder.limit_tokens(option.candidate.trained_context_tokens),
    )
    return fits(most) and (most == limit or not fits(min(limit, most + 256)))


@pytest.mark.parametrize("name", machines.NAMES)
def test_everything_recommended_fits_and_its_maximum_is_exact(name: str) -> None:
    """On every recorded machine: 256 tokens more than the maximum would not fit."""
    hardware = machines.machine(name)
    limits = budget.of(hardware)
    for model in ("qwen3-8b", "gemma-3-4b", "qwen3.5-0.8b", "qwen3-30b-a3b"):
        found = plan.plan(machines.model(model), hardware, limits, with_grid=False)
        for option in found.picks:
            assert "now" == option.fits == budget.fits(option.footprint, limits)
            assert option.context_tokens <= option.max_context_tokens
            assert _is_exact(option, hardware, limits), (model, option.label)


@pytest.mark.parametrize("name", ["macbook-air-m2-16gb", "desktop-rtx4090-24gb"])
def test_picks_are_the_best_of_all_that_fits(name: str) -> None:
    """Held against every cell of the grid."""
    found = machines.planned("qwen3-8b", name)
    able = [
        each
        for each in found.options
        if each.fits == "now" and not each.objection and each.kv_type == "f16" and not each.is_slow
    ]
    longest, best, balanced = found.pick(LONGEST), found.pick(BEST), found.pick(BALANCED)
    assert longest is not None and best is not None and balanced is not None
    assert max(each.max_context_tokens for each in able) == longest.max_context_tokens
    useful = [each.quality.divergence for each in able if each.context_tokens >= 8192]
    assert min(useful) == best.quality.divergence
    assert max(each.score for each in able) == balanced.score


def test_full_precision_is_no_pick_where_there_is_another() -> None:
    """BF16 fits on a large machine, and gains nothing."""
    found = machines.planned("qwen3-8b", "mac-studio-128gb")
    full = [each for each in found.options if each.label == "BF16"]
    assert full and all(each.fits == "now" and each.objection for each in full)
    assert "BF16" not in {each.label for each in found.picks}
    alone = plan.plan(
        [full[0].candidate], found_on := machines.machine("mac-studio-128gb"), budget.of(found_on)
    )
    assert alone.picks


def test_a_quantized_cache_is_offered_where_it_gains_something() -> None:
    """Nothing is gained where everything has room already."""
    large = machines.planned("mistral-7b", "mac-studio-128gb")
    assert [] == [each for each in large.picks if QUANTIZED_KV in each.picks]
    small = _dolphin()
    named = {each.label: each for each in small.picks if QUANTIZED_KV not in each.picks}
    for option in small.picks:
        if QUANTIZED_KV in option.picks:
            same = named.get(option.label)
            assert same is None or option.context_tokens > same.context_tokens
            plain = small.at(option.label, option.context_tokens)
            assert plain is not None and plain.fits != "now"


def test_models_stay_on_a_gpu_that_can_hold_them() -> None:
    """24 GB hold an 8B whole; longer contexts in the grid push layers off."""
    found = machines.planned("qwen3-8b", "desktop-rtx4090-24gb")
    assert all(each.gpu_layers == each.candidate.shape.layers + 1 for each in found.picks)


def test_layers_are_divided_where_a_gpu_cannot_hold_the_model() -> None:
    """As many on the GPU as it has room for: one more would not fit."""
    hardware = machines.machine("desktop-rtx4090-24gb")
    limits = budget.of(hardware)
    found = plan.plan(machines.model("llama-3.3-70b"), hardware, limits, with_grid=False)
    divided = [each for each in found.picks if each.gpu_layers <= each.candidate.shape.layers]
    assert divided
    for option in divided:
        assert option.gpu_layers > 0
        more = dataclasses.replace(option.params, gpu_layers=option.gpu_layers + 1)
        taken = memory.footprint(option.candidate, more, hardware)
        assert budget.gpu_bytes(taken, limits)[0] > limits.gpus[0].now_bytes


def test_experts_stay_in_main_memory_where_that_is_faster() -> None:
    """A mixture of experts that a GPU cannot hold: whatever is chosen is the faster way."""
    hardware = machines.machine("desktop-rtx4090-24gb")
    limits = budget.of(hardware)
    found = plan.plan(machines.model("qwen3.5-122b-a10b"), hardware, limits, with_grid=False)
    assert any(each.params.experts_on_cpu for each in found.picks)
    for option in found.picks:
        other = dataclasses.replace(
            option.params, experts_on_cpu=False, gpu_layers=_most_layers(option, hardware, limits)
        )
        rate = speed.estimate(
            option.candidate, memory.footprint(option.candidate, other, hardware), other, hardware
        )
        assert option.speed.middle >= 0.999 * rate.middle


def _most_layers(option: Option, hardware: Hardware, limits: Budget) -> int:
    layers = 0
    for layers in range(option.candidate.shape.layers + 1):
        tried = dataclasses.replace(option.params, experts_on_cpu=False, gpu_layers=layers + 1)
        taken = memory.footprint(option.candidate, tried, hardware)
        if budget.gpu_bytes(taken, limits)[0] > limits.gpus[0].now_bytes:
            break
    return layers


def test_the_users_own_layers_are_kept() -> None:
    """-ngl says it, fitting or not."""
    hardware = machines.machine("desktop-rtx4090-24gb")
    wishes = plan.Wishes(gpu_layers=10)
    found = plan.plan(machines.model("qwen3-8b"), hardware, budget.of(hardware), wishes=wishes)
    assert {10} == {each.gpu_layers for each in found.options}


def test_the_sizer_is_exchangeable() -> None:
    """Planning goes by whatever footprints it is given."""

    def generous(candidate: Candidate, params: EngineParams, hardware: Hardware) -> Footprint:
        sized = memory.footprint(candidate, params, hardware)
        return dataclasses.replace(sized, devices=sized.devices[:1], basis="dry run")

    found = plan.plan(machines.model(_DOLPHIN), _AIR, budget.of(_AIR), generous)
    assert {"dry run"} == {each.footprint.basis for each in found.options}
    assert ("Q8_0", 32768, "f16") == _said(found.pick(BEST))


def test_slow_choices_are_picks_only_where_nothing_is_quick() -> None:
    """Under 3 tokens/s nothing is recommended while anything else fits."""
    found = machines.planned("phi-4", "laptop-16gb-ddr4")
    able = [each for each in found.options if each.fits == "now" and not each.objection]
    quick = [each for each in able if not each.is_slow]
    assert not quick or not any(each.is_slow for each in found.picks)
    strict = Tuning(least_tokens_per_second=1000.0)
    hardware = machines.machine("laptop-16gb-ddr4")
    slow = plan.plan(machines.model("phi-4"), hardware, budget.of(hardware), weights=strict)
    assert bool(able) == bool(slow.picks)
    assert all(each.is_slow for each in slow.picks)


def test_the_front_holds_nothing_that_another_beats() -> None:
    """And every pick with the plain cache is on it or equals something on it."""
    found = _dolphin()
    figures = [
        (-each.quality.divergence, each.context_tokens, each.speed.middle) for each in found.front
    ]
    for one in figures:
        assert not any(_beats(other, one) for other in figures)
    assert found.front


def _beats(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(a >= b for a, b in zip(one, other, strict=True)) and one != other


def test_what_cannot_run_says_how_much_is_missing() -> None:
    """A 70B on a netbook: no pick, and the nearest choice with its reason."""
    found = machines.planned("llama-3.3-70b", "netbook-4gb")
    assert () == found.picks
    assert "no" == found.nearest.fits
    assert 0 == found.nearest.max_context_tokens
    assert found.nearest.reason.startswith("Does not fit, ")


def test_reasons_answer_why() -> None:
    """What is taken, what limits, what would change it, on what ground, mmap and mlock."""
    option = _dolphin().pick(LONGEST)
    assert option is not None
    for part in (
        "Fits now with",
        "weights 3.8",
        "KV cache 2.00",
        "scratch",
        "engine",
        "tokens;",
        "q8_0 KV cache",
        "closing other programs",
        "estimate",
        "no-mmap off",
        "mlock on",
    ):
        assert part in option.reason, part


def test_memory_is_mapped_and_locked_with_reason() -> None:
    """Not mapped where the processor repacks, locked where the limit and the memory allow it."""
    laptop = machines.machine("laptop-16gb-ddr4")
    limits = budget.of(laptop)
    candidates_ = machines.model("qwen3-4b-instruct-2507")
    free = plan.plan(candidates_, laptop, limits, with_grid=False).picks[0]
    bound = plan.plan(
        candidates_, laptop, limits, lock_limit_bytes=8 * 2**20, with_grid=False
    ).picks[0]
    assert (False, True, False) == (free.params.mmap, free.params.mlock, bound.params.mlock)
    assert "repack" in free.mmap_reason or "anew" in free.mmap_reason
    assert "8.0 MiB" in bound.mlock_reason
    closed = next(each for each in _dolphin().options if each.fits == "if you close apps")
    assert not closed.params.mlock


def test_a_cell_is_worked_out_alone() -> None:
    """The same figures as in the grid, for exactly the parameters that are given."""
    found = _dolphin()
    wanted = found.at("Q5_K_M", 8192)
    assert wanted is not None
    alone = plan.cell(wanted.candidate, wanted.params, _AIR, budget.of(_AIR))
    assert dataclasses.replace(wanted, picks=()) == alone


def test_four_bit_caches_are_only_recommended_where_they_do_no_harm() -> None:
    """Never below 8B, and only on CUDA and Vulkan."""
    types = plan.Wishes(kv_types=(("q4_0", "q4_0"),))
    for model, on, may in (
        ("qwen3-14b", "desktop-rtx4090-24gb", True),
        ("qwen3-4b-instruct-2507", "desktop-rtx4090-24gb", False),
        ("qwen3-14b", "mac-studio-128gb", False),
    ):
        hardware = machines.machine(on)
        found = plan.plan(machines.model(model), hardware, budget.of(hardware), wishes=types)
        assert may == bool(found.picks), (model, on)


def test_every_model_of_the_catalogue_can_be_planned() -> None:
    """On a small, a usual and a large machine; picks have room and a reason."""
    for name in ("netbook-4gb", "macbook-air-m2-16gb", "desktop-two-gpus"):
        hardware = machines.machine(name)
        limits = budget.of(hardware)
        for known in catalogue.catalogue():
            found_candidates = candidates.from_catalogue(known)
            if found_candidates:
                found = plan.plan(found_candidates, hardware, limits, with_grid=False)
                assert all(each.fits == "now" and each.reason for each in found.picks)
                assert found.nearest.reason


@pytest.mark.parametrize("trained", [0, 512, 2048, 3000, 32768, 40960, 1_048_576])
def test_the_ladder_ends_at_what_the_model_was_trained_for(trained: int) -> None:
    """Doublings from 2k on, then the limit."""
    steps = ladder.steps(trained)
    assert (trained or 32768) == steps[-1]
    assert sorted(set(steps)) == list(steps)


@pytest.mark.parametrize("room", [0, 255, 256, 300, 5000, 8192, 20000, 32768, 10**9])
@pytest.mark.parametrize("bend", [1, 3])
def test_the_search_finds_the_largest_that_fits(room: int, bend: int) -> None:
    """As counting up would, whether memory grows in a straight line or not."""

    def short(tokens: int) -> int:
        return int(tokens**bend - room**bend)

    counted = max((each for each in range(256, 32769, 256) if each <= room), default=0)
    assert counted == ladder.most_tokens(32768, short)
