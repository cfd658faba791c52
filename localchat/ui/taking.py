"""What Enter does with a model, told in a word before it is pressed. Knows no widgets."""

from typing import Final, Literal

from localchat.fit.option import Option
from localchat.ui.hub_lines import Ask, Line
from localchat.ui.shelf import Entry
from localchat.ui.stock import Stock

Way = Literal["chat", "download", "go on", "look", "ask"]

TITLES: Final[dict[Way, str]] = {
    "chat": "Chat",
    "download": "Download",
    "go on": "Go on",
    "look": "Files",
    "ask": "Ask the Hub",
}


def way(line: Line | None, option: Option | None, stock: Stock | None) -> Way | None:
    """Say what becomes of a line of the list in this way of running it; None for nothing."""
    if isinstance(line, Ask):
        return "ask"
    if not isinstance(line, Entry):
        return None
    label = option.label if option else ""
    if (stock.path_of(line, label) if stock else line.path) is not None:
        return "chat"
    if line.partial is not None:
        return "go on"
    # What its repository has is read first, unless it was.
    return "look" if line.offer is None else "download"
