"""What is imported when, and who may import whom."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli import command

_HEAVY = (
    "textual", "rich", "llama_cpp", "huggingface_hub", "httpx2", "numpy", "jinja2", "psutil",
)  # fmt: skip
_PROGRAM = """
import sys
from localchat.cli import main
try:
    code = main(sys.argv[1:])
finally:
    print(*sorted(name for name in sys.modules if "." not in name), file=sys.stderr)
"""


def _modules_after(*words: str) -> set[str]:
    """The top-level modules that `localchat` with these words has imported in the end."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *words],
        capture_output=True,
        text=True,
        env=command.environment(None),
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "words",
    [("--version",), ("--help",), ("run", "--help"), ("pull", "--help"), ("paths",), ("list",)],
    ids=" ".join,
)
def test_a_cold_start_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    """Neither the screens, the engine, the Hub nor their helpers are loaded to show a text."""
    found = _modules_after(*words)
    assert "localchat" in found
    assert found.isdisjoint(_HEAVY)
    assert "asyncio" not in found


def test_one_answer_needs_no_screens(tmp_path: Path) -> None:
    """`localchat run` up to its first error has loaded neither the screens nor the engine."""
    found = _modules_after("run", str(tmp_path / "none.gguf"), "Hi")
    assert found.isdisjoint({"textual", "rich", "llama_cpp", "huggingface_hub", "numpy"})


def test_every_import_goes_up_the_list_of_floors() -> None:
    """The contracts in pyproject.toml hold."""
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([program], capture_output=True, text=True, cwd=command.ROOT, check=False)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout
