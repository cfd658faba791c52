"""A model file for commands that only look at its header."""

from pathlib import Path

import pytest

from tests.models import files


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A sound GGUF that no real engine could load."""
    return files.write(tmp_path / "tiny.gguf")
