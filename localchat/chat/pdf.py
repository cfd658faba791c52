"""The text of a PDF, page by page, as a process of its own reads it.

Knows how that process is asked and how long it may take; `pdf_worker` knows PDF.
"""

import asyncio
import contextlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Final

from localchat import errors, sanitize
from localchat.engine import process

WORKER_COMMAND: Final = (sys.executable, "-m", "localchat.chat.pdf_worker")
PATIENCE_SECONDS: Final = 60.0

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


async def read(
    path: Path,
    patience_seconds: float = PATIENCE_SECONDS,
    command: tuple[str, ...] = WORKER_COMMAND,
) -> tuple[str, ...]:
    """Read the text of each page; a page without text is empty.

    Raises AttachmentError for a PDF that is locked, damaged, or takes too long.
    """
    name = sanitize.line(path.name, 60)
    answer = await _ask((*command, str(path.absolute())), name, patience_seconds)
    if answer.get("locked"):
        raise errors.AttachmentError(
            f"{name} is locked with a password.", "Save it without one, then attach that."
        )
    return tuple(_clean(text) for text in answer.get("pages", ()))


async def _ask(
    command: tuple[str, ...], name: str, patience_seconds: float
) -> dict[str, list[str]]:
    worker = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        # No token of the user's: what it reads was written by anybody.
        env=process.worker_environment(os.environ),
    )
    try:
        said, _ = await asyncio.wait_for(worker.communicate(), patience_seconds)
        return dict(json.loads(said))
    except TimeoutError:
        raise errors.AttachmentError(
            f"{name} could not be read within {patience_seconds:.0f} seconds.",
            "Attach a part of it, or its text.",
        ) from None
    except ValueError:
        raise errors.AttachmentError(
            f"{name} is damaged, or a kind of PDF that cannot be read.", "Attach its text instead."
        ) from None
    finally:
        # Also when nobody waits for it any more.
        if worker.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
            await worker.wait()


def _clean(text: str) -> str:
    whole = text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    return _LONE_SURROGATE.sub("\ufffd", whole).strip()
