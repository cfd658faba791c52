"""How fast a model will answer: a two-term model of one token, as an interval with its basis.

    t = bytes / rate + layers x layer_seconds + KV bytes / kv_rate

and, as long as nothing was measured, what the engine itself does about a token.

The terms come from a table of chips ("estimate"), from measurements of other models on this
machine or a probe of this one ("probed"), or the time is this very file's own ("measured here").
One rate alone would explain one size of model and mislead about the others (DESIGN D10).
"""

import functools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from localchat.fit import lessons, measurements, pace, work
from localchat.fit.candidate import Candidate
from localchat.fit.footprint import Footprint
from localchat.fit.measurements import Measurement, Setting
from localchat.fit.params import EngineParams
from localchat.machine.hardware import Hardware

Basis = Literal["estimate", "probed", "measured here"]

ESTIMATE_SPREAD: Final = 1.216
"""Each end of an interval is its middle times or by this: high / low stays under 1.5."""
PROBED_SPREAD: Final = 1.135
"""The same for what is probed, and the most for what is measured: high / low stays under 1.3."""
_LEAST_SPREAD = 1.05
_PROBE_SPREAD = 1.13
"""The least of a probe of this very model: three times the error that such probes have on an idle
machine, since an answer is given on a machine that is less idle."""
_PROMPT_SPREAD = 1.5


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


@dataclass(frozen=True, slots=True)
class _Devices:
    """A token's work and the paces of those who do it."""

    work: work.Split
    host: pace.Pace
    gpu: pace.Pace
    engine_seconds: float = 0.0
    """Of a token, whatever the model."""

    def seconds(self, filled: float) -> float:
        """Return the time of one token, with this share of the context in use."""
        host = self.host.seconds(self.work.host, filled)
        return host + self.gpu.seconds(self.work.gpu, filled) + self.engine_seconds

    @property
    def kv_seconds(self) -> float:
        """What a full context adds."""
        return self.seconds(1.0) - self.seconds(0.0)

    @property
    def most_busy(self) -> pace.Pace:
        """The device that does more of the work."""
        on_host = self.host.seconds(self.work.host, 0.0) > self.gpu.seconds(self.work.gpu, 0.0)
        return self.host if on_host else self.gpu


def setting(candidate: Candidate, params: EngineParams, hardware: Hardware) -> Setting:
    """Say what of a model and its parameters a measurement must share to tell about it."""
    threads = max(1, min(params.threads or hardware.decode_threads, hardware.usable_threads))
    return Setting(
        format=pace.format_of(candidate),
        threads=threads,
        extra_buffers=params.extra_buffers,
        kv_type=f"{params.kv_type_k}/{params.kv_type_v}",
    )


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
    parts = work.split(candidate, footprint, params)
    wanted = setting(candidate, params, hardware)
    by_format = functools.partial(pace.host, hardware, candidate, params)
    host = by_format()
    gpu = pace.gpus(hardware, parts.gpu_shares) or host
    learned = [
        lessons.of_processor(host, measurements, wanted, by_format),
        lessons.of_gpu(gpu, measurements, wanted),
    ]
    # Measurements have it in them; with a GPU it was not measured yet.
    is_guess = learned[0].pace.bytes_per_second == host.bytes_per_second
    around = pace.engine_seconds(hardware) if is_guess and parts.gpu.is_nothing else 0.0
    devices = _Devices(parts, learned[0].pace, learned[1].pace, around)
    own = _own(candidate, measurements, wanted, parts)
    if own:
        return _measured(own, devices)
    at_work = [
        lesson
        for lesson, share in zip(learned, (parts.host, parts.gpu), strict=True)
        if not share.is_nothing
    ]
    if at_work and all(lesson.is_fitted for lesson in at_work):
        return _speed(candidate, devices, "probed", PROBED_SPREAD)
    return _speed(candidate, devices, "estimate", ESTIMATE_SPREAD)


def _own(
    candidate: Candidate,
    measured: Sequence[Measurement],
    wanted: Setting,
    parts: work.Split,
) -> tuple[Measurement, ...]:
    if candidate.path is None:
        return ()
    file = measurements.identity(candidate.path, candidate.file_bytes)
    return lessons.of_file(measured, file, wanted, parts.host, parts.gpu)


def _speed(candidate: Candidate, devices: _Devices, basis: Basis, spread: float) -> Speed:
    empty, full = 1 / devices.seconds(0.0), 1 / devices.seconds(1.0)
    prompt = _prompt_rates(candidate, devices)
    return Speed(
        low=empty / spread,
        high=empty * spread,
        full_low=full / spread,
        full_high=full * spread,
        prefill_low=prompt[0] if prompt else None,
        prefill_high=prompt[1] if prompt else None,
        basis=basis,
    )


def _measured(own: Sequence[Measurement], devices: _Devices) -> Speed:
    """Take this file's own times; real answers count where there are any, else its probes."""
    answers = [each for each in own if each.kind != "probe"]
    chosen = answers or list(own)
    times = [max(each.token_seconds - _kv_seconds(each, devices), 1e-9) for each in chosen]
    seconds = statistics.median(times)
    scatter = max((abs(each - seconds) for each in times), default=0.0) / seconds
    spread = 1 + 1.5 * max(scatter, statistics.median(each.spread for each in chosen))
    least = _LEAST_SPREAD if answers else _PROBE_SPREAD
    spread = min(PROBED_SPREAD, max(least, spread))
    empty, full = 1 / seconds, 1 / (seconds + devices.kv_seconds)
    prompts = [each.prefill_tokens_per_second for each in own if each.prefill_tokens_per_second]
    prompt = statistics.median(prompts) if prompts else None
    return Speed(
        low=empty / spread,
        high=empty * spread,
        full_low=full / PROBED_SPREAD,
        full_high=full * PROBED_SPREAD,
        prefill_low=prompt / _PROMPT_SPREAD if prompt else None,
        prefill_high=prompt * _PROMPT_SPREAD if prompt else None,
        basis="measured here" if answers else "probed",
    )


def _kv_seconds(each: Measurement, devices: _Devices) -> float:
    return (
        each.host.kv_bytes / devices.host.kv_bytes_per_second
        + each.gpu.kv_bytes / devices.gpu.kv_bytes_per_second
    )


def _prompt_rates(candidate: Candidate, devices: _Devices) -> tuple[float, float] | None:
    """Bound the rate of prompts by arithmetic: two operations for each weight at work on a token.

    Only where one device does it all: what a prompt costs that passes through two is not known.
    """
    parts, device = devices.work, devices.most_busy
    if device.prompt_flops is None or not (parts.host.is_nothing or parts.gpu.is_nothing):
        return None
    at_work = parts.host.weights_bytes + parts.gpu.weights_bytes
    weights = candidate.parameters * min(1.0, at_work / max(1, candidate.weights.total_bytes))
    least, most = device.prompt_flops
    return least / (2 * weights), most / (2 * weights)
