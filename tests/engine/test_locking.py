"""Whether memory was really locked, where the system does not say and llama.cpp only warns."""

import subprocess
import sys

import pytest

from tests.engine.conftest import ModelOf


@pytest.mark.skipif(sys.platform != "linux", reason="capabilities are Linux's")
@pytest.mark.parametrize("mode", ["mmap", "read"])
def test_a_lock_that_failed_is_noticed(mode: str, model_of: ModelOf) -> None:
    """The warning comes with the weights, before the context writes into the log too."""
    program = (sys.executable, "-m", "tests.unlockable_program", str(model_of("dense")), mode)

    ended = subprocess.run(program, capture_output=True, text=True, timeout=60, check=True)

    assert "failed to mlock" in ended.stderr
    assert "True\n" == ended.stdout
