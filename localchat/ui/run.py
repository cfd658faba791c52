"""Start the terminal interface, and leave the terminal and the machine as they were.

The composition of the app; knows nothing of the command line.
"""

import asyncio
import dataclasses
import functools
import os
import signal
import sys
from collections.abc import Mapping

from localchat import errors
from localchat.engine.client import EngineClient
from localchat.ui import collector, hangup
from localchat.ui.app import LocalchatApp
from localchat.ui.setup import Setup

_ELSEWHERE = (
    "Chat in plain lines: localchat --linear. For one answer: localchat run MODEL -p PROMPT"
)

_HUNG_UP = 128 + 1
"""The exit code of a program that SIGHUP ends, also where there is no such signal."""


def run(engine: EngineClient, setup: Setup, theme: str = "") -> int:
    """Run the interface until the user leaves it, and return the exit code.

    Raises UsageError when there is no terminal that can show it.
    """
    refuse_unusable_terminal(os.environ)
    setup = dataclasses.replace(setup, settle=collector.settle)
    return asyncio.run(_run(LocalchatApp(engine, setup, theme), engine))


def refuse_unusable_terminal(environment: Mapping[str, str]) -> None:
    """Raise UsageError unless stdin and stderr are a terminal that can move its cursor."""
    # Textual draws on stderr, so stdout may be redirected.
    if not (
        sys.__stdin__ and sys.__stdin__.isatty() and sys.__stderr__ and sys.__stderr__.isatty()
    ):
        raise errors.UsageError(
            "The chat screen needs a terminal, and this is none.",
            _ELSEWHERE,
        )
    if environment.get("TERM") == "dumb":
        raise errors.UsageError(
            "This terminal (TERM=dumb) cannot show the chat screen.",
            _ELSEWHERE,
        )


async def _run(app: LocalchatApp, engine: EngineClient) -> int:
    # Textual restores the terminal when the app ends, but a signal would end the process first.
    loop = asyncio.get_running_loop()
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and sys.platform != "win32":
            loop.add_signal_handler(number, _leave, app, 128 + number)
    app.driver_class = hangup.patient(app.driver_class)
    watching = loop.create_task(hangup.watch(functools.partial(_leave, app, _HUNG_UP)))
    try:
        await app.run_async()
    finally:
        watching.cancel()
        await engine.close()
    return app.return_code or 0


def _leave(app: LocalchatApp, exit_code: int) -> None:
    app.exit(return_code=exit_code)
