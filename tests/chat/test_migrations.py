"""Databases of earlier versions: brought here whole, or not at all."""

import contextlib
import random
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from localchat.chat.store import migrations, schema
from localchat.chat.store.store import Store
from tests.chat import kills, old_databases, talks

_TABLES = ("chat", "message", "part", "fragment", "choice", "summary", "fact")


def _shape(file: Path) -> dict[str, Any]:
    """What the tables of a database look like, however they were made."""
    with contextlib.closing(sqlite3.connect(file)) as connection:

        def rows(pragma: str) -> list[Any]:
            return connection.execute(f"PRAGMA {pragma}").fetchall()

        shape: dict[str, Any] = {"version": rows("user_version"), "of": rows("application_id")}
        for table in _TABLES:
            columns = sorted(row[1:] for row in rows(f"table_info({table})"))
            indexes = sorted(
                (row[1:], rows(f"index_xinfo({row[1]})")) for row in rows(f"index_list({table})")
            )
            shape[table] = (columns, indexes, sorted(rows(f"foreign_key_list({table})")))
        names = "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
        shape["names"] = connection.execute(names).fetchall()
        return shape


def test_every_version_has_a_step_and_a_database() -> None:
    """From 1 on, without a gap."""
    assert list(range(2, schema.VERSION + 1)) == sorted(migrations.STEPS)
    assert tuple(range(1, schema.VERSION)) == old_databases.VERSIONS


@pytest.mark.parametrize("version", old_databases.VERSIONS)
def test_a_migrated_database_is_as_a_new_one(chats_file: Path, version: int) -> None:
    """The same tables, columns, rules and indexes; opening it again changes nothing."""
    old_databases.make(chats_file, version)
    Store.open(chats_file).close()
    fresh = chats_file.with_name("fresh.db")
    Store.open(fresh).close()
    migrated = _shape(chats_file)
    for table in _TABLES:
        # A column that was added stands at the end of the table.
        migrated[table] = _without_places(migrated[table])
    assert {
        **_shape(fresh),
        **{table: _without_places(_shape(fresh)[table]) for table in _TABLES},
    } == migrated
    Store.open(chats_file).close()
    assert _shape(chats_file)["names"] == migrated["names"]


@pytest.mark.parametrize("version", old_databases.VERSIONS)
def test_nothing_is_lost_on_the_way(chats_file: Path, version: int) -> None:
    """Messages, versions, drafts and settings; what was streaming has ended; a copy is kept."""
    old_databases.make(chats_file, version)
    before = chats_file.read_bytes()
    with contextlib.closing(Store.open(chats_file)) as store:
        record, tree = store.chat("tea"), store.tree("tea")
        assert list(old_databases.SHOWN) == talks.texts(tree)
        assert ("a1", "a2") == tree.versions("a1")
        assert ("interrupted", "Hm.") == (tree.messages["a3"].ending, tree.messages["a3"].reasoning)
        mark = tree.messages["a1"].model
        assert mark is not None
        assert ("Guide", "Q8_0", "ab", 7) == (
            mark.name,
            mark.quant,
            mark.sha256,
            tree.messages["a1"].seed,
        )
        assert ("and then", "Be brief.") == (record.draft, record.settings.system)
        assert (version > 1) == record.is_pinned
        assert ["s1"] * (version > 1) == [summary.id for summary in tree.summaries]
        assert ["Gone"] == [each.title for each in store.chats(deleted=True)]
        assert 1 == len(store.search("fermented"))
    copy = migrations.backup(chats_file, version)
    assert 0o600 == copy.stat().st_mode & 0o777
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        assert [(version,)] == connection.execute("PRAGMA user_version").fetchall()
        assert [(6,)] == connection.execute("SELECT count(*) FROM message").fetchall()
    assert before[:16] == copy.read_bytes()[:16]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a signal that cannot be caught")
@pytest.mark.parametrize("goal", sorted(migrations.STEPS))
def test_a_kill_inside_a_step_leaves_the_version_before_it(tmp_path: Path, goal: int) -> None:
    """Before any of its statements; the next start goes on and loses nothing."""
    assert [] == kills.kill_in_step(tmp_path, goal, kills=4)


@pytest.mark.slow
def test_a_kill_at_any_time_loses_nothing(tmp_path: Path) -> None:
    """While the copy is made, or inside a statement."""
    inside, wrong = kills.kill_at_any_time(tmp_path, 2, 3, random.Random(5))
    assert [] == wrong
    assert inside > 0


def test_two_that_start_at_once_migrate_once(chats_file: Path) -> None:
    """The second one waits, and both go on."""
    old_databases.make(chats_file, 1, more_messages=500)
    programs = [kills.start("turns", str(chats_file), name, "3") for name in ("one", "two")]
    assert [3, 3] == [len(each.communicate()[0].splitlines()) for each in programs]
    assert [0, 0] == [each.returncode for each in programs]
    assert [] == kills.migrated_well(chats_file)


def _without_places(table: tuple[Any, ...]) -> tuple[Any, ...]:
    columns, indexes, keys = table
    named = sorted(
        (row[0], [(each[2], each[3], each[5]) for each in places]) for row, places in indexes
    )
    return columns, named, keys
