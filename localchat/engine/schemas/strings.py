"""Grammars of JSON strings: free ones within lengths, keys that are none of some, and formats.

No control character is ever written raw, and escapes always make a whole character.
"""

import json
from collections.abc import Iterable

from localchat.engine.schemas import grammar
from localchat.engine.schemas.grammar import Node

MOST_CHARACTERS = 8192
"""The longest string where a schema sets no limit."""
_MOST_KEY_CHARACTERS = 64

_QUOTE, _BACKSLASH = (ord('"'),) * 2, (ord("\\"),) * 2
_UNWRITTEN = ((0x00, 0x1F), _QUOTE, _BACKSLASH, (0x7F, 0x9F), (0x2028, 0x2029), (0xFFFE, 0xFFFF))
PLAIN = grammar.all_but(_UNWRITTEN)
"""The characters that are written as they are."""
_DIGIT = grammar.between("0", "9")
_HEX = grammar.chars([(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)])


def _hex(count: int) -> Node:
    return grammar.repeat(_HEX, count, count)


def _escape() -> Node:
    """Write one character with a backslash; a surrogate only as one half of a pair."""
    high = grammar.sequence(grammar.of("dD"), grammar.of("89abAB"), _hex(2))
    low = grammar.sequence(grammar.of("dD"), grammar.of("cdefCDEF"), _hex(2))
    not_d = grammar.chars([(0x31, 0x39), (0x41, 0x43), (0x45, 0x46), (0x61, 0x63), (0x65, 0x66)])
    one = grammar.choice(
        grammar.sequence(not_d, _hex(3)),
        grammar.sequence("0", grammar.between("1", "9"), _hex(2)),
        grammar.sequence("00", grammar.of("234567abcdefABCDEF"), _HEX),
        grammar.sequence(grammar.of("dD"), grammar.between("0", "7"), _hex(2)),
    )
    code = grammar.choice(one, grammar.sequence(high, "\\u", low))
    return grammar.sequence(
        "\\", grammar.choice(grammar.of('"\\/nrt'), grammar.sequence("u", code))
    )


_CHARACTER = grammar.choice(PLAIN, _escape())
_ANY = grammar.sequence('"', grammar.repeat(_CHARACTER, 0, MOST_CHARACTERS), '"')


def string(least: int = 0, most: int | None = None) -> Node:
    """Return the grammar of strings of `least` to `most` characters."""
    if least == 0 and most is None:
        return _ANY
    most = MOST_CHARACTERS if most is None else min(most, MOST_CHARACTERS)
    return grammar.sequence('"', grammar.repeat(_CHARACTER, least, max(most, least)), '"')


def written(char: str) -> Node:
    """Return the grammar of one character within a string, escaped where it has to be."""
    return grammar.Text(json.dumps(char, ensure_ascii=not _is_plain(char))[1:-1])


def literal(value: object) -> Node:
    """Return the grammar of one JSON value, written without spaces."""
    # A lone surrogate can only be written as an escape.
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=float)
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(value, separators=(",", ":"), default=float)
    return grammar.Text(text)


def key_besides(names: Iterable[str]) -> Node:
    """Return the grammar of keys that are none of `names`."""
    # A name that needs an escape cannot be written here at all.
    plain = frozenset(name for name in names if all(map(_is_plain, name)))
    return grammar.sequence('"', _besides(plain, is_start=True))


def _is_plain(char: str) -> bool:
    return any(low <= ord(char) <= high for low, high in PLAIN.ranges)


def _besides(names: frozenset[str], *, is_start: bool = False) -> Node:
    """Return what may follow when `names` are what is left of the names to avoid."""
    starts = sorted({name[0] for name in names if name})
    other = grammar.all_but((*_UNWRITTEN, *((ord(char), ord(char)) for char in starts)))
    more = grammar.repeat(PLAIN, 0, _MOST_KEY_CHARACTERS)
    ways: list[Node] = [] if is_start or "" in names else [grammar.Text('"')]
    ways.append(grammar.sequence(other, more, '"'))
    for char in starts:
        rests = frozenset(name[1:] for name in names if name[:1] == char)
        ways.append(grammar.sequence(char, _besides(rests)))
    return grammar.choice(*ways)


# --- formats ------------------------------------------------------------------------------------


def _numbers(*texts: str) -> Node:
    return grammar.choice(*texts)


def _two_digits(first: int, last: int) -> Node:
    return _numbers(*(f"{number:02d}" for number in range(first, last + 1)))


def _date() -> Node:
    century = grammar.choice("19", "20", "21")
    year = grammar.sequence(century, grammar.repeat(_DIGIT, 2, 2))
    leap = grammar.sequence(century, _numbers(*(f"{y:02d}" for y in range(4, 100, 4))))
    long = grammar.sequence(_numbers("01", "03", "05", "07", "08", "10", "12"), "-")
    short = grammar.sequence(_numbers("04", "06", "09", "11"), "-")
    days = grammar.choice(
        grammar.sequence(long, _two_digits(1, 31)),
        grammar.sequence(short, _two_digits(1, 30)),
        grammar.sequence("02-", _two_digits(1, 28)),
    )
    return grammar.choice(grammar.sequence(year, "-", days), grammar.sequence(leap, "-02-29"))


def _time() -> Node:
    sixty = _two_digits(0, 59)
    fraction = grammar.sequence(".", grammar.repeat(_DIGIT, 1, 6))
    offset = grammar.sequence(grammar.of("+-"), _two_digits(0, 23), ":", sixty)
    zone = grammar.choice("Z", offset)
    hour = _two_digits(0, 23)
    return grammar.sequence(hour, ":", sixty, ":", sixty, grammar.optional(fraction), zone)


def _uuid() -> Node:
    groups = (grammar.repeat(_HEX, count, count) for count in (8, 4, 4, 4, 12))
    first, *others = groups
    return grammar.sequence(first, *(part for group in others for part in ("-", group)))


def _ipv4() -> Node:
    byte = _numbers(*map(str, range(256)))
    return grammar.sequence(byte, ".", byte, ".", byte, ".", byte)


def _email() -> Node:
    letter = grammar.chars([(0x30, 0x39), (0x61, 0x7A)])
    word = grammar.sequence(letter, grammar.repeat(letter, 0, 29))
    dotted = grammar.sequence(grammar.of(".-_"), word)
    ending = grammar.repeat(grammar.between("a", "z"), 2, 10)
    name = grammar.sequence(word, grammar.repeat(dotted, 0, 3))
    host = grammar.repeat(grammar.sequence(word, "."), 1, 3)
    return grammar.sequence(name, "@", host, ending)


FORMATS = {
    "date": _date,
    "time": _time,
    "date-time": lambda: grammar.sequence(_date(), "T", _time()),
    "uuid": _uuid,
    "ipv4": _ipv4,
    "email": _email,
}
"""What is held of the formats of JSON Schema; RFC 3339 for dates and times."""


def formatted(name: str) -> Node:
    """Return the grammar of strings in one of `FORMATS`."""
    return grammar.sequence('"', FORMATS[name](), '"')
