"""A model and a context of llama.cpp, loaded with our settings.

Owns the native objects. Knows nothing of prompts, chat or the wire's events.
"""

import ctypes
import dataclasses
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llama_cpp import llama_cpp

from localchat.engine import nativeparams, wire
from localchat.engine.abort import AbortFlag
from localchat.engine.loadfailure import LoadError, explain
from localchat.engine.nativelog import NativeLog


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """What the loaded model and context turned out to be."""

    context_tokens: int
    trained_context_tokens: int
    layers: int
    gpu_layers: int
    window_tokens: int
    """The sliding attention window, 0 when there is none."""
    is_recurrent: bool
    """Recurrent or hybrid: its state cannot be cut back to an earlier token."""


class LlamaModel:
    """A loaded model with its context; free it with `close`."""

    def __init__(
        self,
        path: Path,
        params: wire.EngineParams,
        log: NativeLog,
        abort: AbortFlag,
        on_progress: Callable[[float], bool],
    ) -> None:
        """Load `path`; `on_progress` gets 0.0 to 1.0 and returns False to stop.

        `abort` stops evaluations later; it must outlive the model. `params` must be definite:
        `mmap` and `threads` decided. Raises LoadError.
        """
        self.params = params
        self.abort = abort
        self._log = log
        self.model: Any = self._load_model(path, on_progress)
        # The context clears the log, and only the log tells how the weights fared.
        self.load_log = log.lines()
        _give_back_heap()
        gpu_layers = _layers_on_gpu(self.load_log)
        try:
            self._refuse_what_cannot_chat(path.name)
            self.context: Any = self._make_context(path.name, gpu_layers)
        except LoadError:
            llama_cpp.llama_model_free(self.model)
            raise
        self.vocabulary: Any = llama_cpp.llama_model_get_vocab(self.model)
        self.memory: Any = llama_cpp.llama_get_memory(self.context)
        self.facts = self._facts(gpu_layers)

    def close(self) -> None:
        """Free context and model."""
        llama_cpp.llama_free(self.context)
        llama_cpp.llama_model_free(self.model)

    @property
    def lock_failed(self) -> bool:
        """Whether locking memory failed; llama.cpp only says so in its log, and goes on."""
        words = ("failed to mlock", "mlock not supported")
        return any(word in line for line in self.load_log for word in words)

    def set_threads(self, threads: int) -> None:
        """Decode and prefill with this many threads from now on."""
        llama_cpp.llama_set_n_threads(self.context, threads, threads)

    def metadata(self, key: str) -> str | None:
        """Return a value of the GGUF's metadata as text, None when it is not there."""
        room = 4096
        while True:
            buffer = ctypes.create_string_buffer(room)
            length = llama_cpp.llama_model_meta_val_str(self.model, key.encode(), buffer, room)
            if length < 0:
                return None
            if length < room:
                return buffer.value.decode("utf-8", errors="replace")
            room = length + 1

    def chat_template(self) -> str | None:
        """Return the GGUF's own chat template, None when it has none."""
        raw: bytes | None = llama_cpp.llama_model_chat_template(self.model, None)
        return raw.decode("utf-8", errors="replace") if raw else None

    def description(self) -> str:
        """Return what llama.cpp calls this model, such as "llama 7B Q4_K - Small"."""
        buffer = ctypes.create_string_buffer(256)
        llama_cpp.llama_model_desc(self.model, buffer, 256)
        return buffer.value.decode("utf-8", errors="replace")

    def parameters(self) -> int:
        """Return the number of weights."""
        return int(llama_cpp.llama_model_n_params(self.model))

    def vocabulary_tokens(self) -> int:
        """Return how many tokens the model knows."""
        return int(llama_cpp.llama_vocab_n_tokens(self.vocabulary))

    def _load_model(self, path: Path, on_progress: Callable[[float], bool]) -> Any:
        wanted = nativeparams.model_params(self.params, on_progress)
        self._log.clear()
        model = llama_cpp.llama_model_load_from_file(str(path).encode(), wanted.native)
        if not model:
            error = explain(self._log.lines(), path.name)
            on_gpu = _layers_on_gpu(self._log.lines()) if self.params.gpu_layers else 0
            error.details = {"context_tokens": 0, "gpu_layers": on_gpu}
            raise error
        return model

    def _refuse_what_cannot_chat(self, file: str) -> None:
        reads_only = not llama_cpp.llama_model_has_decoder(self.model)
        needs_encoder = llama_cpp.llama_model_has_encoder(self.model)
        if reads_only or needs_encoder or llama_cpp.llama_model_is_diffusion(self.model):
            raise LoadError(
                "bad_model",
                f"{file} is a model of a kind that cannot chat here "
                f"({self.metadata('general.architecture')}).",
                "Choose a model that writes text from left to right.",
            )

    def _make_context(self, file: str, gpu_layers: int) -> Any:
        trained = llama_cpp.llama_model_n_ctx_train(self.model)
        native = nativeparams.context_params(self.params, trained, self.abort)
        self._log.clear()
        context = llama_cpp.llama_init_from_model(self.model, native)
        if not context:
            error = explain(self._log.lines(), file)
            error.details = {"context_tokens": native.n_ctx, "gpu_layers": gpu_layers}
            raise error
        return context

    def _facts(self, gpu_layers: int) -> Facts:
        is_recurrent = llama_cpp.llama_model_is_recurrent(self.model)
        return Facts(
            context_tokens=llama_cpp.llama_n_ctx(self.context),
            trained_context_tokens=llama_cpp.llama_model_n_ctx_train(self.model),
            layers=llama_cpp.llama_model_n_layer(self.model),
            gpu_layers=gpu_layers,
            window_tokens=llama_cpp.llama_model_n_swa(self.model),
            is_recurrent=is_recurrent or llama_cpp.llama_model_is_hybrid(self.model),
        )


def _give_back_heap() -> None:
    """Return to the system what reading the weights left in the heap, tens of MiB with glibc."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _layers_on_gpu(log_lines: tuple[str, ...]) -> int:
    """Read off the load's log how many layers went to the GPU; only the log tells."""
    found = (re.search(r"offloaded (\d+)/\d+ layers", line) for line in reversed(log_lines))
    return next((int(match[1]) for match in found if match), 0)
