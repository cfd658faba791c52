"""What a quantization loses on one model: measured figures, carried over to the model's size.

Figures come from `assets/quants.toml`, which names their sources. Knows nothing of KV caches, nor
of which loss is too much.
"""

import functools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from localchat.fit.candidate import Candidate
from localchat.models import quants
from localchat.models.quants import Loss, Quant

_REFERENCE_PARAMETERS: Final = 8e9
_REFERENCE_PERPLEXITY: Final = 6.233
"""Llama 3 8B in F16, which the losses are measured on."""
_DEFAULT_EXPONENT: Final = 0.44
_LEAST_PARAMETERS: Final = 1e8
"""The power laws were fitted from 0.8 billion on; far below they would say anything."""
_AS_TRAINED: Final = "Q5_K_S"
"""A 4-bit file of a model trained for it is better than this one: perplexity 9.26 against 9.85 on
Gemma 3 12B."""
_MISTRAL_7B: Final = (7.0e9, 7.5e9)
_EXPERT_FORMAT: Final = "MXFP4"
_EXPERT_ARCHITECTURE: Final = "gpt-oss"
"""Its experts were trained in MXFP4 and stay so, whatever the file's name says."""


@dataclass(frozen=True, slots=True)
class ScaledLoss:
    """What one model loses in one quantization."""

    divergence: float
    percent: float
    """Perplexity more than F16's."""
    bits: int
    """Whole bits of the format, which floors go by."""
    source: str
    is_exempt: bool = False
    """Nothing is lost, so that no floor applies."""


def of(candidate: Candidate) -> ScaledLoss:
    """Return what this model loses in its quantization."""
    quant = candidate.quant
    if quant is None:
        return _by_bits(candidate, f'"{candidate.label or "?"}" is not known')
    bits = int(quant.block_bits_per_weight)
    if quant.is_full_precision:
        return ScaledLoss(0.0, 0.0, bits, "nothing is quantized", True)
    if _is_as_trained(candidate, quant):
        return ScaledLoss(0.0, 0.0, bits, "trained in this format", True)
    if quant.is_trained_in and quant.static is None and quant.imatrix is None:
        return _by_bits(candidate, f"no figures for {quant.name}")
    if candidate.is_quantization_aware and bits == 4:
        stand_in = quants.by_name(_AS_TRAINED)
        if stand_in is not None:
            words = f"trained for 4 bits: at least as good as {_AS_TRAINED}"
            return _measured(candidate, stand_in, words)
    return _measured(candidate, quant)


def alike(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Take it that who makes one quantization of a model with an importance matrix makes all so.

    Some formats cannot be made without one, and a mix of static and other figures would put
    quantizations in the wrong order.
    """
    quants_here = [each.quant for each in candidates if each.quant is not None]
    if not any(each.needs_imatrix or each.is_dynamic for each in quants_here):
        return tuple(candidates)
    return tuple(
        each if each.has_imatrix else replace(each, has_imatrix=True) for each in candidates
    )


def scale(effective_parameters: float, exponent: float) -> float:
    """Return by how much more than an 8B model one of this size loses.

    >>> round(scale(1e9, 0.5), 2)
    2.83
    """
    return float((_REFERENCE_PARAMETERS / max(effective_parameters, _LEAST_PARAMETERS)) ** exponent)


def _is_as_trained(candidate: Candidate, quant: Quant) -> bool:
    if candidate.architecture == _EXPERT_ARCHITECTURE:
        return True
    return quant.is_trained_in and quant.name not in (_EXPERT_FORMAT, "NVFP4")


def _measured(candidate: Candidate, quant: Quant, words: str = "") -> ScaledLoss:
    loss, how = _loss(candidate, quant)
    if loss is None:
        return _by_bits(candidate, f"no figures for {quant.name}")
    grows = scale(candidate.effective_parameters, quant.size_exponent or _DEFAULT_EXPONENT)
    percent = loss.perplexity_delta / _REFERENCE_PERPLEXITY * 100 * grows
    divergence = loss.kl_divergence * grows
    source = words or f"{how} on Llama 3 8B, carried over to {_billions(candidate)}"
    if _is_mistral_7b(candidate):
        ratio = _mistral_ratio(quant, candidate.has_imatrix)
        percent, divergence = percent * ratio, divergence * ratio
        source = words or f"{how} on Llama 3 8B and on Mistral 7B, which loses less"
    return ScaledLoss(divergence, percent, int(quant.block_bits_per_weight), source)


def _loss(candidate: Candidate, quant: Quant) -> tuple[Loss | None, str]:
    wants_imatrix = candidate.has_imatrix or quant.is_dynamic or quant.needs_imatrix
    if quant.imatrix and (wants_imatrix or quant.static is None):
        return quant.imatrix, "measured with an importance matrix"
    return quant.static, "measured"


def _by_bits(candidate: Candidate, why: str) -> ScaledLoss:
    """Judge by the bits a weight takes, as the nearest quantization with figures."""
    if not candidate.parameters:
        return ScaledLoss(0.0, 0.0, 16, f"{why}, and its size says nothing", True)
    bits = candidate.file_bytes * 8 / candidate.parameters
    if bits > 12:
        return ScaledLoss(0.0, 0.0, int(bits), f"{why}; {bits:.1f} bits a weight", True)
    near = min(_with_figures(), key=lambda quant: abs((quant.bits_per_weight or 0) - bits))
    return _measured(candidate, near, f"{why}; {bits:.1f} bits a weight, as {near.name}")


@functools.cache
def _with_figures() -> tuple[Quant, ...]:
    return tuple(
        quant
        for quant in quants.quants()
        if quant.bits_per_weight and not quant.like and (quant.static or quant.imatrix)
    )


def _is_mistral_7b(candidate: Candidate) -> bool:
    named = "mistral" in f"{candidate.model} {candidate.title}".lower()
    least, most = _MISTRAL_7B
    return named and candidate.architecture == "llama" and least < candidate.parameters < most


def _mistral_ratio(quant: Quant, has_imatrix: bool) -> float:
    """Return Mistral 7B's own loss, where measured, over that of Llama 3 8B; else the usual one."""
    return _mistral_ratios(has_imatrix).get(quant.name) or _usual_mistral_ratio()


@functools.cache
def _usual_mistral_ratio() -> float:
    return statistics.median(_mistral_ratios(False).values())


@functools.cache
def _mistral_ratios(has_imatrix: bool) -> dict[str, float]:
    found = {}
    for quant in quants.quants():
        loss = quant.imatrix if has_imatrix else quant.static
        percent = quant.mistral_7b_imatrix_percent if has_imatrix else quant.mistral_7b_percent
        if loss and percent and not quant.like:
            grows = scale(sum(_MISTRAL_7B) / 2, quant.size_exponent or _DEFAULT_EXPONENT)
            reference = loss.perplexity_delta / _REFERENCE_PERPLEXITY * 100 * grows
            found[quant.name] = percent / reference
    return found


def _billions(candidate: Candidate) -> str:
    size = candidate.effective_parameters
    return f"{size / 1e9:.1f}B" if size >= 1e8 else f"{size / 1e6:.1f}M"
