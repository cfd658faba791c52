"""A worker that follows a script: it speaks the real wire, and misbehaves on demand.

Run as `python tests/fake_worker.py '{"answers": ["Hello"], "die": {"at": "decode"}}'`.

Script keys, all optional:
  answers             texts to stream, one for each request, the last one again and again
  token_characters    characters a token (4)
  rate                tokens a second (0: as fast as possible)
  gates               {"prefill": FILE, "answer": FILE}: without these files a prompt is read no
                      further than its first quarter, and no answer says its last token
  prompt_tokens       prompt tokens to report for each request (64), prefill_seconds to spend (0)
  cached_tokens       how many of them to report as reused (0)
  context_tokens      the context to report (4096); a longer prompt is refused
  loaded              fields of Loaded to report
  opened_by           the mark of the think block in which the prompt ends
  die                 {"at": start|load|warm-up|prefill|decode, "how": a signal's name, "exit N",
                      "hang" or "garbage", "once": a file that marks that it has happened,
                      "only_with_extra_buffers": bool}
  spam_bytes          noise to write on fd 1 and fd 2 before each answer
  memory_tokens       loads with more context than this, or with an f16 KV cache, run out of memory
  fail_loads_after    how many loads succeed before all others fail
  deaf                ignore cancel
  log                 a file to append every command to
"""

import dataclasses
import json
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from localchat.engine import wire

LOADED = wire.Loaded(
    id=0,
    name="Fake 1B",
    architecture="llama",
    description="llama 1B Q4_K - Small",
    file_bytes=700_000_000,
    parameters=1_000_000_000,
    layers=16,
    trained_context_tokens=8192,
    context_tokens=4096,
    threads=2,
    gpu_layers=0,
    params=wire.EngineParams(context_tokens=4096),
    template_origin="the model's own",
    notes=(),
    sampling=wire.Sampling(temperature=0.8, top_k=40, top_p=0.95, min_p=0.05),
    mmap=True,
    locked_bytes=0,
    lock_limit_bytes=8 * 2**20,
    load_seconds=0.1,
    prefix_reuse="full",
)


class FakeWorker:
    """Serves commands from stdin until it ends, on two threads like the real one."""

    def __init__(self, script: dict[str, Any]) -> None:
        self._script = script
        self._out = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)
        self._commands: queue.Queue[wire.Command | None] = queue.Queue()
        self._cancelled: set[int] = set()
        self._answers = list(script.get("answers", ["Hello from the fake worker."]))
        self._extra_buffers = True
        self._loads_left = script.get("fail_loads_after", sys.maxsize)

    def run(self) -> None:
        self._maybe_die("start")
        self._send(wire.Ready(0, "fake engine 1.0", "fake-build", "FAKE = 1", False, os.getpid()))
        threading.Thread(target=self._read, daemon=True).start()
        while (command := self._commands.get()) is not None:
            self._serve(command)

    def _send(self, event: wire.Event) -> None:
        self._out.write(wire.encode(event) + "\n")

    def _read(self) -> None:
        for line in sys.stdin:
            if "log" in self._script:
                with Path(self._script["log"]).open("a") as log:
                    log.write(line)
            command = wire.decode_command(line)
            if isinstance(command, wire.Cancel):
                if not self._script.get("deaf"):
                    self._cancelled.add(command.target)
            elif isinstance(command, wire.Count):
                words = sum(len(message.text) // 4 + 5 for message in command.messages)
                self._send(wire.Result(command.id, {"tokens": words}))
            elif isinstance(command, wire.SetThreads):
                self._send(wire.Result(command.id, {"threads": command.threads}))
            else:
                self._commands.put(command)
        os._exit(0)

    def _serve(self, command: wire.Command) -> None:
        if isinstance(command, wire.Load):
            self._load(command)
        elif isinstance(command, wire.Generate):
            self._generate(command)
        elif isinstance(command, wire.DryRun):
            words = "The fake engine sizes no models."
            self._send(wire.Failed(command.id, "no_sparse_files", words))
        elif isinstance(command, wire.Devices):
            device = wire.Device("CPU", "Fake CPU", "cpu", 16 * 2**30, 16 * 2**30, "CPU")
            self._send(wire.Result(command.id, {"devices": [dataclasses.asdict(device)]}))
        else:
            self._send(wire.Result(command.id))

    def _load(self, command: wire.Load) -> None:
        self._extra_buffers = command.params.extra_buffers
        context = command.params.context_tokens or self._script.get("context_tokens", 4096)
        memory = self._script.get("memory_tokens")
        for step in range(0, 1001, 250):
            self._send(wire.Progress(command.id, "weights", step, 1000))
            if self._stopped(command.id, self._script.get("load_seconds", 0) / 4):
                self._send(wire.Failed(command.id, "cancelled", "Loading was stopped."))
                return
        self._maybe_die("load")
        self._loads_left -= 1
        if self._loads_left < 0:
            self._send(wire.Failed(command.id, "bad_model", "This is not a model."))
            return
        if memory is not None and (context > memory or command.params.kv_type_k == "f16"):
            details = {"context_tokens": context, "gpu_layers": 0}
            words = "Not enough memory for the context."
            self._send(wire.Failed(command.id, "out_of_memory", words, details=details))
            return
        self._send(wire.Progress(command.id, "warm-up", 0, 1000))
        self._maybe_die("warm-up")
        params = dataclasses.replace(command.params, context_tokens=context)
        loaded = dataclasses.replace(
            LOADED, id=command.id, params=params, context_tokens=context, name=self._name(command)
        )
        self._send(dataclasses.replace(loaded, **self._script.get("loaded", {})))

    def _name(self, command: wire.Load) -> str:
        return str(self._script.get("name", Path(command.path).stem))

    def _generate(self, command: wire.Generate) -> None:
        noise = "spam\n" * (self._script.get("spam_bytes", 0) // 5)
        os.write(1, noise.encode())
        os.write(2, noise.encode())
        prompt = self._script.get("prompt_tokens", 64)
        size = self._script.get("context_tokens", 4096)
        if prompt > size:
            words = f"The conversation has {prompt:,} tokens, and the context holds {size:,}."
            self._send(wire.Failed(command.id, "context_overflow", words, "Shorten the message."))
            return
        opened_by = self._script.get("opened_by", "")
        self._send(wire.Prompt(command.id, prompt, 0, size, opened_by=opened_by))
        pause = self._script.get("prefill_seconds", 0)
        cached = self._script.get("cached_tokens", 0)
        stats = wire.Stats(prompt, cached, prompt_seconds=pause, context_tokens=size)
        for done in range(cached, prompt + 1, max((prompt - cached) // 4, 1)):
            seconds = pause * (done - cached) / (prompt - cached or 1)
            self._send(wire.Progress(command.id, "prompt", done, prompt, seconds, cached))
            held = done > cached and self._held(command.id, "prefill")
            if held or self._stopped(command.id, pause / 4):
                self._send(wire.Finished(command.id, "cancelled", stats))
                return
        self._maybe_die("prefill")
        text = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        self._stream(command, text, stats)

    def _stream(self, command: wire.Generate, text: str, stats: wire.Stats) -> None:
        width = self._script.get("token_characters", 4)
        rate = self._script.get("rate", 0)
        tokens = [text[start : start + width] for start in range(0, len(text), width)]
        reason: wire.FinishReason = "stop"
        for number, token in enumerate(tokens, start=1):
            held = number == len(tokens) and self._held(command.id, "answer")
            if held or self._stopped(command.id, 1 / rate if rate else 0):
                reason = "cancelled"
                break
            # Stats follow the script's rate, not the clock, so that screens are reproducible.
            seconds = (number - 1) / (rate or 1000)
            stats = dataclasses.replace(stats, tokens=number, seconds=seconds, ttft_seconds=0.25)
            self._send(wire.Text(command.id, token, stats))
            if number * 2 >= len(tokens):
                self._maybe_die("decode")
        self._send(wire.Finished(command.id, reason, stats, seed=1))

    def _held(self, request: int, gate: str) -> bool:
        """Wait until a gate is opened; says whether the request was cancelled instead."""
        file = self._script.get("gates", {}).get(gate)
        while file is not None and not Path(file).exists() and request not in self._cancelled:
            time.sleep(0.01)
        return request in self._cancelled

    def _stopped(self, request: int, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and request not in self._cancelled:
            time.sleep(min(left, 0.01))
        return request in self._cancelled

    def _maybe_die(self, at: str) -> None:
        plan = self._script.get("die", {})
        if plan.get("at") != at:
            return
        if plan.get("only_with_extra_buffers") and not self._extra_buffers:
            return
        if "once" in plan:
            marker = Path(plan["once"])
            if marker.exists():
                return
            marker.touch()
        _die(plan.get("how", "SIGABRT"), self._out.fileno())


def _die(how: str, out: int) -> None:
    if how == "hang":
        while True:
            time.sleep(1)
    if how == "garbage":
        os.write(out, b"\x00\xff not json\n")
        time.sleep(60)
    if how.startswith("exit"):
        os._exit(int(how.split()[1]))
    os.write(2, b"GGML_ASSERT(fake) failed\n")
    os.kill(os.getpid(), signal.Signals[how])


if __name__ == "__main__":
    FakeWorker(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}).run()
