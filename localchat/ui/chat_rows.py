"""Chats and what a search found, drawn as lines. Knows no widget; every text in it is untrusted."""

import time
from collections.abc import Sequence

from textual.content import Content

from localchat import sanitize
from localchat.chat.records import ChatRecord, Hit

_WHEN_CELLS = 10
_COUNT_CELLS = 8
_MODEL_CELLS = 26
_WITH_MODEL_CELLS = 76
_WITH_COUNT_CELLS = 50
_DAY_SECONDS = 86_400
_UNTITLED = "New chat"


def title(record: ChatRecord) -> str:
    """Name a chat, safe to show."""
    return sanitize.line(record.title, 200) or _UNTITLED


def heading(width: int) -> Content:
    """Name the columns."""
    return Content.styled(_row("chat", "model", "messages", "last", width), "$foreground-muted")


def row(
    record: ChatRecord, width: int, *, is_open: bool = False, now: float | None = None
) -> Content:
    """Draw one chat: its title, the model that answered last, how long it is, and when."""
    mark = "◆ " if record.is_pinned else "● " if is_open else "  "
    text = _row(
        mark + title(record),
        sanitize.line(record.model, _MODEL_CELLS),
        f"{record.messages:,}",
        when(record.deleted_seconds or record.updated_seconds, now),
        width,
    )
    found = Content(text)
    name_cells = _name_cells(width)
    if record.is_pinned or is_open:
        found = found.stylize("$accent" if record.is_pinned else "$success", 0, 1)
    return found.stylize("$foreground-muted", min(len(text), name_cells))


def hit(found: Hit, width: int, now: float | None = None) -> Content:
    """Draw what a search found: the chat it is in, and the words around it on a second line."""
    moment = when(found.created_seconds, now)
    room = max(8, width - _WHEN_CELLS - 1)
    name = Content(sanitize.line(found.title, 200) or _UNTITLED).truncate(
        room, ellipsis=True, pad=True
    )
    first = Content.assemble(
        name.stylize("bold"), " ", (moment.rjust(_WHEN_CELLS), "$foreground-muted")
    )
    who = {"user": "you: ", "assistant": "model: ", "system": "system: "}.get(found.role or "", "")
    lead = Content.styled("  " + who, "$foreground-muted")
    second = lead + _snippet(found, max(8, width - lead.cell_length))
    return Content("\n").join([first, second.truncate(width, ellipsis=True)])


def _snippet(found: Hit, width: int) -> Content:
    """Draw the text around the first match, so that the match is seen."""
    pieces = [(_shown(text), is_match) for text, is_match in found.snippet]
    before = 0
    for number, (text, is_match) in enumerate(pieces):
        if is_match:
            break
        before += len(text)
        if before > width // 3:
            cut = "…" + text[max(0, len(text) - width // 3) :]
            pieces[: number + 1] = [("", False)] * number + [(cut, False)]
    styles = {True: "bold $accent", False: "$foreground-muted"}
    return Content("").join(Content.styled(text, styles[match]) for text, match in pieces)


def _shown(text: str) -> str:
    # What separates the pieces must not go with their edges.
    shown = sanitize.line(text, 400)
    if not shown:
        return " "
    return " " * text[:1].isspace() + shown + " " * text[-1:].isspace()


def when(seconds: float, now: float | None = None) -> str:
    """Say when something was, in ten cells: the time of today, the day of this year, or the year.

    >>> when(0.0, 86_400 * 400)[:4] in ("1970", "1969")
    True
    """
    moment, today = time.localtime(seconds), time.localtime(time.time() if now is None else now)
    if moment[:3] == today[:3]:
        return time.strftime("%H:%M", moment)
    if 0 <= time.mktime(today) - seconds < 6 * _DAY_SECONDS:
        return time.strftime("%a %H:%M", moment)
    return time.strftime("%Y-%m-%d", moment)


def summary(records: Sequence[ChatRecord], *, deleted: bool) -> str:
    """Say how many there are."""
    count = len(records)
    words = f"{count:,} chat{'' if count == 1 else 's'}"
    return f"{words} deleted; each goes for good after 30 days" if deleted else words


def _row(name: str, model: str, count: str, moment: str, width: int) -> str:
    cells = Content(name).truncate(_name_cells(width), ellipsis=True, pad=True).plain
    if width >= _WITH_MODEL_CELLS:
        cells += " " + Content(model).truncate(_MODEL_CELLS, ellipsis=True, pad=True).plain
    if width >= _WITH_COUNT_CELLS:
        cells += count.rjust(_COUNT_CELLS)
    return cells + moment.rjust(_WHEN_CELLS + 1)


def _name_cells(width: int) -> int:
    taken = _WHEN_CELLS + 1
    if width >= _WITH_COUNT_CELLS:
        taken += _COUNT_CELLS
    if width >= _WITH_MODEL_CELLS:
        taken += _MODEL_CELLS + 1
    return max(8, width - taken)
