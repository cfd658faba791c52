"""Copy text every way there is, and tell the reader truthfully which one it was."""

import os
from pathlib import PurePath

from textual.app import App

from localchat.ui import clipboard


async def copy(app: App[None], text: str, what: str) -> None:
    """Copy `text`, and show how; `what` is its name, safe to show."""
    # Harmless where it is not understood, and over SSH it reaches the reader's own clipboard.
    app.copy_to_clipboard(text)
    tool = clipboard.find_tool(os.environ)
    if tool is not None and await clipboard.copy_with(tool, text):
        how = f"copied with {PurePath(tool[0]).name}"
    else:
        how = "sent to the terminal (OSC 52), which may or may not have taken it"
    app.notify(f"{what}: {how}.", markup=False)
