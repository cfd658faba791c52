"""Measures how fast this machine decodes, before a model's weights are here.

Loads two truncated copies of a header, with a few and with a few more layers, lets them decode in
turns, and extends the line through both to the whole model (DESIGN D10). Without a header, models
of our own stand for every model of a number format. Runs in a worker that does nothing else.
"""

import dataclasses
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from localchat import errors
from localchat.engine import ggmlquants, outline, trial, truncation, wire
from localchat.engine.abort import AbortFlag
from localchat.engine.llama import LlamaModel
from localchat.engine.loadfailure import LoadError
from localchat.engine.nativelog import NativeLog
from localchat.engine.outline import Outline
from localchat.engine.trial import Trial
from localchat.machine import detect
from localchat.models import quants

MOST_BYTES: Final = 3 * 2**28
"""The layers of the larger copy take at most so much, or a quarter of what is available."""
MOST_EXPERTS_BYTES: Final = 5 * 2**29
"""The same with experts: most of them are loaded and seldom read, and what is read must not drown
in the output head."""

_LITTLE_MORE = 1.25
"""What the limit may be passed by for a whole model, which needs no extending."""
_CONTEXT_TOKENS = 512
_Q8_0 = 8
_DEPTH_TOKENS = 2048
_DEPTH_SECONDS = 1.5
_DEPTH_LAYERS = 2
_PROBED_AS: Final = ((2048, 8192, 3, 9, 32), (512, 2048, 8, 24, 24))
"""Models of our own: width, feed-forward, few layers, more layers, and the layers of the whole."""
_MOST_DISTURBED = 1.15
"""Times that are longer on average than this tell of another program, not of the machine."""


@dataclasses.dataclass(frozen=True, slots=True)
class Depths:
    """How many layers the two copies have, and how far the line through them is extended."""

    few: int
    more: int
    reach: float
    """Times the difference between both, from the larger copy on."""


def depths(model: Outline, limit_bytes: int) -> Depths:
    """Choose two copies with whole periods of layers, the larger within `limit_bytes` if it can be.

    A model that is small enough is the larger copy itself.
    """
    layers = model.layers
    lead, period = model.leading_layers, model.period
    most = max(1, (layers - lead) // period)
    fitting = [n for n in range(2, most + 1) if model.held_bytes(lead + n * period) <= limit_bytes]
    periods = max(fitting, default=min(2, most))
    more = lead + periods * period
    if periods == most and model.held_bytes(layers) <= _LITTLE_MORE * limit_bytes:
        more = layers
    few = lead + max(1, periods // 3) * period
    if few >= more:
        return Depths(more, more, 0.0)
    rest, between = model.layer_bytes(more, layers), model.layer_bytes(few, more)
    return Depths(few, more, rest / between if between else 0.0)


def run(
    command: wire.Probe,
    log: NativeLog,
    abort: AbortFlag,
    on_progress: Callable[[float], None],
) -> Mapping[str, Any]:
    """Measure, and return the value of the command's Result.

    Raises LoadError, EvaluationAborted or EvaluationFailed.
    """
    try:
        return _run(command, log, abort, on_progress)
    except errors.LocalchatError as error:
        raise LoadError("bad_model", error.message, error.hint) from error
    except OSError as error:
        words = f"The file to measure with could not be written: {error.strerror}."
        raise LoadError("load_failed", words, "Free some space on the disk.") from error


def _run(
    command: wire.Probe,
    log: NativeLog,
    abort: AbortFlag,
    on_progress: Callable[[float], None],
) -> Mapping[str, Any]:
    params = _params(command.params)
    bench = _Bench(params, log, abort)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="localchat-probe-") as folder:
        bench.folder = Path(folder)
        for number, (model, chosen) in enumerate(models := list(_models(command))):
            on_progress(number / (len(models) + 1))
            rows.append(bench.row(model, chosen, command.seconds / len(models)))
        on_progress(len(models) / (len(models) + 1))
        kv_seconds = bench.kv_seconds_per_byte(models[0][0])
    return {"rows": rows, "kv_seconds_per_byte": kv_seconds, "threads": params.threads}


def _models(command: wire.Probe) -> Iterator[tuple[Outline, Depths]]:
    if command.path:
        model = outline.outline(Path(command.path))
        most = MOST_BYTES if model.experts_share == 1.0 else MOST_EXPERTS_BYTES
        limit = command.most_bytes or min(most, detect.processor().available_ram_bytes // 4)
        yield model, depths(model, limit)
        return
    kind = {form.name: number for number, form in quants.TENSOR_TYPES.items()}[command.format]
    for width, feed_forward, few, more, layers in _PROBED_AS:
        model = outline.plain(
            width=width, feed_forward=feed_forward, heads=width // 128, kv_heads=4,
            head_dims=128, kind=kind,
        )  # fmt: skip
        model = dataclasses.replace(model, layers=layers)
        yield model, Depths(few, more, (layers - more) / (more - few))


def _params(params: wire.EngineParams) -> wire.EngineParams:
    hardware = detect.processor()
    threads = min(params.threads or hardware.decode_threads, hardware.usable_threads)
    return dataclasses.replace(
        params,
        context_tokens=_CONTEXT_TOKENS,
        threads=max(1, threads),
        gpu_layers=-1 if params.gpu_layers else 0,
        mmap=False,
        mlock=False,
        chat_template=None,
    )


class _Bench:
    """Loads truncated models and times them."""

    def __init__(self, params: wire.EngineParams, log: NativeLog, abort: AbortFlag) -> None:
        self._params = params
        self._log = log
        self._abort = abort
        self.folder = Path()

    def row(self, model: Outline, chosen: Depths, seconds: float) -> dict[str, Any]:
        """Time a model and say what the whole of it would take."""
        layers = sorted({chosen.few, chosen.more})
        with self._loaded(model, layers[0]) as few:
            if len(layers) == 1:
                times = trial.in_turns((few,), seconds)
                return extended(model, chosen, times[0], times[0], few.prompt(), few.prompt())
            with self._loaded(model, layers[1]) as more:
                times = trial.in_turns((few, more), seconds)
                return extended(model, chosen, times[0], times[1], few.prompt(), more.prompt())

    def kv_seconds_per_byte(self, model: Outline) -> float | None:
        """Time attention over a long context, in a model that is little else.

        None where the cache cannot be read apart from noise.
        """
        attention = model.attention
        thin = outline.plain(
            width=256,
            feed_forward=256,
            heads=attention.heads,
            kv_heads=attention.kv_heads,
            head_dims=attention.dims,
            kind=_Q8_0,
        )
        deep = dataclasses.replace(self._params, context_tokens=_DEPTH_TOKENS + 256)
        with self._loaded(thin, _DEPTH_LAYERS, deep) as loaded:
            shallow = min(loaded.decode(trial.ROUND_TOKENS) for _ in range(4))
            depth = loaded.fill(_DEPTH_TOKENS, _DEPTH_SECONDS)
            filled = min(loaded.decode(trial.ROUND_TOKENS, clear=False) for _ in range(4))
        values = _DEPTH_LAYERS * attention.kv_heads * attention.dims
        per_token = sum(values * _bytes(kind) for kind in (deep.kv_type_k, deep.kv_type_v))
        # The engine attends to whole blocks of 256 cells, so the shallow one has one block too.
        more_bytes = per_token * (-(-depth // 256) * 256 - 256)
        return (filled - shallow) / more_bytes if more_bytes and filled > shallow else None

    @contextmanager
    def _loaded(
        self, model: Outline, layers: int, params: wire.EngineParams | None = None
    ) -> Iterator["Trial"]:
        path = self.folder / f"{layers}-{model.vocabulary}.gguf"
        truncation.write(path, model, layers, ggmlquants.quantize)
        loaded = LlamaModel(
            path,
            params or self._params,
            self._log,
            self._abort,
            lambda _: not self._abort.is_set,
        )
        with closing(loaded), closing(Trial(loaded)) as ready:
            path.unlink(missing_ok=True)
            yield ready


def extended(
    model: Outline,
    chosen: Depths,
    few: list[float],
    more: list[float],
    few_prompt: float,
    more_prompt: float,
) -> dict[str, Any]:
    """Extend the line through two copies to the whole model.

    What disturbs only ever adds time, so each copy counts with the end of its quickest third. An
    answer lasts long enough to meet what disturbs: the whole takes longer by as much as the larger
    copy did on average, but for its slowest fifth.
    """
    a, b = (sorted(times)[len(times) // 3] for times in (few, more))
    scatter = max(_scatter(few) * a, _scatter(more) * b) / len(more) ** 0.5
    usual = statistics.fmean(sorted(more)[: max(1, len(more) * 4 // 5)])
    met = min(_MOST_DISTURBED, max(1.0, usual / b))
    whole = (b + max(0.0, b - a) * chosen.reach) * met
    prompt = more_prompt + max(0.0, more_prompt - few_prompt) * chosen.reach
    return {
        "layers": model.layers,
        "weights_bytes": model.layer_bytes(0, model.layers) + _head_bytes(model),
        "token_seconds": whole,
        "spread": scatter * (1 + 2 * chosen.reach) / whole,
        "prefill_tokens_per_second": 1 / prompt,
    }


def _scatter(times: list[float]) -> float:
    if len(times) < 2:
        return 0.0
    low, middle, high = statistics.quantiles(times, n=4)
    return (high - low) / 2 / middle


def _head_bytes(model: Outline) -> int:
    sizes = {tensor.name: tensor.size_bytes for tensor in model.tensors}
    return sizes.get("output.weight", sizes.get("token_embd.weight", 0))


def _bytes(kv_type: str) -> float:
    form = next(each for each in quants.TENSOR_TYPES.values() if each.name == kv_type.upper())
    return form.block_bytes / form.block_elements
