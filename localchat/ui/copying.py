"""Copy text in the best way there is, and tell the reader truthfully which one it was."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from textual.app import App

from localchat import paths, sanitize
from localchat.ui import clipboard, osc52, toasts

_KEPT_FILES: Final = 20


async def copy(app: App[None], text: str, what: str) -> None:
    """Copy `text`, and show how; `what` names it, as in "The last answer"."""
    safe = sanitize.text(text)
    # So that it can be pasted here too. Its setter would write to the terminal as well.
    app._clipboard = safe
    said = await put(safe, os.environ, paths.paths().copies, _terminal(app))
    toasts.tell(app, f"{what}: {said}")


async def put(
    text: str, environment: Mapping[str, str], folder: Path, write: Callable[[str], None] | None
) -> str:
    """Put `text` on a clipboard, or into a file of `folder`, and say in words where it is.

    A tool is asked first, since it answers; over SSH the terminal, where the reader sits. `write`
    sends something to the terminal, None where there is none.
    """
    for tool in clipboard.find_tools(environment):
        if await clipboard.copy_with(tool, text):
            return f"copied with {tool.name}."
    tmux = clipboard.find_tmux(environment)
    into_tmux = tmux is not None and await clipboard.copy_with(tmux, text)
    if write is not None and osc52.is_possible(text, environment):
        write(osc52.sequence(text, environment))
        where = "copied into tmux and sent" if into_tmux else "sent"
        return f"{where} to the terminal (OSC 52); whether it arrived the terminal does not tell."
    if into_tmux:
        return "copied into tmux, where its prefix and ] paste it."
    try:
        file = await asyncio.to_thread(_save, text, folder)
    except OSError as error:
        why = error.strerror or type(error).__name__
        return f"not copied: there is no clipboard, and no file could be written ({why})."
    return f"saved to {file}, since no clipboard takes it."


def _terminal(app: App[None]) -> Callable[[str], None] | None:
    # App.copy_to_clipboard writes the bare sequence only, which no multiplexer passes on.
    return None if app._driver is None else app._driver.write


def _save(text: str, folder: Path) -> Path:
    """Write a private file with a name that sorts by time, and forget the oldest of them."""
    paths.private_folder(folder)
    second, fraction = divmod(time.time_ns(), 1_000_000_000)
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(second))
    file = folder / f"copy-{stamp}-{fraction:09}.md"
    paths.write_atomically(file, text)
    for old in sorted(folder.glob("copy-*.md"))[:-_KEPT_FILES]:
        old.unlink(missing_ok=True)
    return file
