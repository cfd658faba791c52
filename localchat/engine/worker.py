"""The engine's process: commands on stdin, events on stdout, everything else into the log.

Sets the process up and hands over to `service`. Knows nothing of terminals.
"""

import contextlib
import ctypes
import logging
import os
import signal
import sys
from pathlib import Path

from localchat.engine import wire

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Run the worker until its front end goes away."""
    _end_with_the_parent()
    _be_the_first_to_go()
    # A stray printf of a library would break the protocol: fd 1 becomes the log, and the protocol
    # gets a descriptor of its own.
    out = os.fdopen(os.dup(1), "w", buffering=1, encoding="ascii")
    os.dup2(2, 1)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(name)s: %(message)s")
    try:
        from localchat.engine import service
    except (ImportError, OSError, RuntimeError) as error:
        # The library of llama_cpp raises whatever the dynamic linker says.
        hint = "Reinstall it: pip install --force-reinstall --no-cache-dir llama-cpp-python"
        failed = wire.Failed(0, "engine_missing", f"The engine cannot be imported: {error}.", hint)
        out.write(wire.encode(failed) + "\n")
        return
    service.Service(sys.stdin, out).run()


def _end_with_the_parent() -> None:
    # The front end decides about Ctrl-C.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        # Closing stdin tells the worker too, but not while one C call holds the interpreter.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _be_the_first_to_go() -> None:
    # When memory runs out, the kernel should take this process, which can be started again, and
    # not the user's desktop or the front end with the conversation.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


if __name__ == "__main__":
    main()
