"""What is told in a corner of the screen for a while: one clean line, never markup."""

from typing import Literal

from textual.dom import DOMNode

from localchat import errors, sanitize

Severity = Literal["information", "warning", "error"]

_SECONDS = 8.0
_MOST_CHARACTERS = 600


def tell(
    node: DOMNode,
    words: str,
    severity: Severity = "information",
    *,
    title: str = "",
    seconds: float = _SECONDS,
) -> None:
    """Tell something; `words` and `title` may hold untrusted text."""
    node.app.notify(
        sanitize.line(words, _MOST_CHARACTERS),
        title=sanitize.line(title, _MOST_CHARACTERS),
        severity=severity,
        markup=False,
        timeout=seconds,
    )


def warn(node: DOMNode, error: errors.LocalchatError) -> None:
    """Tell what went wrong, and what to do about it."""
    tell(node, f"{error.message} {error.hint}", "warning")
