"""The engine's process as seen from outside: start it, talk to it, and learn how it died.

Knows the wire but not what a model is.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from localchat import paths, sanitize
from localchat.engine import wire

WORKER_COMMAND: Final = (sys.executable, "-m", "localchat.engine.worker")
_LINE_LIMIT_BYTES = 64 * 2**20
_STOP_SECONDS = 2.0
_LOGS_KEPT = 5
_LOG_TAIL_BYTES = 8 * 1024

# The worker gets what it needs to find libraries and devices, and nothing else: a variable that
# is not here may hold a token (a malicious model file runs in C++, in that process).
_PASSED_NAMES = frozenset(
    "PATH HOME USER LOGNAME LANG LANGUAGE TZ TMPDIR TEMP TMP PYTHONPATH PYTHONHOME VIRTUAL_ENV "
    "SYSTEMROOT WINDIR COMSPEC PATHEXT USERPROFILE APPDATA LOCALAPPDATA PROGRAMDATA PROGRAMFILES "
    "NUMBER_OF_PROCESSORS PROCESSOR_ARCHITECTURE LOCALCHAT_HOME LLAMA_CPP_LIB_PATH "
    "GLIBC_TUNABLES".split()
)
_PASSED_PREFIXES = (
    "LC_", "LD_", "DYLD_", "NIX_", "GGML_", "OMP_", "GOMP_", "KMP_", "CUDA_", "NVIDIA_", "HIP_",
    "HSA_", "ROCR_", "ROCM_", "GPU_", "AMD_", "VK_", "MESA_", "RADV_", "SYCL_", "ONEAPI_", "ZE_",
    "ONEDNN_", "MTL_", "XDG_",
)  # fmt: skip
_SECRET_WORDS = ("TOKEN", "SECRET", "PASSWORD", "CREDENTIAL", "API_KEY", "APIKEY")

_WINDOWS_DEATHS = {
    0xC0000005: "SIGSEGV",
    0xC000001D: "SIGILL",
    0xC0000409: "SIGABRT",
    0xC00000FD: "SIGSEGV",
}
CRASHES: Final = frozenset({"SIGILL", "SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE"})
"""Deaths that come from code, so that another way to run it may help."""


@dataclass(frozen=True, slots=True)
class Death:
    """How a worker ended."""

    exit_code: int
    signal_name: str
    """Such as "SIGSEGV"; empty when the process ended by itself."""
    log_tail: str
    """The end of its log, sanitized."""

    @property
    def last_words(self) -> str:
        """The last line of the log that says what went wrong, or an empty string."""
        lines = [line for line in self.log_tail.splitlines() if line.strip()]
        telling = [line for line in lines if _is_telling(line)]
        return sanitize.line((telling or lines or [""])[-1], 200)


def _is_telling(line: str) -> bool:
    lowered = line.lower()
    return any(word in lowered for word in ("error", "assert", "failed", "abort", "fatal"))


def worker_environment(parent: Mapping[str, str]) -> dict[str, str]:
    """Choose what the worker may see of `parent`, and bound what its libraries do to the machine.

    >>> environment = worker_environment({"HF_TOKEN": "hf_x", "PATH": "/bin", "LD_TOKEN": "x"})
    >>> "PATH" in environment, "HF_TOKEN" in environment, "LD_TOKEN" in environment
    (True, False, False)
    """
    passed = {name: value for name, value in parent.items() if _is_passed(name)}
    # ggml's abort handler would start a debugger on the dying process and wait for it.
    passed["GGML_NO_BACKTRACE"] = "1"
    # A thread that waits for the next matrix product spins; when another program needs the core,
    # long spinning costs tokens/s, and no spinning costs them on an idle machine (DESIGN D9).
    passed.setdefault("GOMP_SPINCOUNT", "2000")
    passed.setdefault("KMP_BLOCKTIME", "1")
    # Large pages for weights that are read, not mapped: 2 to 3 % more tokens/s, measured on 0.5B.
    passed.setdefault("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1")
    passed["PYTHONUNBUFFERED"] = "1"
    return passed


def _is_passed(name: str) -> bool:
    upper = name.upper()
    if any(word in upper for word in _SECRET_WORDS):
        return False
    return upper in _PASSED_NAMES or upper.startswith(_PASSED_PREFIXES)


class WorkerProcess:
    """One life of the engine's process."""

    def __init__(self, process: asyncio.subprocess.Process, log_file: Path) -> None:
        self._process = process
        self.log_file = log_file

    @classmethod
    async def start(cls, command: Sequence[str], log_folder: Path) -> "WorkerProcess":
        """Start `command` as a worker. Raises OSError when it cannot be started."""
        log_file = _new_log(log_folder)
        with log_file.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=worker_environment(os.environ),
                limit=_LINE_LIMIT_BYTES,
                # Its own session, so that Ctrl-C in the terminal reaches the front end alone.
                start_new_session=True,
            )
        return cls(process, log_file)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def send(self, command: wire.Command) -> None:
        """Write a command; a worker that is gone shows as the end of `events`."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(wire.encode(command).encode() + b"\n")
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            return

    async def events(self) -> AsyncIterator[wire.Event]:
        """Yield events until the worker's stdout ends. Raises ValueError on anything else there."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            yield wire.decode_event(line.decode("ascii", errors="replace"))

    def kill(self) -> None:
        """End it at once."""
        if self._process.returncode is None:
            self._process.kill()

    async def death(self) -> Death:
        """Wait for the end and tell how it came: only after waiting is the exit code known."""
        code = await self._process.wait()
        return Death(code, _signal_name(code), _tail(self.log_file))

    async def stop(self) -> None:
        """Close its stdin, which tells it to end; kill it when it does not."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        except TimeoutError:
            self.kill()
            await self._process.wait()


def _signal_name(exit_code: int) -> str:
    if exit_code in _WINDOWS_DEATHS:
        return _WINDOWS_DEATHS[exit_code]
    if exit_code >= 0:
        return ""
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"


def _new_log(folder: Path) -> Path:
    paths.private_folder(folder)
    old = sorted(folder.glob("engine-*.log"), key=lambda file: file.name)
    for file in old[: max(0, len(old) - _LOGS_KEPT + 1)]:
        file.unlink(missing_ok=True)
    last = int(old[-1].stem.removeprefix("engine-").split("-")[0]) if old else 0
    file = folder / f"engine-{last + 1:06d}-{os.getpid()}.log"
    file.touch(mode=0o600)
    return file


def _tail(log_file: Path) -> str:
    try:
        with log_file.open("rb") as log:
            log.seek(max(0, log_file.stat().st_size - _LOG_TAIL_BYTES))
            return sanitize.text(log.read().decode("utf-8", errors="replace"))
    except OSError:
        return ""
