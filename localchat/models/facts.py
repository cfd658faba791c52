"""Reads a TOML file of facts from `assets/`.

Knows nothing of what the facts mean.
"""

from decimal import Decimal
from pathlib import Path

import tomli

from localchat import errors
from localchat.tomltable import Source, Table

_HINT = "Install localchat again to mend the file."


def source(name: str) -> Source:
    """Name a file of facts; what is wrong in it is a CatalogueError."""
    return Source(name, errors.CatalogueError, _HINT)


def read(file: Path) -> Table:
    """Read a file of facts. Raises CatalogueError when it is missing or no TOML."""
    try:
        values = tomli.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomli.TOMLDecodeError) as error:
        raise errors.CatalogueError(f"{file.name} cannot be read: {error}.", _HINT) from error
    return Table(source(file.name), "", values)
