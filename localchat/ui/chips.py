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
_SHORTEST_NAME: Final = 8
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


def words(attachment: Attachment, width: int = 80) -> str:
    """Say which file it is and what it costs, safe to show, in a width if that is possible."""
    said = " · reading…" if attachment.part is None else f", {_facts(attachment, attachment.part)}"
    most = max(_SHORTEST_NAME, min(_NAME_CHARACTERS, width - len(said) - len(_CROSS) - 1))
    name = sanitize.line(attachment.name)
    if len(name) > most:
        # The end of a path says more than its beginning.
        name = "…" + name[1 - most :]
    return name + said


def total(every: Sequence[Attachment]) -> str:
    """Say how many files there are and what all of them cost; nothing of one alone."""
    if len(every) < 2:
        return ""
    tokens = [each.tokens for each in every if each.tokens is not None]
    known = f", {_plural(sum(tokens), 'token')}" if len(tokens) == len(every) else ""
    return _plural(len(every), "file") + known


def _facts(attachment: Attachment, part: Part) -> str:
    facts = [_cost(part, attachment.tokens)]
    if pages := attachments.pages(part):
        facts.insert(0, _plural(pages, "page"))
    if attachment.note:
        facts.append(sanitize.line(attachment.note, _NOTE_CHARACTERS))
    return ", ".join(facts)


def lay_out(
    every: Sequence[Attachment], width: int, chosen: int | None
) -> tuple[list[Content], tuple[Place, ...]]:
    """Break the chips into lines of a width, and say where each of them is."""
    pieces = [_piece(words(each, width), at == chosen) for at, each in enumerate(every)]
    places = tuple(_places(pieces, width))
    lines: list[Content] = []
    for piece, place in zip(pieces, places, strict=True):
        if place.line == len(lines):
            lines.append(piece)
        else:
            lines[-1] = Content.assemble(lines[-1], " ", piece)
    return lines, places


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
