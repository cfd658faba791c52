"""Command lines of the programs that stand in for others in tests."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FAKE_WORKER = Path(__file__).parent / "fake_worker.py"


def fake_worker(script: Mapping[str, Any]) -> tuple[str, ...]:
    """The command that runs `fake_worker.py` with `script`."""
    return (sys.executable, str(FAKE_WORKER), json.dumps(script))
