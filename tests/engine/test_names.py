"""What the installed llama.cpp knows, read off its library."""

from pathlib import Path

import pytest

from localchat.engine import names
from tests import architectures

SURE = (*names.SURE_ARCHITECTURES, *names.SURE_TOKENIZERS)


def test_every_architecture_that_the_engine_runs_is_known() -> None:
    """What the tests load and size is known; what nobody has heard of is not."""
    kinds = {kind.architecture for kind in architectures.CLASSES.values()}
    assert dict.fromkeys(kinds, True) == {kind: names.architecture(kind) for kind in kinds}
    assert names.architecture("no-such-architecture") is False


def test_tokenizers_are_known_too() -> None:
    """The usual pre-tokenizers are known, and an unheard-of one is not."""
    usual = ("llama-bpe", "qwen2", "gpt-4o", "tekken", "deepseek-v3")
    assert dict.fromkeys(usual, True) == {name: names.tokenizer(name) for name in usual}
    assert names.tokenizer("no-such-bpe") is False


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_a_name_that_is_none_is_no_answer(name: str) -> None:
    """Nothing is said of what cannot be looked for."""
    assert names.architecture(name) is None


def test_a_library_that_cannot_be_read_this_way_says_nothing(tmp_path: Path) -> None:
    """Where usual names are missing too, an unknown name proves nothing; known ones still count."""
    whole, partly = tmp_path / "whole.so", tmp_path / "partly.so"
    whole.write_bytes(b"\0".join(name.encode() for name in SURE) + b"\0")
    partly.write_bytes(b"llama\0qwen3\0")
    assert (True, False) == (names.architecture("llama", whole), names.architecture("x9", whole))
    assert (True, None) == (names.architecture("llama", partly), names.architecture("x9", partly))
    assert names.architecture("llama", tmp_path / "missing.so") is None
