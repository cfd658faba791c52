"""`localchat` as a program, with a scripted engine in place of the real one."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import programs

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 180.0
"""How long a test waits for what must come: a guard against hanging, also on a slow machine."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a finished command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on stdout."""
        return json.loads(self.out)


def environment(
    script: Mapping[str, Any] | None, more: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The variables for a command; `script` is the engine's, None for the real engine."""
    found = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_WAIT_POLICY": "passive", **(more or {})}
    if script is not None:
        found["LOCALCHAT_WORKER"] = json.dumps(programs.fake_worker(script))
    return found


def start(
    *arguments: str,
    script: Mapping[str, Any] | None = None,
    variables: Mapping[str, str] | None = None,
    **options: Any,
) -> subprocess.Popen[bytes]:
    """Start `localchat` with pipes on stdout and stderr, and nothing on stdin."""
    return subprocess.Popen(
        [sys.executable, "-m", "localchat", *arguments],
        stdin=options.pop("stdin", subprocess.DEVNULL),
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=options.pop("stderr", subprocess.PIPE),
        env=environment(script, variables),
        **options,
    )


def run(
    *arguments: str,
    script: Mapping[str, Any] | None = None,
    piped: str | bytes | None = None,
    variables: Mapping[str, str] | None = None,
    seconds: float = PATIENCE_SECONDS,
) -> Done:
    """Run `localchat` to its end; `piped` goes to its stdin."""
    stdin = subprocess.DEVNULL if piped is None else subprocess.PIPE
    process = start(*arguments, script=script, variables=variables, stdin=stdin)
    raw = piped.encode() if isinstance(piped, str) else piped
    out, err = process.communicate(raw, timeout=seconds)
    return Done(process.returncode, out.decode(), err.decode())
