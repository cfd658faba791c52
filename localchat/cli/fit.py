"""`localchat fit`: what fits this machine, or another one."""

import argparse
import dataclasses
import functools
import json
import sys
from collections.abc import Sequence
from typing import Any

from localchat import errors
from localchat.cli import choice, computer, console, fit_text, ranking_text
from localchat.cli.choice import Choice
from localchat.cli.computer import Computer
from localchat.cli.dry_sizing import DrySizer
from localchat.cli.tables import Pen
from localchat.fit import budget, memory, plan, ranking, speed
from localchat.fit.budget import Budget
from localchat.fit.option import ModelPlan, Option
from localchat.fit.plan import Sizer, Wishes
from localchat.fit.ranking import Ranked
from localchat.machine.hardware import Hardware


def run(given: argparse.Namespace) -> int:
    """Print what fits, for people or as one JSON object.

    Raises UsageError for a machine's file that cannot be, ModelNotFound or BadModel for a model.
    """
    # A model that is misspelt is told before the machine is looked at.
    choices = [choice.find(text, offline=given.offline) for text in given.words]
    where = computer.find(given.machine)
    limits = budget.of(where.hardware, given.level, given.budget)
    wishes, pen = _wishes(given), Pen(sys.stdout)
    if choices:
        plans, where = _plans(choices, where, limits, wishes)
        options = [option for each in plans for option in each.options]
        lines = [
            line for each in plans for line in fit_text.model(each, pen, bool(wishes.contexts))
        ]
    else:
        ranked = _rank(where, limits, wishes)
        options = [option for each in ranked for option in each.plan.picks or (each.option,)]
        lines = ranking_text.lines(ranked, pen)
    notes = [line for each in choices for note in each.notes for line in pen.paragraph(note)]
    text = "\n".join([*fit_text.machine(where, limits, pen), *notes, *lines]) + "\n"
    if given.json:
        found = as_json(where.hardware, limits, options)
        text = json.dumps(found, indent=2) + "\n"
    console.write(sys.stdout, text)
    return int(errors.ExitCode.OK)


def as_json(hardware: Hardware, limits: Budget, options: Sequence[Option]) -> dict[str, Any]:
    """Describe what fits as plain data."""
    machine = dataclasses.asdict(hardware) | {"summary": hardware.summary}
    return {
        "machine": machine,
        "budget_bytes": limits.total_now_bytes,
        "options": [_option(each) for each in options],
    }


def _option(option: Option) -> dict[str, Any]:
    sizes = option.footprint
    return {
        "model": option.candidate.model,
        "quant": option.label,
        "context_tokens": option.context_tokens,
        "kv_type": option.kv_type,
        "gpu_layers": option.gpu_layers,
        "memory": {
            "weights_bytes": sizes.weights_bytes,
            "kv_bytes": sizes.kv_bytes,
            "compute_bytes": sizes.compute_bytes,
            "total_bytes": sizes.total_bytes,
            "runtime_bytes": sizes.runtime_bytes,
            "by_device": dict(sizes.by_device),
            "basis": sizes.basis,
        },
        "quality_loss_percent": round(option.quality.loss_percent, 2),
        "speed": {
            "tokens_per_second_low": round(option.speed.low, 1),
            "tokens_per_second_high": round(option.speed.high, 1),
            "basis": option.speed.basis,
        },
        "fits": option.fits,
        "max_context_tokens": option.max_context_tokens,
        "picks": list(option.picks),
        "reason": option.reason,
    }


def _wishes(given: argparse.Namespace) -> Wishes:
    contexts = (given.ctx_size,) if given.ctx_size else ()
    if not given.cache_type_k and not given.cache_type_v:
        return Wishes(contexts=contexts, gpu_layers=given.gpu_layers)
    types = (given.cache_type_k or "f16", given.cache_type_v or "f16")
    return Wishes(contexts=contexts, kv_types=(types,), gpu_layers=given.gpu_layers)


def _plans(
    choices: Sequence[Choice], where: Computer, limits: Budget, wishes: Wishes
) -> tuple[list[ModelPlan], Computer]:
    """Plan the models that were named, files of this disk by llama.cpp's dry run."""
    for each in choices:
        if not each.candidates:
            name = each.known.title if each.known else "this model"
            raise errors.ModelNotFound(
                f"The catalogue does not know the sizes of {name}'s files.",
                f"Ask the Hub for them: localchat fit {each.known.repo if each.known else name}",
            )
    if not where.is_this_one or all(each.path is None for each in choices):
        return [_plan(each, where, limits, wishes) for each in choices], where
    with DrySizer() as sizer:
        plans = [_plan(each, where, limits, wishes, sizer=sizer) for each in choices]
        return plans, dataclasses.replace(where, note=where.note or sizer.problem)


def _plan(
    chosen: Choice,
    where: Computer,
    limits: Budget,
    wishes: Wishes,
    *,
    sizer: Sizer = memory.footprint,
    with_grid: bool = True,
) -> ModelPlan:
    return plan.plan(
        chosen.candidates,
        where.hardware,
        limits,
        sizer,
        pacer=functools.partial(speed.estimate, measurements=where.measured),
        wishes=wishes,
        lock_limit_bytes=where.lock_limit_bytes,
        with_grid=with_grid,
    )


def _rank(where: Computer, limits: Budget, wishes: Wishes) -> tuple[Ranked, ...]:
    able = (each for each in choice.everything() if each.candidates)
    return ranking.rank([_plan(each, where, limits, wishes, with_grid=False) for each in able])
