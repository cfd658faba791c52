"""A run that is limited for real, where this system lets this user limit one."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_LIMIT_BYTES = 1 << 30
_GROUPS = Path("/sys/fs/cgroup")
_PROGRAM = (
    "import json; from localchat.machine import detect; found = detect.detect(); "
    "print(json.dumps([found.ram_bytes, found.available_ram_bytes, found.usable_threads]))"
)


def test_a_limited_run_sees_its_limit() -> None:
    """1 GiB and one processor, set by systemd for a scope of its own."""
    if shutil.which("systemd-run") is None:
        pytest.skip("there is no systemd-run")
    limits = ["-p", f"MemoryMax={_LIMIT_BYTES}", "-p", "CPUQuota=100%"]
    scope = ["systemd-run", "--user", "--scope", "--quiet", *limits]
    if subprocess.run([*scope, "true"], capture_output=True, timeout=10, check=False).returncode:
        pytest.skip("systemd does not serve this user")
    _check(subprocess.run([*scope, *_seen()], capture_output=True, timeout=30, check=True))


def test_a_run_in_a_group_made_by_hand_sees_its_limit() -> None:
    """The same where the hierarchies of cgroup v1 can be written, as in many containers."""
    with contextlib.ExitStack() as stack:
        try:
            memory = stack.enter_context(_group("memory"))
            (memory / "memory.limit_in_bytes").write_text(str(_LIMIT_BYTES))
            processor = stack.enter_context(_group("cpu"))
            (processor / "cpu.cfs_quota_us").write_text("100000")
        except OSError as error:
            pytest.skip(f"no group of cgroup v1 can be made: {error.strerror}")
        join = f'echo $$ > {memory}/cgroup.procs; echo $$ > {processor}/cgroup.procs; exec "$@"'
        command = ["sh", "-c", join, "sh", *_seen()]
        _check(subprocess.run(command, capture_output=True, timeout=30, check=True))


@contextlib.contextmanager
def _group(controller: str) -> Iterator[Path]:
    group = _GROUPS / controller / f"localchat-test-{os.getpid()}"
    group.mkdir()
    try:
        yield group
    finally:
        group.rmdir()


def _seen() -> list[str]:
    return [sys.executable, "-c", _PROGRAM]


def _check(done: subprocess.CompletedProcess[bytes]) -> None:
    ram, available, threads = json.loads(done.stdout)
    assert ram == _LIMIT_BYTES
    assert 0 < available <= _LIMIT_BYTES
    assert threads == 1
