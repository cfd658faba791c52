"""The command line: reads what was typed, runs it, and gives back the exit code.

Imports nothing heavy: every command loads what it needs when it is called.
"""

import importlib
import os
import sys
from collections.abc import Sequence
from types import MappingProxyType

from localchat import errors, sanitize
from localchat.cli import arguments

_MESSAGE_CHARACTERS = 2000
_MODULES = MappingProxyType(
    {
        "": "starting",
        "run": "run",
        "fit": "fit",
        "show": "show",
        "search": "search",
        "pull": "pull",
        "list": "listing",
        "rm": "remove",
        "import": "importing",
        "bench": "bench",
        "doctor": "doctor",
        "chats": "chats",
        "paths": "places",
        "config": "config",
    }
)
"""Where each command is."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `localchat` with these arguments, or the process's own, and return the exit code."""
    # Conversations and logs are nobody else's business.
    os.umask(0o077)
    _prepare_streams()
    try:
        exit_code = _run(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
    except errors.LocalchatError as error:
        _complain(error)
        exit_code = int(error.exit_code)
    except KeyboardInterrupt:
        exit_code = int(errors.ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has left, as `head` does.
        exit_code = int(errors.ExitCode.ERROR)
    _close_stdout()
    return exit_code


def _run(argv: Sequence[str]) -> int:
    try:
        given = arguments.parse(argv)
    except SystemExit as help_or_version:
        return int(help_or_version.code or 0)
    # Only the command that was typed is loaded.
    command = importlib.import_module(f"localchat.cli.{_MODULES[given.command]}")
    return int(command.run(given))


def _complain(error: errors.LocalchatError) -> None:
    print(f"localchat: {sanitize.line(error.message, _MESSAGE_CHARACTERS)}", file=sys.stderr)
    if error.hint:
        print(sanitize.line(error.hint, _MESSAGE_CHARACTERS), file=sys.stderr)


def _close_stdout() -> None:
    # What could not be written must not be tried again, with a traceback, when Python ends.
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _prepare_streams() -> None:
    # Python leaves a stream out when the descriptor was closed, as by `>&-`.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    # A model answers in any script; a terminal or a pipe set to another encoding must not end it.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
