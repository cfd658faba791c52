"""A draft as one text, for the place where a chat keeps it.

Without files it is the text as it was typed, so that everybody can read it.
"""

import json
from typing import Final

from localchat.chat import messages
from localchat.chat.drafts import Draft
from localchat.chat.messages import Part

_MARK: Final = '{"localchat-draft": '


def write(draft: Draft) -> str:
    """Write a draft down; `read` gives it back.

    >>> write(Draft("hello"))
    'hello'
    """
    if not draft.files and not draft.text.startswith(_MARK):
        return draft.text
    files = [
        {"name": file.name, "text": file.text, "media_type": file.media_type}
        for file in draft.files
        if file.kind == messages.FILE
    ]
    return json.dumps({"localchat-draft": draft.text, "files": files}, ensure_ascii=False)


def read(text: str) -> Draft:
    """Read a draft back; what is no draft with files is a text."""
    if not text.startswith(_MARK):
        return Draft(text)
    try:
        kept = json.loads(text)
        files = tuple(
            Part(messages.FILE, str(file["text"]), str(file["name"]), str(file["media_type"]))
            for file in kept["files"]
        )
        return Draft(str(kept["localchat-draft"]), files)
    except (ValueError, KeyError, TypeError):
        # Cut off, or of another version: shown as it is, rather than lost.
        return Draft(text)
