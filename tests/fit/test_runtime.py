"""What the engine's process takes besides the model, as arithmetic; the bench holds it to peaks."""

import dataclasses
from pathlib import Path

from localchat import units
from localchat.fit import candidates, runtime
from localchat.models import gguf
from tests import architectures


def test_a_larger_vocabulary_takes_more(tmp_path: Path) -> None:
    """The figure follows the vocabulary that the header names."""
    size = dataclasses.replace(architectures.CLASSES["llama"].tiny, vocabulary=5000)
    path = architectures.write(tmp_path / "model.gguf", "llama", size)
    candidate = candidates.from_header(gguf.read_header(path), path.stat().st_size, model="m")

    found = runtime.runtime_bytes(candidate)

    smaller = dataclasses.replace(candidate.shape, vocabulary=4000)
    assert 1000 * runtime.TOKEN_BYTES == found - runtime.of_shape(smaller)


def test_experts_take_room_to_be_chosen(tmp_path: Path) -> None:
    """The table of which token goes to which expert grows with both kinds of count."""
    path = architectures.write(tmp_path / "model.gguf", "qwen3moe")
    candidate = candidates.from_header(gguf.read_header(path), path.stat().st_size, model="m")

    found = runtime.runtime_bytes(candidate)

    without = dataclasses.replace(candidate.shape, experts=None)
    assert 8 * 2 * 512 * 8 == found - runtime.of_shape(without)


def test_an_unknown_vocabulary_is_taken_for_a_usual_one(tmp_path: Path) -> None:
    """A model whose vocabulary is not known is not taken for one without any."""
    path = architectures.write(tmp_path / "model.gguf", "llama")
    known = candidates.from_header(gguf.read_header(path), path.stat().st_size, model="m")
    shape = dataclasses.replace(known.shape, vocabulary=None)

    found = runtime.runtime_bytes(dataclasses.replace(known, shape=shape))

    assert 100 * units.MIB < found < 200 * units.MIB
