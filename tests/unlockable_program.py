"""Loads a model with mlock where locking memory is forbidden, and prints whether that was noticed.

For a process of its own: it gives up the right to lock memory, which even an administrator has
only as a capability.
"""

import ctypes
import resource
import sys
from pathlib import Path

from llama_cpp import llama_cpp

from localchat.engine.abort import AbortFlag
from localchat.engine.llama import LlamaModel
from localchat.engine.nativelog import NativeLog
from localchat.engine.wire import EngineParams

_VERSION_3 = 0x20080522
_CAP_IPC_LOCK = 14


def _give_up_locking() -> None:
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
    library = ctypes.CDLL(None)
    head = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    rights = (ctypes.c_uint32 * 6)()
    assert library.capget(head, rights) == 0
    for kind in range(3):
        # Effective, permitted and inheritable rights.
        rights[kind] &= ~(1 << _CAP_IPC_LOCK)
    assert library.capset(head, rights) == 0


def main() -> None:
    """Load the model that the command line names."""
    _give_up_locking()
    log = NativeLog()
    log.install()
    llama_cpp.llama_backend_init()
    params = EngineParams(context_tokens=256, threads=1, mmap=sys.argv[2] == "mmap", mlock=True)
    model = LlamaModel(Path(sys.argv[1]), params, log, AbortFlag(), lambda _: True)
    print(model.lock_failed)
    model.close()


if __name__ == "__main__":
    main()
