"""The real worker on a processor whose AMX faults: stands in for hardware we cannot have here.

As on such machines, an evaluation of more than one token dies of SIGILL when the weights are
quantized and loaded with extra buffers; a single token passes.
"""

import os
import signal
from typing import Any

from llama_cpp import llama_cpp

from localchat.engine import worker

_load = llama_cpp.llama_model_load_from_file
_decode = llama_cpp.llama_decode
_is_faulty = False


def _remember(path: bytes, params: Any) -> Any:
    global _is_faulty
    _is_faulty = params.use_extra_bufts
    return _load(path, params)


def _fault(context: Any, batch: Any) -> Any:
    if _is_faulty and batch.n_tokens > 1:
        os.kill(os.getpid(), signal.SIGILL)
    return _decode(context, batch)


llama_cpp.llama_model_load_from_file = _remember
llama_cpp.llama_decode = _fault

if __name__ == "__main__":
    worker.main()
