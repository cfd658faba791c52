"""llama.cpp's structs of parameters, filled from ours: the one place for loads and dry runs.

Knows nothing of files or models.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llama_cpp import llama_cpp

from localchat.engine import devices
from localchat.engine.abort import AbortFlag
from localchat.fit.params import CONTEXT_STEP_TOKENS, OUTPUT_ROWS, EngineParams

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
_NOT_REPACKED = ("F32", "F16", "BF16")
"""The CPU has no other layout for these, so a memory map stays the only copy."""
_ROUTED_EXPERTS = rb"\.ffn_(up|down|gate|gate_up)_(ch|)exps"
"""Names of the tensors that hold routed experts (llama.cpp, common/common.h)."""


class _Override(ctypes.Structure):
    _fields_ = [("pattern", ctypes.c_char_p), ("buffer_type", ctypes.c_void_p)]


@dataclass(frozen=True, slots=True)
class ModelParams:
    """llama_model_params with what it points to, which must live while it is used."""

    native: Any
    kept: tuple[object, ...]


def maps_by_default(params: EngineParams, quant: str) -> bool:
    """Decide whether to map a file of this quantization, where the user leaves it open."""
    # Repacked weights are a second copy; with a map, the first one counts against memory too
    # (measured on a 7B: 9.8 GiB instead of 6.1).
    return not params.extra_buffers or quant in _NOT_REPACKED


def model_params(
    params: EngineParams,
    on_progress: Callable[[float], bool] | None = None,
    *,
    without_weights: bool = False,
) -> ModelParams:
    """Fill llama_model_params; `without_weights` is for a dry run, which reads and allocates none.

    `on_progress` gets 0.0 to 1.0 and returns False to stop.
    """
    native = llama_cpp.llama_model_default_params()
    kept: list[object] = []
    native.n_gpu_layers = params.gpu_layers if params.gpu_layers >= 0 else _ALL_LAYERS
    native.use_extra_bufts = params.extra_buffers
    native.load_mode = _LOAD_MODES[bool(params.mmap), params.mlock]
    if without_weights:
        # llama.cpp aborts when it is to map a file and allocate nothing (llama-model.cpp).
        native.load_mode, native.no_alloc = 0, True
    if params.experts_on_cpu:
        overrides = (_Override * 2)(_Override(_ROUTED_EXPERTS, _main_memory()), _Override())
        native.tensor_buft_overrides = ctypes.cast(overrides, ctypes.c_void_p)
        kept.append(overrides)
    if on_progress is not None:
        callback = llama_cpp.llama_progress_callback(lambda done, _: on_progress(done))
        native.progress_callback = callback
        kept.append(callback)
    return ModelParams(native, tuple(kept))


def context_params(
    params: EngineParams, trained_tokens: int, abort: AbortFlag | None = None
) -> Any:
    """Fill llama_context_params for a model trained for a context of `trained_tokens`."""
    native = llama_cpp.llama_context_default_params()
    native.n_ctx = context_size(params.context_tokens, trained_tokens)
    native.n_batch = params.batch_tokens
    native.n_ubatch = min(params.ubatch_tokens, params.batch_tokens)
    native.n_threads = native.n_threads_batch = max(1, params.threads)
    native.flash_attn_type = _FLASH_ATTENTION[params.flash_attention]
    native.type_k = _KV_TYPES[params.kv_type_k]
    native.type_v = _KV_TYPES[params.kv_type_v]
    # DESIGN D4: one row of logits, and a window's worth of cells for layers with a window.
    native.n_outputs_max = OUTPUT_ROWS
    native.swa_full = False
    native.no_perf = True
    if abort is not None:
        native.abort_callback = abort.callback
        native.abort_callback_data = abort.data
    return native


def context_size(asked_tokens: int, trained_tokens: int) -> int:
    """Choose the context: as asked, or the trained length up to 8,192; a multiple of 256.

    >>> context_size(0, 131072), context_size(0, 2048), context_size(1000, 131072)
    (8192, 2048, 1024)
    """
    tokens = asked_tokens or min(trained_tokens or _DEFAULT_CONTEXT_TOKENS, _DEFAULT_CONTEXT_TOKENS)
    return -(-tokens // CONTEXT_STEP_TOKENS) * CONTEXT_STEP_TOKENS


def _main_memory() -> int:
    function = devices.library("ggml-base").ggml_backend_cpu_buffer_type
    function.restype = ctypes.c_void_p
    return int(function())
