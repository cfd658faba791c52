"""Which keys begin a new line here, and how Alt+Enter is told from Enter.

Enter with Shift is its own key only to terminals with a newer keyboard protocol; the others send a
plain Enter. Alt+Enter is ESC and Enter in one burst everywhere, which Textual reads as Enter.
"""

from collections.abc import Mapping
from typing import Final, cast

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.keys import Keys

NEW_LINE_KEYS: Final = frozenset(
    # The names with a control character are what Textual makes of xterm's modifyOtherKeys.
    ("ctrl+j", "ctrl+\n", "shift+enter", "shift+\r", "alt+enter", "\r", "ctrl+enter", "ctrl+\r")
)

_ALT_ENTER: Final = ("\x1b\r", "\x1b\n")
_KNOWN_TERMINALS: Final = frozenset(("ghostty", "wezterm", "iterm.app", "rio"))
_KNOWN_TYPES: Final = ("xterm-kitty", "xterm-ghostty", "foot", "alacritty", "wezterm")


def tell_alt_enter() -> None:
    """Let Alt+Enter be a new line for Textual; call it once before keys are read."""
    # A table made to be looked up only; there is no public way to add to it.
    table = cast(dict[str, object], ANSI_SEQUENCES_KEYS)
    for sequence in _ALT_ENTER:
        table.setdefault(sequence, (Keys.ControlJ,))


def new_line_key(environment: Mapping[str, str]) -> str:
    """Name the key for a new line that surely works in this terminal.

    >>> new_line_key({"TERM": "xterm-kitty"}), new_line_key({"TERM": "xterm-256color"})
    ('Shift+Enter', 'Ctrl+J')
    """
    if environment.get("TEXTUAL_DISABLE_KITTY_KEY") or environment.get("TMUX"):
        return "Ctrl+J"
    kind = environment.get("TERM", "")
    program = environment.get("TERM_PROGRAM", "").lower()
    if program in _KNOWN_TERMINALS or kind.startswith(_KNOWN_TYPES):
        return "Shift+Enter"
    return "Ctrl+J"
