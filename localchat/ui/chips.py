"""Files beside a message as pieces of a row: what each says, and where it stands. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from textual.content import Content

from localchat import sanitize, units
from localchat.chat import attachments
from localchat.chat.messages import Part
from localchat.ui.prompt_files import Attachment

_NAME_CHARACTERS: Final = 36
_NOTE_CHARACTERS: Final = 60
_CROSS: Final = " × "
_PLAIN_STYLE: Final = "$foreground on $surface"
_CHOSEN_STYLE: Final = "$background on $primary"
_CROSS_STYLE: Final = "$foreground-muted on $surface"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chip stands in its row."""

    line: int
    begin: int
    cross: int
    end: int


def words(attachment: Attachment) -> str:
    """Say which file it is and what it costs, safe to show."""
    name = sanitize.line(attachment.name)
    if len(name) > _NAME_CHARACTERS:
        # The end of a path says more than its beginning.
        name = "…" + name[1 - _NAME_CHARACTERS :]
    part = attachment.part
    if part is None:
        return f"{name} · reading…"
    facts = [_cost(part, attachment.tokens)]
    if pages := attachments.pages(part):
        facts.insert(0, _plural(pages, "page"))
    if attachment.note:
        facts.append(sanitize.line(attachment.note, _NOTE_CHARACTERS))
    return ", ".join((name, *facts))


def lay_out(
    every: Sequence[Attachment], width: int, chosen: int | None
) -> tuple[Content, tuple[Place, ...]]:
    """Break the chips into lines of a width, and say where each of them is."""
    pieces = [_piece(words(each), at == chosen) for at, each in enumerate(every)]
    places = tuple(_places(pieces, width))
    lines: list[Content] = []
    for piece, place in zip(pieces, places, strict=True):
        if place.line == len(lines):
            lines.append(piece)
        else:
            lines[-1] = Content.assemble(lines[-1], " ", piece)
    return Content("\n").join(lines), places


def _piece(text: str, is_chosen: bool) -> Content:
    style = _CHOSEN_STYLE if is_chosen else _PLAIN_STYLE
    return Content.assemble((f" {text}", style), (_CROSS, style if is_chosen else _CROSS_STYLE))


def _places(pieces: Sequence[Content], width: int) -> Iterator[Place]:
    line, begin = 0, 0
    for piece in pieces:
        if begin and begin + piece.cell_length > width:
            line, begin = line + 1, 0
        # A chip wider than the row is cut, and its cross with it: then all of it is the chip.
        end = begin + piece.cell_length
        yield Place(line, begin, end - len(_CROSS), end)
        begin = end + 1


def _cost(part: Part, tokens: int | None) -> str:
    if tokens is None:
        return units.human_bytes(len(part.text.encode(errors="replace")))
    return _plural(tokens, "token")


def _plural(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'s' * (number != 1)}"
