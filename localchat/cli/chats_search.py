"""`localchat chats search`: titles and messages with some words."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from localchat import errors, sanitize
from localchat.chat.records import Hit
from localchat.cli import cells, chats, console
from localchat.cli.tables import Pen

ROLES = {"user": "you", "assistant": "model", "system": "system"}


def run(given: argparse.Namespace) -> int:
    """Print what was found, and return the exit code."""
    # An argument with blanks was in quotation marks for the shell alone.
    text = " ".join(given.words)
    with chats.opened() as store:
        hits = store.search(text, given.limit) if store is not None else ()
    if given.json:
        shown = json.dumps([as_json(each) for each in hits], indent=2)
    else:
        shown = "\n".join(_lines(hits, text, Pen(sys.stdout)))
    console.write(sys.stdout, shown + "\n")
    return int(errors.ExitCode.OK)


def as_json(hit: Hit) -> dict[str, Any]:
    """Describe what was found as plain data."""
    return {
        "chat_id": hit.chat_id,
        "message_id": hit.message_id,
        "title": hit.title,
        "role": hit.role,
        "created": chats.iso(hit.created_seconds),
        "snippet": [{"text": text, "is_match": is_match} for text, is_match in hit.snippet],
    }


def _lines(hits: Sequence[Hit], text: str, pen: Pen) -> Iterator[str]:
    if not hits:
        yield f'No chat has "{sanitize.line(text, 60)}".'
    last_chat = ""
    for hit in hits:
        if hit.chat_id != last_chat:
            title = cells.cut(hit.title, 66) or "(no title)"
            yield f"{hit.chat_id[: chats.SHORT_ID_CHARACTERS]}  {pen.mark(title, 'strong')}"
            last_chat = hit.chat_id
        if hit.role is not None:
            snippet = "".join(
                pen.mark(sanitize.text(piece), "good" if is_match else "")
                for piece, is_match in hit.snippet
            )
            yield f"  {pen.mark(ROLES[hit.role], 'faint')}: {snippet}"
