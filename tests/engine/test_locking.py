"""Whether memory was really locked, where the system does not say and llama.cpp only warns."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.conftest import ModelOf

PROGRAM = Path(__file__).parent.parent / "unlockable_program.py"


@pytest.mark.skipif(sys.platform != "linux", reason="capabilities are Linux's")
@pytest.mark.parametrize("mode", ["mmap", "read"])
def test_a_lock_that_failed_is_noticed(mode: str, model_of: ModelOf) -> None:
    """The warning comes with the weights, before the context writes into the log too."""
    command = (sys.executable, str(PROGRAM), str(model_of("dense")), mode)

    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    assert "failed to mlock" in ended.stderr
    assert "True\n" == ended.stdout
