"""Write in the reader's own editor, while the app keeps working behind it.

Knows how an editor is named and started; nothing of what is written.
"""

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from textual.app import App, SuspendNotSupported

from localchat import errors, sanitize

_USUAL = ("notepad.exe",) if sys.platform == "win32" else ("nano", "vim", "vi")


def command(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Read $VISUAL or $EDITOR, with arguments; without them there is what most systems have.

    Raises UsageError when there is no such program.
    """
    search = environment.get("PATH", os.defpath)
    for variable in ("VISUAL", "EDITOR"):
        if value := environment.get(variable, "").strip():
            return _named(variable, value, search)
    for name in _USUAL:
        if found := shutil.which(name, path=search):
            return (found,)
    raise errors.UsageError("No editor was found: set $EDITOR to yours, as in EDITOR=nano.")


async def edit(app: App[None], text: str, environment: Mapping[str, str]) -> str:
    """Let the reader edit `text` in an editor, and return what was saved.

    Raises UsageError when there is no editor, this terminal cannot be handed over, or the editor
    failed; the text is then as it was.
    """
    editor = command(environment)
    with _file(text) as file:
        try:
            code = await _run(app, (*editor, str(file)))
        except SuspendNotSupported:
            raise errors.UsageError("An editor cannot be opened in this terminal.") from None
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise errors.UsageError(f"{_name(editor)} could not be started: {why}.") from None
        if code != 0:
            raise errors.UsageError(
                f"{_name(editor)} ended with code {code}, so the text is as it was."
            )
        written = file.read_text(encoding="utf-8", errors="replace")
    return sanitize.text(written).removesuffix("\n")


async def _run(app: App[None], editor: tuple[str, ...]) -> int:
    # The loop goes on, so that an answer under way is still taken in and kept; nothing is drawn
    # meanwhile, since the terminal belongs to the editor.
    with app.batch_update(), app.suspend(), _deaf_to_interrupts():
        process = await asyncio.create_subprocess_exec(*editor)
        return await process.wait()


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    # Ctrl-C in the editor goes to this process too. A handler of Python's, unlike SIG_IGN, is not
    # handed down to the editor.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _file(text: str) -> Iterator[Path]:
    # Private, and Markdown to the editor. Not open meanwhile: Windows would refuse the editor.
    descriptor, name = tempfile.mkstemp(prefix="localchat-", suffix=".md")
    file = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as handle:
            handle.write(text)
        yield file
    finally:
        file.unlink(missing_ok=True)


def _named(variable: str, value: str, search: str) -> tuple[str, ...]:
    try:
        # Backslashes are part of paths on Windows.
        words = shlex.split(value, posix=sys.platform != "win32")
    except ValueError:
        words = []
    program = shutil.which(words[0].strip('"'), path=search) if words else None
    if program is None:
        shown = sanitize.line(words[0] if words else value, 60)
        raise errors.UsageError(f"${variable} names no program that is here: {shown}.")
    return (program, *words[1:])


def _name(editor: tuple[str, ...]) -> str:
    return sanitize.line(Path(editor[0]).name, 60)
