"""The settings and the keys as people and programs read them."""

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from localchat import sanitize, settings, units
from localchat.cli import console
from localchat.cli.tables import Cell, Column, Pen
from localchat.ui.commands import keys
from localchat.ui.commands.command import Command

_FILE: Final = "config.toml"
_COLUMNS = (
    Column("setting", 24, right=False),
    Column("value and where it is from, or what it may be", 54, right=False),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A setting: its value, and where that comes from; empty where it is not set."""

    key: str
    value: Any = None
    source: str = ""
    allowed: str = ""

    @property
    def written(self) -> str:
        """The value as one would write it."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        if isinstance(self.value, tuple):
            return ",".join(self.value)
        return "" if self.value is None else str(self.value)

    @property
    def as_json(self) -> dict[str, Any]:
        """The setting for a program."""
        found = dataclasses.asdict(self)
        return {**found, "source": self.source or None}


def rows(file: Mapping[str, Any], environment: Mapping[str, Any]) -> tuple[Row, ...]:
    """List every setting, then the keys that were set."""
    found = []
    for table, names in settings.TABLES.items():
        for name in names:
            value, source = file.get(name), _FILE if name in file else ""
            if name in environment:
                value, source = environment[name], settings.ENVIRONMENT_PREFIX + name.upper()
            found.append(Row(f"{table}.{name}", value, source, settings.KINDS[name].allowed))
    own: Mapping[str, tuple[str, ...]] = file.get("keys", {})
    return (*found, *(Row(f"keys.{name}", each, _FILE, "keys") for name, each in own.items()))


def show(every: Sequence[Row], file: Path, *, as_json: bool) -> None:
    """Print every setting, as a table or one JSON list."""
    if as_json:
        console.write(sys.stdout, json.dumps([row.as_json for row in every], indent=2) + "\n")
        return
    pen = Pen(sys.stdout)
    lines = pen.table(_COLUMNS, [_cells(row) for row in every])
    where = f"In {sanitize.line(str(file))}; change one with `localchat config set KEY VALUE`."
    console.write(sys.stdout, "\n".join([*lines, "", where]) + "\n")


def show_keys(
    every: Sequence[Command], own: Mapping[str, tuple[str, ...]], *, as_json: bool
) -> None:
    """Print the commands that have keys, as a table or one JSON list."""
    those = [command for command in every if command.keys]
    if as_json:
        found = [
            {
                "id": each.id,
                "keys": list(each.keys),
                "title": each.title,
                "help": each.help,
                "is_own": each.id in own,
                "can_change": not each.is_fixed,
            }
            for each in those
        ]
        console.write(sys.stdout, json.dumps(found, indent=2) + "\n")
        return
    columns = (
        Column("command", 23, right=False),
        Column("keys", 19, right=False),
        Column("what it does", 35, right=False),
    )
    pen = Pen(sys.stdout)
    lines = pen.table(columns, [_key_cells(each, is_own=each.id in own) for each in those])
    hint = "Change one with `localchat config set keys.COMMAND KEY,KEY`; faint ones stay."
    console.write(sys.stdout, "\n".join([*lines, "", hint]) + "\n")


def _cells(row: Row) -> tuple[Cell, ...]:
    if not row.source:
        return Cell(row.key, "faint"), Cell(f"not set; {row.allowed}", "faint")
    value = row.written
    if row.key == "downloads.limit" and row.value:
        value = f"{units.human_bytes(row.value)}/s"
    return Cell(row.key), Cell(f"{value}  ({row.source})", "strong")


def _key_cells(command: Command, *, is_own: bool) -> tuple[Cell, ...]:
    shown = ", ".join(keys.spoken(key) for key in command.keys)
    if command.is_fixed:
        return Cell(command.id, "faint"), Cell(shown, "faint"), Cell(command.help, "faint")
    return Cell(command.id), Cell(shown, "strong" if is_own else ""), Cell(command.help)
