"""OSC 52: the sequence that asks a terminal to fill its clipboard. Pure text.

It goes wherever the terminal is, also over SSH, and is never answered: whether a terminal took it
cannot be known. Some are known not to.
"""

import base64
from collections.abc import Mapping
from typing import Final

MOST_BYTES: Final = 74_000
"""Of text; longer sequences than the 100 kB that this makes are dropped by several terminals."""

_DEAF_TYPES: Final = frozenset(("linux", "cons25", "vt100", "vt220"))
_DEAF_PROGRAMS: Final = frozenset(("Apple_Terminal",))
_SCREEN_CHUNK: Final = 512


def is_possible(text: str, environment: Mapping[str, str]) -> bool:
    """Tell whether sending is worth a try: the terminal may take it, and it is not too long.

    >>> is_possible("short", {"TERM": "xterm-256color"}), is_possible("short", {"TERM": "linux"})
    (True, False)
    """
    if environment.get("TERM", "") in _DEAF_TYPES:
        return False
    if environment.get("TERM_PROGRAM", "") in _DEAF_PROGRAMS:
        return False
    return len(text.encode(errors="replace")) <= MOST_BYTES


def sequence(text: str, environment: Mapping[str, str]) -> str:
    """Write the sequence, and again in the wrapping of a multiplexer between here and the terminal.

    tmux takes the bare one with `set-clipboard on` and passes the wrapped one on with
    `allow-passthrough on`; both are told nowhere.

    >>> sequence("a", {})
    '\\x1b]52;c;YQ==\\x07'
    """
    encoded = base64.b64encode(text.encode(errors="replace")).decode("ascii")
    bare = f"\x1b]52;c;{encoded}\x07"
    if is_tmux(environment):
        return bare + "\x1bPtmux;" + bare.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if environment.get("TERM", "").startswith("screen"):
        # GNU screen passes on only short strings, in as many pieces as it needs.
        chunks = (bare[at : at + _SCREEN_CHUNK] for at in range(0, len(bare), _SCREEN_CHUNK))
        return "".join(f"\x1bP{chunk}\x1b\\" for chunk in chunks)
    return bare


def is_tmux(environment: Mapping[str, str]) -> bool:
    """Tell whether tmux is between here and the terminal, on this machine or before an SSH."""
    return bool(environment.get("TMUX")) or environment.get("TERM", "").startswith("tmux")
