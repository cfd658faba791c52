"""The examples in docstrings are true."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import localchat

_ROOT = Path(localchat.__file__).parent


def _with_examples() -> list[str]:
    found = pkgutil.walk_packages([str(_ROOT)], "localchat.")
    names = [module.name for module in found if not module.ispkg]
    return [name for name in names if ">>> " in _source(name)]


def _source(name: str) -> str:
    return _ROOT.joinpath(*name.split(".")[1:]).with_suffix(".py").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", _with_examples())
def test_examples(name: str) -> None:
    """Each example gives what it says."""
    results = doctest.testmod(importlib.import_module(name))

    assert results.attempted > 0
    assert results.failed == 0
