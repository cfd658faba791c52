"""`localchat search`: GGUF models on the Hub."""

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import islice
from typing import Any

from localchat import errors, sanitize, units
from localchat.cli import console, hub, name_table
from localchat.cli.console import Console
from localchat.cli.tables import Cell, Column, Pen
from localchat.hub.search import MOST_PAGE_RESULTS, Search, SearchResult, Sort

_COLUMNS = (
    Column("repository", 43, right=False),
    Column("weights", 7),
    Column("downloads", 9),
    Column("likes", 6),
    Column("updated", 10),
)


def run(given: argparse.Namespace) -> int:
    """Print what the Hub has, and return the exit code.

    Raises UsageError when nothing was asked for, and as HubClient does.
    """
    wanted = Search(
        text=" ".join(given.words),
        author=given.author,
        most_parameters=given.max_size,
        sort=Sort(given.sort),
        page_results=min(given.limit, MOST_PAGE_RESULTS),
    )
    if not wanted.text.strip() and not wanted.author:
        raise errors.UsageError("There is nothing to look for.", "Type: localchat search mistral")
    with hub.client(hub.who(given.offline), Console(sys.stdout, sys.stderr)) as client:
        every = (result for page in client.pages(wanted) for result in page.results)
        found = list(islice(every, given.limit))
    if given.json:
        text = json.dumps([as_json(each) for each in found], indent=2)
    else:
        text = "\n".join(_lines(found, Pen(sys.stdout)))
    console.write(sys.stdout, text + "\n")
    return int(errors.ExitCode.OK)


def as_json(result: SearchResult) -> dict[str, Any]:
    """Describe one repository as plain data."""
    return {
        "repo": result.repo,
        "author": result.author,
        "downloads": result.downloads,
        "likes": result.likes,
        "updated": result.modified.isoformat() if result.modified else None,
        "gated": result.gated,
        "private": result.private,
        "parameters": result.parameters,
        "architecture": result.architecture,
        "trained_context_tokens": result.trained_context_tokens,
        "tags": list(result.tags),
    }


def _lines(found: Sequence[SearchResult], pen: Pen) -> list[str]:
    if not found:
        return ["The Hub has no GGUF model like that. Fewer words find more."]
    rows = [_row(each) for each in found]
    lines = [*name_table.lines(pen, _COLUMNS, rows), ""]
    if any(each.gated for each in found):
        lines += pen.paragraph("* gated: its owner must let you in first, on its page on the Hub.")
    first = sanitize.line(found[0].repo, 120)
    return lines + pen.paragraph(f"What fits this machine: localchat fit {first}")


def _row(result: SearchResult) -> tuple[Cell | str, ...]:
    return (
        Cell(f"{result.repo}{' *' if result.gated else ''}", "strong"),
        f"{result.parameters / 1e9:.1f}B" if result.parameters else "",
        units.human_count(result.downloads),
        units.human_count(result.likes),
        result.modified.date().isoformat() if result.modified else "",
    )
