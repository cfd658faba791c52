"""Questions to the user, where there is somebody to answer."""

import sys


def can_ask() -> bool:
    """Say whether a terminal is there to ask on and to answer from."""
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr.isatty())


def yes(question: str, default: bool) -> bool:
    """Ask on stderr and wait for yes or no; an end of input is no."""
    choices = "[Y/n]" if default else "[y/N]"
    while True:
        sys.stderr.write(f"{question} {choices} ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            sys.stderr.write("\n")
            return False
        answer = line.strip().lower()
        if answer in ("y", "yes", "n", "no", ""):
            return default if not answer else answer.startswith("y")
