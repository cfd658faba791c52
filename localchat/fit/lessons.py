"""What measurements teach about a device: its two terms, fitted; or one file's own times.

Pure arithmetic on `Measurement` and `Pace`.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from localchat import units
from localchat.fit.measurements import Measurement, Setting
from localchat.fit.pace import Pace
from localchat.fit.work import Work

_DISTINCT = 2.0
"""Bytes a layer must differ by this factor before two measurements tell both terms apart."""
_PULL = 0.005
"""How strongly a fit holds on to the table's ratio of both terms."""
_NEWEST = 8
_LEAST_BYTES = 32 * units.MIB
"""Of weights read for a token. With fewer, the engine's own work is most of the time."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A pace, corrected by what was measured."""

    pace: Pace
    is_fitted: bool
    """Both terms were measured; otherwise the table's pace is scaled, or as it was."""


def of_processor(
    pace: Pace,
    measurements: Sequence[Measurement],
    setting: Setting,
    by_format: Callable[[str], Pace],
) -> Lesson:
    """Correct the processor's pace by answers that it gave alone, with as many threads.

    Those of another number format tell less: how far the table is off for that one, which
    `by_format` knows.
    """
    pace = _with_kv_rate(pace, measurements, setting, gpu=False)
    alike = [
        each
        for each in measurements
        if each.gpu.is_nothing
        and each.setting.threads == setting.threads
        and each.setting.extra_buffers == setting.extra_buffers
    ]
    rows: dict[str, list[tuple[str, Work, float]]] = {}
    for each in alike:
        if each.host.weights_bytes < _LEAST_BYTES:
            continue
        timed = (each.file, each.host, each.token_seconds)
        rows.setdefault(each.setting.format, []).append(timed)
    if setting.format in rows:
        return _lesson(pace, rows[setting.format])
    if not rows:
        return Lesson(pace, is_fitted=False)
    other = max(rows, key=lambda form: len(rows[form]))
    expected = by_format(other)
    found = _lesson(expected, rows[other]).pace
    corrected = replace(
        pace,
        bytes_per_second=pace.bytes_per_second * found.bytes_per_second / expected.bytes_per_second,
        layer_seconds=pace.layer_seconds * found.layer_seconds / expected.layer_seconds,
    )
    return Lesson(corrected, is_fitted=False)


def of_gpu(pace: Pace, measurements: Sequence[Measurement], setting: Setting) -> Lesson:
    """Correct the GPUs' pace by answers that they gave alone, in any number format."""
    pace = _with_kv_rate(pace, measurements, setting, gpu=True)
    rows = [
        (each.file, each.gpu, each.token_seconds)
        for each in measurements
        if each.host.is_nothing and not each.gpu.is_nothing
    ]
    return _lesson(pace, rows)


def of_file(
    measurements: Sequence[Measurement], file: str, setting: Setting, host: Work, gpu: Work
) -> tuple[Measurement, ...]:
    """Choose the newest measurements of this very file, loaded the same way."""
    own = [
        each
        for each in measurements
        if each.file == file
        and each.setting == setting
        and _is_near(each.host, host)
        and _is_near(each.gpu, gpu)
    ]
    return tuple(own[-_NEWEST:])


def _is_near(one: Work, other: Work) -> bool:
    # Whether the same layers were on the same device; what the context held is another matter.
    return abs(one.weights_bytes - other.weights_bytes) <= 0.02 * max(one.weights_bytes, 1e6)


def _lesson(pace: Pace, timed: Sequence[tuple[str, Work, float]]) -> Lesson:
    """Fit one row for each model, so that the one used every day does not outvote the others."""
    models: dict[str, list[tuple[float, Work, float]]] = {}
    for file, work, seconds in timed:
        decoding = seconds - work.kv_bytes / pace.kv_bytes_per_second
        if decoding > 0 and work.weights_bytes >= _LEAST_BYTES:
            ratio = decoding / pace.seconds(work, 0.0)
            models.setdefault(file, []).append((ratio, work, decoding))
    middles = [_undisturbed(rows[-_NEWEST:]) for rows in models.values()]
    scaled = _scaled(pace, [ratio for ratio, _, _ in middles])
    densities = [work.weights_bytes / work.layers for _, work, _ in middles if work.layers]
    if not densities or max(densities) < _DISTINCT * min(densities):
        return Lesson(scaled, is_fitted=False)
    return Lesson(_fitted(scaled, [row[1:] for row in middles]), is_fitted=True)


def _undisturbed(rows: Sequence[tuple[float, Work, float]]) -> tuple[float, Work, float]:
    # Other programs only ever slow an answer down: the faster quarter tells of the machine.
    return sorted(rows, key=lambda row: row[0])[len(rows) // 4]


def _scaled(pace: Pace, ratios: Sequence[float]) -> Pace:
    if not ratios:
        return pace
    slower = statistics.median(ratios)
    return replace(
        pace,
        bytes_per_second=pace.bytes_per_second / slower,
        layer_seconds=pace.layer_seconds * slower,
    )


def _with_kv_rate(
    pace: Pace, measurements: Sequence[Measurement], setting: Setting, *, gpu: bool
) -> Pace:
    rates = [
        1 / each.kv_seconds_per_byte
        for each in measurements
        if each.kv_seconds_per_byte
        and (each.host if gpu else each.gpu).is_nothing
        and each.setting.kv_type == setting.kv_type
        and (gpu or each.setting.threads == setting.threads)
    ]
    return replace(pace, kv_bytes_per_second=rates[-1]) if rates else pace


def _fitted(pace: Pace, rows: Sequence[tuple[Work, float]]) -> Pace:
    """Fit both terms to the times, each error counted as a share of its time.

    Minimizes sum((u x + v y - 1)^2) / n + pull ((u - 1)^2 + (v - 1)^2), where x and y are the
    shares that bytes and layers have in a time according to `pace`.
    """
    xx = yy = _PULL
    xy = 0.0
    x1 = y1 = _PULL
    for work, seconds in rows:
        x = work.weights_bytes / pace.bytes_per_second / seconds
        y = work.layers * pace.layer_seconds / seconds
        xx += x * x / len(rows)
        yy += y * y / len(rows)
        xy += x * y / len(rows)
        x1 += x / len(rows)
        y1 += y / len(rows)
    determinant = xx * yy - xy * xy
    u = (x1 * yy - y1 * xy) / determinant
    v = (y1 * xx - x1 * xy) / determinant
    if u <= 0 or v < 0:
        return pace
    return replace(
        pace, bytes_per_second=pace.bytes_per_second / u, layer_seconds=pace.layer_seconds * v
    )
