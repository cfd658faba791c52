"""Opening the chats: whose files they are, what is damaged or newer, and disks that know less."""

import contextlib
import os
import sqlite3
import stat
import sys
import time
from pathlib import Path

import pytest

from localchat import errors
from localchat.chat.store import schema
from localchat.chat.store.database import Abilities, Database, probe
from localchat.chat.store.store import Store
from tests.chat import kills, talks


def _keep(file: Path, *texts: str) -> None:
    with contextlib.closing(Store.open(file)) as store:
        talks.keep(store, *texts, title="Tea")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_the_files_are_this_users_alone(chats_file: Path) -> None:
    """Whatever the umask, and also those that SQLite makes; laxer ones are corrected."""
    before = os.umask(0)
    try:
        with contextlib.closing(Store.open(chats_file)) as store:
            talks.keep(store, "a", "b")
            made = list(chats_file.parent.rglob("*"))
            assert {"chats.db", "chats.db-wal", "chats.db-shm"} <= {path.name for path in made}
            for path in (chats_file.parent, *made):
                expected = 0o700 if path.is_dir() else 0o600
                assert expected == stat.S_IMODE(path.stat().st_mode), path
    finally:
        os.umask(before)
    chats_file.chmod(0o644)
    Store.open(chats_file).close()
    assert 0o600 == stat.S_IMODE(chats_file.stat().st_mode)


def test_closing_leaves_one_file_and_no_lock(chats_file: Path) -> None:
    """What stays beside it is empty."""
    _keep(chats_file, "a", "b")
    left = [path for path in chats_file.parent.rglob("*") if path.is_file()]
    assert {"chats.db", "chats.db.opening"} == {path.name for path in left}
    assert 0 == chats_file.with_name("chats.db.opening").stat().st_size


def test_a_newer_database_can_be_read_and_is_not_changed(chats_file: Path) -> None:
    """With a sentence; what cannot be kept is refused."""
    _keep(chats_file, "Why?", "Because.")
    with contextlib.closing(sqlite3.connect(chats_file)) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    before = chats_file.read_bytes()
    with contextlib.closing(Store.open(chats_file)) as store:
        assert store.is_read_only
        assert ["A newer localchat made these chats"] == [n.split(":")[0] for n in store.notices]
        (record,) = store.chats()
        assert ["Why?", "Because."] == talks.texts(store.tree(record.id))
        assert 1 == len(store.search("because"))
        with pytest.raises(errors.StoreError, match="reading only"):
            store.rename(record.id, "x")
    assert before == chats_file.read_bytes()


def test_reading_alone_changes_nothing(chats_file: Path) -> None:
    """And says so where there is nothing to read."""
    with pytest.raises(errors.StoreError, match="There are no chats yet"):
        Store.open(chats_file, read_only=True)
    _keep(chats_file, "Why?", "Because.")
    with contextlib.closing(Store.open(chats_file, read_only=True)) as store:
        assert ["Tea"] == [record.title for record in store.chats()]
        with pytest.raises(errors.StoreError, match="reading only"):
            store.purge(0.0)


def test_another_programs_database_is_left_alone(chats_file: Path) -> None:
    """With a sentence that names it."""
    chats_file.parent.mkdir()
    with contextlib.closing(sqlite3.connect(chats_file)) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")
    before = chats_file.read_bytes()
    with pytest.raises(errors.StoreError, match="belongs to another program"):
        Store.open(chats_file)
    assert before == chats_file.read_bytes()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """In one sentence, with the place."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(errors.StoreError) as caught:
        Store.open(tmp_path / "file" / "chats.db")
    assert "cannot be" in caught.value.message
    assert "\n" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    "garbage", [b"not a database at all " * 400, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_what_is_no_database_is_set_aside(chats_file: Path, garbage: bytes) -> None:
    """The chats begin anew, and the file stays as it is under another name."""
    chats_file.parent.mkdir()
    chats_file.write_bytes(garbage)
    with contextlib.closing(Store.open(chats_file)) as store:
        assert () == store.chats()
        (notice,) = store.notices
        talks.keep(store, "a", "b")
        store.check()
    (aside,) = chats_file.parent.glob("chats.db.corrupt-*")
    assert garbage == aside.read_bytes()
    assert "no chat could be saved" in notice and str(aside) in notice


def test_what_can_be_read_of_a_damaged_file_is_saved(chats_file: Path) -> None:
    """Chats around the damage come back whole; it is said how many."""
    with contextlib.closing(Store.open(chats_file)) as store:
        for number in range(200):
            talks.keep(store, f"Question {number} " + "q" * 500, "Answer", title=f"Chat {number}")
    size = chats_file.stat().st_size
    with chats_file.open("rb+") as handle:
        handle.seek(size // 2)
        handle.write(b"\xa5" * 16384)
    with contextlib.closing(Store.open(chats_file)) as store:
        records = store.chats()
        whole = [each for each in records if len(talks.texts(store.tree(each.id))) == 2]
        assert f"{len(records)} chats could be saved" in store.notices[0]
        store.check()
    assert [] == kills.sound(chats_file)
    assert len(whole) > 100
    with contextlib.closing(Store.open(chats_file)) as store:
        assert () == store.notices


def test_a_damaged_index_alone_is_made_again(chats_file: Path) -> None:
    """After a start that found it so; no chat is touched."""
    with contextlib.closing(Store.open(chats_file)) as store:
        record, (_, said) = talks.keep(store, "Why?", "Because of giraffes.")
        with contextlib.closing(sqlite3.connect(chats_file)) as connection:
            connection.execute("DELETE FROM part_index_data WHERE id > 10")
            connection.commit()
        with pytest.raises(errors.StoreError, match="damaged"):
            store.check()
    with contextlib.closing(Store.open(chats_file)) as store:
        assert () == store.notices
        assert [said.id] == [hit.message_id for hit in store.search("giraffes")]
        assert ["Why?", "Because of giraffes."] == talks.texts(store.tree(record.id))
        store.check()


def test_damage_in_a_large_file_is_found_by_the_start_after(chats_file: Path) -> None:
    """What comes up while it is used makes the next start read all of it."""
    with contextlib.closing(Store.open(chats_file)) as store:
        for number in range(100):
            talks.keep(store, f"Question {number} " + "q" * 500, "Answer", title="Chat")
        store.check()
    with contextlib.closing(Store.open(chats_file)) as store:
        with contextlib.closing(sqlite3.connect(chats_file)) as other:
            # What another program wrote makes this one read again.
            other.execute("INSERT INTO fact VALUES ('x', 'y')")
            other.commit()
        with chats_file.open("rb+") as handle:
            handle.seek(8192)
            handle.write(b"\xa5" * (chats_file.stat().st_size - 16384))
        with pytest.raises(errors.StoreError, match="damaged"):
            for record in store.chats():
                store.tree(record.id)
        left = list((chats_file.parent / "chats.db.open").iterdir())
    assert left == list((chats_file.parent / "chats.db.open").iterdir()) != []
    with contextlib.closing(Store.open(chats_file)) as store:
        assert "was damaged" in store.notices[0]


def test_a_damaged_file_stays_while_another_program_uses_it(chats_file: Path) -> None:
    """Or that one would write into what was set aside."""
    _keep(chats_file, *["word " * 200, "b"] * 40)
    with contextlib.closing(Store.open(chats_file)) as other:
        other.chats()
        with chats_file.open("rb+") as handle:
            handle.seek(8192)
            handle.write(b"\xa5" * 65536)
        with pytest.raises(errors.StoreError, match="another localchat uses it"):
            Store.open(chats_file)
    assert [] == list(chats_file.parent.glob("chats.db.corrupt-*"))


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX file system")
def test_a_file_system_without_shared_memory_serves_too(chats_file: Path) -> None:
    """As network disks are: with SQLite's old journal, and every step durable."""
    able = Abilities(probe().tokenizer, file_system="unix-dotfile")
    with contextlib.closing(Store.open(chats_file, abilities=able)) as store:
        record, (_, said) = talks.keep(store, "Why?", "Because")
        store.resume(said.id)
        store.append(said.id, "answer", " of tea")
        assert not chats_file.with_name("chats.db-wal").exists()
    with contextlib.closing(Store.open(chats_file, abilities=able)) as store:
        assert ["Why?", "Because of tea"] == talks.texts(store.tree(record.id))
        assert 1 == len(store.search("tea"))
        store.check()


def test_a_file_that_somebody_keeps_locked_is_said(chats_file: Path) -> None:
    """After a wait, in a sentence; nothing is changed."""
    _keep(chats_file, "a", "b")
    database = Database(chats_file)
    database.run("PRAGMA busy_timeout = 50")
    with contextlib.closing(sqlite3.connect(chats_file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(errors.StoreError, match="keeps the chats locked"), database.writing():
            pass
    with database.writing():
        pass
    database.close()


def test_a_full_disk_is_said_and_loses_nothing(chats_file: Path) -> None:
    """What was kept stays as it was."""
    _keep(chats_file, "a", "b")
    database = Database(chats_file)
    database.run("PRAGMA max_page_count = 1")
    with pytest.raises(errors.StoreError, match="disk is full"), database.writing():
        database.run("INSERT INTO fact VALUES ('large', ?)", ("x" * 1_000_000,))
    database.close()
    with contextlib.closing(Store.open(chats_file)) as store:
        assert ["Tea"] == [record.title for record in store.chats()]
        store.check()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs modes that hold")
def test_a_file_that_may_not_be_written_is_said(chats_file: Path) -> None:
    """With its name."""
    _keep(chats_file, "a", "b")
    chats_file.parent.chmod(0o500)
    try:
        with pytest.raises(errors.StoreError, match="cannot be"):
            Store.open(chats_file)
    finally:
        chats_file.parent.chmod(0o700)


@pytest.mark.parametrize(
    "value", ["", "[]", "null", "{", '{"name": 7}', '{"other": 1}', "[" * 5000]
)
def test_what_a_row_should_not_hold_is_left_out(chats_file: Path, value: str) -> None:
    """Models, statistics and settings of some other version hide no message."""
    with contextlib.closing(Store.open(chats_file)) as store:
        record, _ = talks.keep(store, "a", "b")
        with contextlib.closing(sqlite3.connect(chats_file)) as connection:
            connection.execute(
                "UPDATE message"
                " SET model = ?, stats = ?, settings = ?, role = 'tool', ending = 'x'",
                (value, value, value),
            )
            connection.execute("UPDATE chat SET settings = ?", (value,))
            connection.commit()
        path = store.tree(record.id).path()
        assert ["a", "b"] == [message.text for message in path]
        assert {(None, "user", "stop")} == {(each.model, each.role, each.ending) for each in path}
        assert 1 == len(store.chats())


def test_deleted_long_ago_is_gone_when_the_chats_are_opened(chats_file: Path) -> None:
    """After 30 days, and not before; so are chats that never began."""
    with contextlib.closing(Store.open(chats_file)) as store:
        old, _ = talks.keep(store, "a", "b", title="Old")
        young, _ = talks.keep(store, "a", "b", title="Young")
        for record in (old, young):
            store.delete_chat(record.id)
    day = 86_400
    with contextlib.closing(sqlite3.connect(chats_file)) as connection:
        for days, record in ((31, old), (29, young)):
            connection.execute(
                "UPDATE chat SET deleted_seconds = ? WHERE id = ?",
                (time.time() - days * day, record.id),
            )
        connection.execute(
            "INSERT INTO chat (id, created_seconds, updated_seconds) VALUES ('empty', 1, 1)"
        )
        connection.commit()
    with contextlib.closing(Store.open(chats_file)) as store:
        assert ["Young"] == [record.title for record in store.chats(deleted=True)]
        assert () == store.chats()
