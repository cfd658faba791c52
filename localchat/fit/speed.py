"""How fast a model will answer: a two-term model of one token, as an interval with its basis.

    t = bytes / rate + layers x layer_seconds (+ KV bytes / kv_rate, as the context fills)

The terms come from a table of chips ("estimate"), from a probe of this machine ("probed"), or from
this very file's own chats ("measured here"). Bytes that one rate explains for one size of model
alone are known to mislead for another, hence the second term (DESIGN D10).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from localchat.fit import pace, work
from localchat.fit.candidate import Candidate
from localchat.fit.footprint import Footprint
from localchat.fit.measurements import Measurement
from localchat.fit.params import EngineParams
from localchat.machine.hardware import Hardware

Basis = Literal["estimate", "probed", "measured here"]

_ESTIMATE_SPREAD = math.sqrt(1.48)
"""Each end of an estimate is so far from its middle: high / low stays under 1.5."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Rates in tokens a second, each as an interval."""

    low: float
    high: float
    """Decoding, with nothing in the context yet."""
    full_low: float
    full_high: float
    """Decoding, when the context is full."""
    prefill_low: float | None
    prefill_high: float | None
    """Reading a prompt; None when nothing is known."""
    basis: Basis

    @property
    def middle(self) -> float:
        """The decode rate to reckon with: the geometric middle."""
        return math.sqrt(self.low * self.high)


def estimate(
    candidate: Candidate,
    footprint: Footprint,
    params: EngineParams,
    hardware: Hardware,
    measurements: Sequence[Measurement] = (),
) -> Speed:
    """Predict how fast a model decodes and reads prompts on a machine.

    `measurements` are those of this machine and engine build; leave them out for another machine.
    """
    del measurements
    parts = work.split(candidate, footprint, params)
    host = pace.host(hardware, candidate, params)
    gpu = pace.gpus(hardware, parts.gpu_shares)
    empty = host.seconds(parts.host, 0.0) + (gpu.seconds(parts.gpu, 0.0) if gpu else 0.0)
    full = host.seconds(parts.host, 1.0) + (gpu.seconds(parts.gpu, 1.0) if gpu else 0.0)
    prompt = _prompt_rates(candidate, parts, gpu or host)
    return Speed(
        low=1 / empty / _ESTIMATE_SPREAD,
        high=1 / empty * _ESTIMATE_SPREAD,
        full_low=1 / full / _ESTIMATE_SPREAD,
        full_high=1 / full * _ESTIMATE_SPREAD,
        prefill_low=prompt[0] if prompt else None,
        prefill_high=prompt[1] if prompt else None,
        basis="estimate",
    )


def _prompt_rates(
    candidate: Candidate, parts: work.Split, device: pace.Pace
) -> tuple[float, float] | None:
    """Bound the rate of prompts by arithmetic: two operations for each weight at work on a token.

    Only where one device does it all: what a prompt costs that passes through two is not known.
    """
    if device.prompt_flops is None or not (parts.host.is_nothing or parts.gpu.is_nothing):
        return None
    at_work = parts.host.weights_bytes + parts.gpu.weights_bytes
    weights = candidate.parameters * min(1.0, at_work / max(1, candidate.weights.total_bytes))
    least, most = device.prompt_flops
    return least / (2 * weights), most / (2 * weights)
