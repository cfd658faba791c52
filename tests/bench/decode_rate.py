"""Compare decode rates on one model: localchat's engine, llama_cpp.Llama, and a bare C loop.

    python -m tests.bench.decode_rate [--rounds 5] [--tokens 512] [--threads 2] [--model FILE]

Without --model, a 0.5B model with random weights is made once (24 layers, width 896, 151,936
tokens, Q4_K_M) and kept in the temporary folder. Each round runs every side once, each in a fresh
process, so that a disturbance of the machine falls on all; medians and ratios are printed. Same
threads, samplers, context and use_extra_bufts on all sides. Run it on an idle machine.

  ours   EngineClient and the worker process, as the program uses them, streaming a chat
  llama  llama_cpp.Llama.create_chat_completion(stream=True)
  bare   llama_decode in a loop, reading the logits but choosing no token

A rate is (tokens - 1) / (time of the last token - time of the first).
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from localchat.engine import wire
from localchat.engine.client import EngineClient

_SIDES = ("ours", "llama", "bare")
_CONTEXT_TOKENS = 2048
_QUESTION = "Tell me about the sea, the mountains and the wind in between."
_SAMPLING = {"temperature": 0.8, "top_k": 40, "top_p": 0.95, "min_p": 0.05, "seed": 11}
_Q4_K_M = 15


def main() -> None:
    """Run one side, or all of them in turn."""
    arguments = _arguments()
    if arguments.side:
        measure = {"ours": _ours, "llama": _llama, "bare": _bare}[arguments.side]
        print(json.dumps({"rate": measure(arguments)}))
        return
    model = arguments.model or _made_model()
    rates: dict[str, list[float]] = {side: [] for side in _SIDES}
    for number in range(arguments.rounds):
        # The order turns with the rounds, so that no side always runs on a warm processor.
        for side in _SIDES[number % 3 :] + _SIDES[: number % 3]:
            rates[side].append(_run_side(side, model, arguments))
        shown = "  ".join(f"{side} {rates[side][-1]:6.2f}" for side in _SIDES)
        print(f"round {number + 1}: {shown} tokens/s", flush=True)
    _report(rates)


def _report(rates: dict[str, list[float]]) -> None:
    medians = {side: statistics.median(values) for side, values in rates.items()}
    for side, median in medians.items():
        print(f"{side:6} median {median:6.2f} tokens/s")
    for other in ("llama", "bare"):
        pairs = [a / b for a, b in zip(rates["ours"], rates[other], strict=True)]
        print(
            f"ours / {other}: {medians['ours'] / medians[other]:.3f} of medians, "
            f"{statistics.median(pairs):.3f} median of pairs"
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--safe-mode", action="store_true", help="use_extra_bufts off on all sides")
    parser.add_argument("--side", choices=_SIDES, help=argparse.SUPPRESS)
    return parser.parse_args()


def _made_model() -> Path:
    folder = Path(tempfile.gettempdir()) / "localchat-bench"
    folder.mkdir(exist_ok=True)
    model = folder / "0.5b-q4_k_m.gguf"
    if not model.exists():
        print("making the model ...", flush=True)
        code = (
            "from pathlib import Path; from tests import ggufs; import os; "
            f"source = ggufs.write(Path({str(folder)!r}) / 'f16.gguf', size=ggufs.QWEN_LIKE); "
            f"part = ggufs.quantize(source, Path({str(folder)!r}) / 'part.gguf', {_Q4_K_M}); "
            f"source.unlink(); os.replace(part, {str(model)!r})"
        )
        subprocess.run([sys.executable, "-c", code], check=True, stderr=subprocess.DEVNULL)
    return model


def _run_side(side: str, model: Path, arguments: argparse.Namespace) -> float:
    command = [sys.executable, "-m", "tests.bench.decode_rate", "--side", side]
    command += ["--model", str(model), "--tokens", str(arguments.tokens)]
    command += ["--threads", str(arguments.threads)]
    command += ["--safe-mode"] * arguments.safe_mode
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return float(json.loads(done.stdout.splitlines()[-1])["rate"])


def _rate(times: list[float], tokens: int) -> float:
    return (tokens - 1) / (times[-1] - times[0])


def _ours(arguments: argparse.Namespace) -> float:
    return asyncio.run(_ours_async(arguments))


async def _ours_async(arguments: argparse.Namespace) -> float:
    folder = Path(tempfile.mkdtemp())
    engine = EngineClient(folder / "logs", folder / "safe-mode.json")
    params = wire.EngineParams(
        context_tokens=_CONTEXT_TOKENS,
        threads=arguments.threads,
        extra_buffers=not arguments.safe_mode,
    )
    await engine.load(arguments.model, params)
    request = wire.Generate(
        0,
        (wire.Message("user", _QUESTION),),
        sampling=wire.Sampling(**_SAMPLING),  # type: ignore[arg-type]
        max_tokens=arguments.tokens,
    )
    rate = None
    async for event in engine.generate(request):
        if isinstance(event, wire.Finished):
            assert event.reason == "length", "the model stopped early: the sides differ"
            rate = event.stats.tokens_per_second
    await engine.close()
    assert rate is not None
    return rate


def _llama(arguments: argparse.Namespace) -> float:
    import llama_cpp
    from llama_cpp import llama_cpp as native

    if arguments.safe_mode:
        _turn_extra_buffers_off(native)
    model = llama_cpp.Llama(
        str(arguments.model),
        n_ctx=_CONTEXT_TOKENS,
        n_threads=arguments.threads,
        n_threads_batch=arguments.threads,
        n_gpu_layers=-1,
        verbose=False,
    )
    stream = model.create_chat_completion(
        [{"role": "user", "content": _QUESTION}],
        stream=True,
        max_tokens=arguments.tokens,
        repeat_penalty=1.0,
        **_SAMPLING,
    )
    times: list[float] = []
    reason = None
    for chunk in stream:
        choice = chunk["choices"][0]
        reason = choice["finish_reason"]
        if choice["delta"].get("content"):
            times.append(time.perf_counter())
    assert reason == "length", "the model stopped early: the sides differ"
    return _rate(times, arguments.tokens)


def _turn_extra_buffers_off(native: Any) -> None:
    # Llama has no argument for this; its defaults come from here.
    stock = native.llama_model_default_params

    def without() -> Any:
        params = stock()
        params.use_extra_bufts = False
        return params

    native.llama_model_default_params = without


def _bare(arguments: argparse.Namespace) -> float:
    from llama_cpp import llama_cpp as native

    native.llama_backend_init()
    params = native.llama_model_default_params()
    params.use_extra_bufts = not arguments.safe_mode
    params.n_gpu_layers = 9999
    model = native.llama_model_load_from_file(str(arguments.model).encode(), params)
    context_params = native.llama_context_default_params()
    context_params.n_ctx = _CONTEXT_TOKENS
    context_params.n_threads = context_params.n_threads_batch = arguments.threads
    context_params.n_outputs_max = 1
    context_params.swa_full = False
    context = native.llama_init_from_model(model, context_params)
    prompt = (native.llama_token * 32)(*range(100, 132))
    native.llama_decode(context, native.llama_batch_get_one(prompt, 32))
    token = (native.llama_token * 1)(100)
    times: list[float] = []
    for number in range(arguments.tokens):
        token[0] = 100 + number
        native.llama_decode(context, native.llama_batch_get_one(token, 1))
        native.llama_get_logits_ith(context, -1)
        times.append(time.perf_counter())
    return _rate(times, arguments.tokens)


if __name__ == "__main__":
    main()
