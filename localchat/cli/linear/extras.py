"""What can be done with the last answer, and files for the next message; told through the speaker.

Every function runs in the event loop or needs none.
"""

import os
from pathlib import Path

from localchat import errors, sanitize, units
from localchat.chat import attachments
from localchat.chat.chat import Chat
from localchat.chat.messages import Message, Part
from localchat.cli.linear.speaker import Speaker
from localchat.ui import clipboard, copy_words


async def attach(name: str, speaker: Speaker) -> Part:
    """Read a file that goes with the next message. Raises AttachmentError."""
    folder = Path.cwd()
    found = await attachments.read(folder / Path(name).expanduser(), folder)
    shown, size = sanitize.line(found.part.name, 80), units.human_bytes(len(found.part.text))
    speaker.say(f"{shown}, {size} of text, goes with the next message.", found.note)
    return found.part


async def copy(chat: Chat, which: str, speaker: Speaker) -> None:
    """Copy what `/copy` means with a tool of this system. Raises UsageError."""
    text, what = copy_words.wanted(chat, which)
    for tool in clipboard.find_tools(os.environ):
        if await clipboard.copy_with(tool, sanitize.text(text)):
            speaker.say(f"{what} was copied with {tool.name}.")
            return
    raise errors.UsageError("No clipboard can be used here.", "/export writes a file instead.")


def thoughts(chat: Chat, speaker: Speaker) -> None:
    """Read what the model thought before its last answer. Raises UsageError."""
    told = _last_answer(chat).reasoning.strip()
    speaker.block(told or "The model gave no thoughts with its last answer.")


def _last_answer(chat: Chat) -> Message:
    answers = [each for each in chat.path if each.role == "assistant"]
    if not answers:
        raise errors.UsageError("There is no answer yet.")
    return answers[-1]
