"""Which model is asked what: from the arguments, -p and stdin."""

import argparse
import os
from pathlib import Path
from typing import TextIO

from localchat import errors, paths, sanitize, units
from localchat.cli import stored
from localchat.library import reference
from localchat.models import catalogue, folder, gguf

_MOST_BYTES = 16 * units.MIB


def model(given: argparse.Namespace, preset: str | None) -> str:
    """Find the name of the model; `preset` is that of the settings. Raises UsageError."""
    words = given.words
    if len(words) > (1 if given.model else 2):
        shown = sanitize.line(words[1 if given.model else 2], 60)
        raise errors.UsageError(
            f'There is one argument too many: "{shown}".', "Put the prompt in quotation marks."
        )
    return given.model or (words[0] if words else preset) or folder.GUIDE


def on_disk(text: str) -> Path | None:
    """Find the file of a model and check that it is one to chat with.

    Gives None for a model of the Hub that is not on this disk. Raises ModelNotFound or BadModel.
    """
    try:
        path = folder.resolve(text, paths.paths().models, paths.guide_model())
    except errors.ModelNotFound as error:
        entry = stored.one(text)
        if entry is None:
            if reference.parse(text) is not None:
                return None
            raise _not_found(text, error) from error
        path = entry.path
    gguf.check(path)
    return path


def here(text: str) -> Path:
    """Find the file of a model that has to be on this disk already.

    Raises ModelNotFound, which says how to get a model of the Hub, or BadModel.
    """
    path = on_disk(text)
    if path is None:
        shown = sanitize.line(text, 120)
        raise errors.ModelNotFound(
            f"{shown} is not on this disk.", f"Fetch it first: localchat pull {shown}"
        )
    return path


def _not_found(text: str, error: errors.ModelNotFound) -> errors.ModelNotFound:
    if _looks_like_a_question(text):
        shown = sanitize.line(text, 60)
        hint = f'The model comes first: localchat run guide "{shown}"'
        return errors.ModelNotFound(error.message, hint)
    near = catalogue.near(reference.divide(text)[0])
    if near and not error.hint.startswith("Did you mean"):
        return errors.ModelNotFound(error.message, f"Did you mean {' or '.join(near)}?")
    return error


def prompt(given: argparse.Namespace, stdin: TextIO | None) -> str:
    """Put the prompt together: what is piped in, a blank line, then what was typed.

    Raises UsageError when there is nothing to ask, or two prompts.
    """
    at = 0 if given.model else 1
    positional = given.words[at] if len(given.words) > at else None
    if positional is not None and given.prompt is not None:
        raise errors.UsageError("There are two prompts, one of them with -p.", "Leave one out.")
    typed = (given.prompt if positional is None else positional) or ""
    piped = "" if stdin is None or stdin.isatty() else _read_all(stdin)
    text = "\n\n".join(part for part in (piped.rstrip("\r\n"), typed) if part.strip())
    if not text:
        raise errors.UsageError(
            "There is nothing to ask.", 'Type: localchat run guide "What is Q4_K_S?"'
        )
    # What the shell could not decode must not reach JSON and templates as half a character.
    return text.encode("utf-8", errors="replace").decode("utf-8")


def _read_all(stdin: TextIO) -> str:
    raw = stdin.buffer.read(_MOST_BYTES + 1)
    if len(raw) > _MOST_BYTES:
        limit = units.human_bytes(_MOST_BYTES)
        raise errors.UsageError(f"More than {limit} were piped in; no context holds that much.")
    return raw.decode("utf-8", errors="replace").removeprefix("\ufeff")


def _looks_like_a_question(text: str) -> bool:
    return " " in text.strip() and os.sep not in text and not text.lower().endswith(".gguf")
