"""Puts linear mode together: the engine, the chats, the streams."""

import argparse
import sys
from pathlib import Path

from localchat import errors, paths
from localchat.cli import continuing, options, question
from localchat.cli.linear.background import Background
from localchat.cli.linear.core import Core, Wants
from localchat.cli.linear.reader import LineReader
from localchat.cli.linear.speaker import Speaker
from localchat.cli.linear.talk import Talk
from localchat.settings import Settings
from localchat.ui import commands
from localchat.ui.prompt_history import PromptHistory


def run(given: argparse.Namespace, chosen: Settings) -> int:
    """Talk until the user leaves, and return the exit code.

    Raises UsageError without a stream to read, ModelNotFound or BadModel for a model that cannot be
    opened, and as the store does.
    """
    if given.machine:
        raise errors.UsageError("--machine is for the screens.", "Use `localchat fit --machine`.")
    if sys.stdin is None:
        raise errors.UsageError("There is nothing to read: the standard input is closed.")
    speaker = Speaker(sys.stdout)
    wants = _wants(given, chosen)
    file = paths.paths().prompt_history_file if chosen.history is not False else None
    words = [f"/{word}" for command in commands.COMMANDS for word in command.words]
    reader = LineReader(sys.stdin, speaker, PromptHistory(file), words)
    with Background() as background:
        core = Core(options.engine(), wants, speaker)
        try:
            Talk(core, reader, speaker, background).run(wants.path)
        except KeyboardInterrupt:
            return int(errors.ExitCode.INTERRUPTED)
        finally:
            speaker.end()
            background.do(core.close())
    return int(errors.ExitCode.OK)


def _wants(given: argparse.Namespace, chosen: Settings) -> Wants:
    usual = options.chat_settings(chosen, given)
    return Wants(
        params=options.engine_params(chosen, given.chat_template_file),
        settings=options.with_persona(usual, chosen, given, paths.paths().personas),
        usual=usual,
        path=_path(given, chosen),
        force=given.force,
        continues=given.continue_last,
        keep_alive_seconds=60 * (chosen.keep_alive or 0),
    )


def _path(given: argparse.Namespace, chosen: Settings) -> Path | None:
    """Find the model to begin with; None lets the user choose."""
    if not given.model and given.continue_last:
        last = continuing.last_model(paths.paths().chats_file)
        if last is not None:
            return last
    name = given.model or chosen.model
    return question.here(name) if name else None
