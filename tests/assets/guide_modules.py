"""Load the Guide's scripts for the tests: assets/guide is a folder of scripts, no package."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

GUIDE = Path(__file__).resolve().parents[2] / "assets" / "guide"
MODEL = GUIDE.parent / "guide.gguf"


def load(name: str) -> ModuleType:
    """Import one of the scripts by its name."""
    if str(GUIDE) not in sys.path:
        sys.path.insert(0, str(GUIDE))
    return importlib.import_module(name)
