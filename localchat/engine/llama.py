"""A model and a context of llama.cpp, loaded with our settings.

Owns the native objects. Knows nothing of prompts, chat or the wire's events.
"""

import ctypes
import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llama_cpp import llama_cpp

from localchat.engine import wire
from localchat.engine.abort import AbortFlag
from localchat.engine.loadfailure import LoadError, explain
from localchat.engine.nativelog import NativeLog
from localchat.fit.params import CONTEXT_STEP_TOKENS, OUTPUT_ROWS

_DEFAULT_CONTEXT_TOKENS = 8192
_ALL_LAYERS = 2**30
_KV_TYPES = {
    "f32": llama_cpp.GGML_TYPE_F32,
    "f16": llama_cpp.GGML_TYPE_F16,
    "bf16": 30,
    "q8_0": llama_cpp.GGML_TYPE_Q8_0,
    "q5_1": llama_cpp.GGML_TYPE_Q5_1,
    "q5_0": llama_cpp.GGML_TYPE_Q5_0,
    "q4_1": llama_cpp.GGML_TYPE_Q4_1,
    "q4_0": llama_cpp.GGML_TYPE_Q4_0,
    "iq4_nl": llama_cpp.GGML_TYPE_IQ4_NL,
}
_FLASH_ATTENTION = {"auto": -1, "off": 0, "on": 1}
_LOAD_MODES = {(False, False): 0, (True, False): 1, (False, True): 2, (True, True): 3}
"""(mmap, mlock) to llama_load_mode: none, mmap, mlock, mmap + mlock."""


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
        gpu_layers = _layers_on_gpu(log.lines())
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

    def _load_model(self, path: Path, on_progress: Callable[[float], bool]) -> Any:
        native = llama_cpp.llama_model_default_params()
        wanted = self.params.gpu_layers
        native.n_gpu_layers = wanted if wanted >= 0 else _ALL_LAYERS
        native.load_mode = _LOAD_MODES[bool(self.params.mmap), self.params.mlock]
        native.use_extra_bufts = self.params.extra_buffers
        callback = llama_cpp.llama_progress_callback(lambda done, _: on_progress(done))
        native.progress_callback = callback
        self._log.clear()
        model = llama_cpp.llama_model_load_from_file(str(path).encode(), native)
        if not model:
            error = explain(self._log.lines(), path.name)
            on_gpu = _layers_on_gpu(self._log.lines()) if wanted else 0
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
        native = llama_cpp.llama_context_default_params()
        trained = llama_cpp.llama_model_n_ctx_train(self.model)
        native.n_ctx = context_size(self.params.context_tokens, trained)
        native.n_batch = self.params.batch_tokens
        native.n_ubatch = min(self.params.ubatch_tokens, self.params.batch_tokens)
        native.n_threads = native.n_threads_batch = self.params.threads
        native.flash_attn_type = _FLASH_ATTENTION[self.params.flash_attention]
        native.type_k = _KV_TYPES[self.params.kv_type_k]
        native.type_v = _KV_TYPES[self.params.kv_type_v]
        # DESIGN D4: one row of logits, and a window's worth of cells for layers with a window.
        native.n_outputs_max = OUTPUT_ROWS
        native.swa_full = False
        native.no_perf = True
        native.abort_callback = self.abort.callback
        native.abort_callback_data = self.abort.data
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


def context_size(asked_tokens: int, trained_tokens: int) -> int:
    """Choose the context: as asked, or the trained length up to 8,192; a multiple of 256.

    >>> context_size(0, 131072), context_size(0, 2048), context_size(1000, 131072)
    (8192, 2048, 1024)
    """
    tokens = asked_tokens or min(trained_tokens or _DEFAULT_CONTEXT_TOKENS, _DEFAULT_CONTEXT_TOKENS)
    return -(-tokens // CONTEXT_STEP_TOKENS) * CONTEXT_STEP_TOKENS


def _layers_on_gpu(log_lines: tuple[str, ...]) -> int:
    """Read off the load's log how many layers went to the GPU; only the log tells."""
    found = (re.search(r"offloaded (\d+)/\d+ layers", line) for line in reversed(log_lines))
    return next((int(match[1]) for match in found if match), 0)
