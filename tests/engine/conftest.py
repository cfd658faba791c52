"""Models for the tests of the real engine, written once a run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import ggufs

ModelOf = Callable[[ggufs.Kind], Path]


@pytest.fixture(scope="session")
def model_of(tmp_path_factory: pytest.TempPathFactory) -> ModelOf:
    """Give the small model of a kind."""
    folder = tmp_path_factory.mktemp("models")

    def make(kind: ggufs.Kind) -> Path:
        path = folder / f"{kind}.gguf"
        return path if path.exists() else ggufs.write(path, kind)

    return make
