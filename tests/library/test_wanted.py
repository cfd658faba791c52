"""What was wanted is remembered over the end of the program, whoever else writes, whatever is in
the file.
"""

import json
import threading
from pathlib import Path

import pytest

from localchat.library import wanted
from localchat.library.values import RemoteFile
from localchat.library.wanted import Wanted

_SHA256 = "ab" * 32


def _wanted(number: int) -> Wanted:
    file = RemoteFile("maker/m-GGUF", "0" * 40, f"m-{number}.gguf", number, _SHA256, _SHA256)
    return Wanted(f"model {number}", (file,))


def test_what_was_added_is_read_in_its_order_and_removed_by_its_files(tmp_path: Path) -> None:
    """Adding again moves it to the end; removing what is not there does nothing."""
    file = tmp_path / "state" / "downloads.json"
    for number in (1, 2, 1):
        wanted.add(file, _wanted(number))
    assert (_wanted(2), _wanted(1)) == wanted.read(file)
    wanted.remove(file, _wanted(2).files)
    wanted.remove(file, _wanted(3).files)
    assert (_wanted(1),) == wanted.read(file)


def test_nobody_loses_what_another_adds(tmp_path: Path) -> None:
    """Twenty writers at once leave twenty entries."""
    file = tmp_path / "downloads.json"
    threads = [
        threading.Thread(target=wanted.add, args=(file, _wanted(number))) for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {_wanted(number) for number in range(20)} == set(wanted.read(file))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no JSON",
        "[]",
        '{"downloads": 3}',
        '{"downloads": [{"title": "a", "files": []}]}',
        '{"downloads": [{"title": "a", "files": [{"repo": "x"}]}]}',
        json.dumps({"downloads": [{"title": 1, "files": [{}]}]}),
        "[" * 10_000,
    ],
)
def test_a_damaged_file_remembers_nothing_and_harms_nobody(content: str, tmp_path: Path) -> None:
    """It is read as empty, and written anew with the next download."""
    file = tmp_path / "downloads.json"
    file.write_text(content)
    assert () == wanted.read(file)
    wanted.add(file, _wanted(1))
    assert (_wanted(1),) == wanted.read(file)


def test_a_folder_that_cannot_be_written_costs_only_the_memory(tmp_path: Path) -> None:
    """No error reaches the one who wants a download."""
    (tmp_path / "file").write_text("in the way")
    wanted.add(tmp_path / "file" / "downloads.json", _wanted(1))
