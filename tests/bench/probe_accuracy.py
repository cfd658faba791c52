"""Hold the speed probe against real answers, on models with random weights.

    python -m tests.bench.probe_accuracy [--pairs 10] [--tokens 48] [--most-mib N] [--small]

Six models of 0.6 to 1.6 GB, of different shapes and formats, are made once and kept in the
temporary folder (7 GB). Three are small enough to be probed whole; the others are extended from
copies, and with `--most-mib 200` all are. A pair is a probe of a model's header between real
answers of the whole model, as many before it as after it, so that a machine whose own rate drifts
falls on both; the truth is the median of the answers. Where the answers before and after differ by
more than 15 %, the machine changed meanwhile, and no prediction can be judged: such a pair is told,
left out and taken again, whatever the probe said. The pairs go round the models. Told are the
median error of the probe and how often its interval holds the truth; then the same for what a probe
of the bare machine says of the models in its format. Run it on an idle machine: it takes about ten
minutes. `--small` makes tiny models instead, to see that it works.
"""

import argparse
import asyncio
import dataclasses
import itertools
import statistics
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from localchat import units
from localchat.engine import wire
from localchat.engine.client import EngineClient
from localchat.engine.prober import Prober, Target
from localchat.fit import candidates, memory, speed
from localchat.fit.candidate import Candidate
from localchat.fit.measurements import Measurement
from localchat.fit.params import EngineParams
from localchat.fit.speed import Speed
from localchat.machine import detect
from localchat.models import gguf
from tests import architectures
from tests.architectures import Size

_ANSWERS = 3
"""Real answers on each side of a probe."""
_STEADY = 1.15
_MOST_TAKEN_AGAIN = 2
"""Times as many pairs are tried as are wanted."""
_QUESTION = "Tell me about the sea, the mountains and the wind in between."
_DENSE = Size(
    layers=16, width=2048, heads=32, kv_heads=8, head_dims=64, feed_forward=8192, vocabulary=32_768
)
_MODELS: tuple[tuple[str, str, Size], ...] = (
    ("llama", "Q4_K", _DENSE),
    ("llama", "Q8_0", dataclasses.replace(_DENSE, layers=28, feed_forward=6144)),
    (
        "qwen3", "Q6_K",
        dataclasses.replace(_DENSE, layers=28, heads=16, head_dims=128, feed_forward=6144),
    ),
    (
        "gemma3", "Q4_0",
        Size(
            layers=32, width=1536, heads=8, kv_heads=4, head_dims=128, feed_forward=8960,
            vocabulary=65_536, window_tokens=512, interval=6,
        ),
    ),
    (
        "qwen3moe", "Q4_K",
        Size(
            layers=20, width=1536, heads=16, kv_heads=4, head_dims=128, feed_forward=4096,
            vocabulary=32_768, experts=32, experts_used=4, expert_feed_forward=768,
        ),
    ),
    ("llama", "Q4_K", dataclasses.replace(_DENSE, layers=40)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """What was said of a model's rate, and what it was."""

    model: str
    said: Speed
    before: tuple[float, ...]
    after: tuple[float, ...]
    """Tokens a second of each real answer."""

    @property
    def measured(self) -> float:
        """The median of the real answers."""
        return statistics.median((*self.before, *self.after))

    @property
    def swing(self) -> float:
        """How far the machine itself changed: the answers of the better side over the others."""
        sides = statistics.median(self.before), statistics.median(self.after)
        return max(sides) / min(sides)

    @property
    def error(self) -> float:
        """How far the middle of the interval is from the truth, as a share of it."""
        return self.said.middle / self.measured - 1

    @property
    def holds(self) -> bool:
        """The interval contains the truth."""
        return self.said.low <= self.measured <= self.said.high


def main() -> None:
    """Make the models, measure the pairs and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--most-mib", type=int, default=0, help="limit the copies to so much")
    parser.add_argument("--small", action="store_true", help="tiny models, to see that it works")
    parser.add_argument("--safe-mode", action="store_true", help="use_extra_bufts off")
    asked = parser.parse_args()
    files = _files(asked.small)
    params = EngineParams(
        context_tokens=1024, threads=asked.threads, extra_buffers=not asked.safe_mode
    )
    asyncio.run(_run(files, params, asked))


def _files(small: bool) -> list[Path]:
    folder = Path(tempfile.gettempdir()) / "localchat-bench"
    folder.mkdir(exist_ok=True)
    files = []
    for number, (name, quant, size) in enumerate(_MODELS):
        file = folder / f"probe-{'small-' * small}{number}-{name}-{quant}.gguf"
        if not file.exists():
            print(f"making {file.name} ...", flush=True)
            shape = architectures.CLASSES[name].tiny if small else size
            part = file.with_suffix(".part")
            architectures.write(part, name, shape, quant, "Q8_0" if small else "Q6_K")
            part.replace(file)
        files.append(file)
    return files


async def _run(files: Sequence[Path], params: EngineParams, asked: argparse.Namespace) -> None:
    home = Path(tempfile.mkdtemp())
    prober = Prober(home / "logs", home / "safe-mode.json")
    hardware = detect.detect()
    params = dataclasses.replace(params, threads=params.threads or hardware.decode_threads)
    _, general = await prober.measure(Target(), params, hardware)
    print(f"the machine: {_seconds(general)}")
    own: list[Pair] = []
    machine: list[Pair] = []
    for _ in range(_MOST_TAKEN_AGAIN * asked.pairs):
        file = files[len(own) % len(files)]
        candidate = _candidate(file)
        target = Target(candidate, file, most_bytes=asked.most_mib * units.MIB)
        async with _answering(home, file, params, asked.tokens) as answers:
            before = await answers()
            _, found = await prober.measure(target, params, hardware)
            after = await answers()
        pair = Pair(file.stem, _said(candidate, params, found), before, after)
        bare = Pair(file.stem, _said(candidate, params, general), before, after)
        is_steady = pair.swing <= _STEADY
        print(f"{_line(pair)}   the machine's probe {bare.said.basis}: "
              f"{100 * bare.error:+.1f} %{'' if is_steady else '   UNSTEADY, left out'}",
              flush=True)  # fmt: skip
        if is_steady:
            own.append(pair)
            machine.append(bare)
        if len(own) == asked.pairs:
            break
    _report("a probe of the header", own)
    _report("a probe of the machine", [each for each in machine if each.said.basis == "probed"])


def _candidate(file: Path) -> Candidate:
    header = gguf.read_header(file)
    return candidates.from_header(header, file.stat().st_size, model=file.stem, path=file)


def _said(candidate: Candidate, params: EngineParams, known: Sequence[Measurement]) -> Speed:
    hardware = detect.detect()
    footprint = memory.footprint(candidate, params, hardware)
    return speed.estimate(candidate, footprint, params, hardware, known)


@asynccontextmanager
async def _answering(
    home: Path, file: Path, params: EngineParams, tokens: int
) -> AsyncIterator[Callable[[], Awaitable[tuple[float, ...]]]]:
    engine = EngineClient(home / "logs", home / "safe-mode.json")
    seeds = itertools.count()

    async def answers() -> tuple[float, ...]:
        return tuple([await _rate(engine, tokens, next(seeds)) for _ in range(_ANSWERS)])

    try:
        await engine.load(file, params)
        await _rate(engine, tokens // 4, next(seeds))
        yield answers
    finally:
        await engine.close()


async def _rate(engine: EngineClient, tokens: int, seed: int) -> float:
    request = wire.Generate(
        0,
        (wire.Message("user", _QUESTION),),
        sampling=wire.Sampling(temperature=0.8, seed=seed),
        max_tokens=tokens,
    )
    rate = 0.0
    async for event in engine.generate(request):
        if isinstance(event, wire.Finished):
            rate = event.stats.tokens_per_second or 0.0
    return rate


def _seconds(general: Sequence[Measurement]) -> str:
    return ", ".join(
        f"{each.host.weights_bytes / 1e9:.2f} GB in {each.host.layers:.0f} layers "
        f"{1 / each.token_seconds:.1f} tokens/s"
        for each in general
    )


def _line(pair: Pair) -> str:
    ratio = pair.said.high / pair.said.low
    return (
        f"{pair.model:26} probed {pair.said.low:6.2f} to {pair.said.high:6.2f} (x {ratio:.2f})  "
        f"measured {pair.measured:6.2f} (x {pair.swing:.2f})  {100 * pair.error:+5.1f} %  "
        f"{'inside' if pair.holds else 'OUTSIDE'}"
    )


def _report(what: str, pairs: Sequence[Pair]) -> None:
    if not pairs:
        return
    median = statistics.median(abs(pair.error) for pair in pairs)
    inside = sum(pair.holds for pair in pairs)
    widest = max(pair.said.high / pair.said.low for pair in pairs)
    print(
        f"{what}: median error {100 * median:.1f} %, {inside} of {len(pairs)} intervals hold the "
        f"truth, the widest high / low is {widest:.2f}"
    )


if __name__ == "__main__":
    main()
