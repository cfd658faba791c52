"""`localchat chats export` and `import`, as they are typed."""

import json
import os
import subprocess
import sys
from pathlib import Path

from localchat.chat import messages
from localchat.chat.settings import ChatSettings
from localchat.chat.store.store import Store


def _localchat(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LOCALCHAT_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-m", "localchat", *words],
        capture_output=True, text=True, encoding="utf-8", timeout=60, check=False, env=environment,
    )  # fmt: skip


def _filled(home: Path) -> None:
    store = Store.open(home / "chats.db")
    for title in ("Tea", "Tea", "Coffee"):
        record = store.new_chat(ChatSettings(), title)
        asked = messages.new(record.id, None, "user", f"What is {title}? 茶")
        store.add(asked)
        store.add(messages.new(record.id, asked.id, "assistant", "A drink."))
    store.close()


def test_everything_goes_from_one_home_to_another(tmp_path: Path) -> None:
    """Every chat is there afterwards, and a second time nothing is doubled."""
    one, other, file = tmp_path / "one", tmp_path / "other", tmp_path / "all.json"
    one.mkdir()
    _filled(one)
    written = _localchat(one, "chats", "export", "--all", "-o", str(file))
    assert (0, "") == (written.returncode, written.stdout), written.stderr
    first = _localchat(other, "chats", "import", str(file))
    again = _localchat(other, "chats", "import", str(file))
    assert "3 chats imported." in first.stderr
    assert "0 chats imported; 3 were here already." in again.stderr
    listed = [
        json.loads(_localchat(each, "chats", "list", "--json").stdout) for each in (one, other)
    ]
    assert listed[0] == listed[1]
    found = json.loads(_localchat(other, "chats", "search", "茶", "--json").stdout)
    assert 3 == len(found)


def test_one_chat_goes_to_stdout_or_into_a_new_file(tmp_path: Path) -> None:
    """The file's name says the format; one that is there stays."""
    _filled(tmp_path)
    shown = _localchat(tmp_path, "chats", "export", "Coffee")
    assert shown.stdout.startswith("# Coffee\n"), shown.stderr
    page = tmp_path / "coffee.html"
    assert 0 == _localchat(tmp_path, "chats", "export", "Coffee", "-o", str(page)).returncode
    before = page.read_text("utf-8")
    assert before.startswith("<!doctype html>")
    again = _localchat(tmp_path, "chats", "export", "Coffee", "-o", str(page))
    assert 2 == again.returncode
    assert "is there already" in again.stderr
    assert before == page.read_text("utf-8")


def test_all_chats_go_into_a_folder_even_with_one_title(tmp_path: Path) -> None:
    """One file each."""
    _filled(tmp_path)
    folder = tmp_path / "notes"
    folder.mkdir()
    done = _localchat(tmp_path, "chats", "export", "--all", "-o", str(folder), "--json")
    assert 3 == len(json.loads(done.stdout))
    assert ["Coffee.md", "Tea-2.md", "Tea.md"] == sorted(each.name for each in folder.iterdir())


def test_wrong_input_is_told_in_a_sentence(tmp_path: Path) -> None:
    """With what to do and the documented exit code; nothing is kept of half a file."""
    _filled(tmp_path)
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    for words, code, said in (
        (("export",), 2, "Name one chat, or say --all."),
        (("export", "nothing"), 1, "There is no chat"),
        (("export", "Coffee", "-o", str(tmp_path / "a.pdf")), 2, ".md, .html or .json"),
        (("import", str(bad)), 1, "holds no chats that localchat knows"),
        (("import", str(tmp_path / "no.json")), 1, "cannot be read"),
    ):
        done = _localchat(tmp_path, "chats", *words)
        assert (code, "") == (done.returncode, done.stdout)
        assert said in done.stderr
