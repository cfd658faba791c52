"""A run that is limited for real, where this system lets a plain user limit one."""

import json
import shutil
import subprocess
import sys

import pytest

_LIMIT_BYTES = 1 << 30
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
    done = subprocess.run(
        [*scope, sys.executable, "-c", _PROGRAM], capture_output=True, timeout=30, check=True
    )
    ram, available, threads = json.loads(done.stdout)
    assert ram == _LIMIT_BYTES
    assert 0 < available <= _LIMIT_BYTES
    assert threads == 1
