"""The real worker with an engine that dies of one model and hangs over another, by their names.

Stands in for a llama.cpp that aborts or loops over what it cannot run.
"""

import os
import signal
import time
from typing import Any

from llama_cpp import llama_cpp

from localchat.engine import worker

_load = llama_cpp.llama_model_load_from_file


def _fail(path: bytes, params: Any) -> Any:
    if b"deadly" in path:
        os.kill(os.getpid(), signal.SIGSEGV)
    if b"endless" in path:
        time.sleep(60)
    return _load(path, params)


llama_cpp.llama_model_load_from_file = _fail

if __name__ == "__main__":
    worker.main()
