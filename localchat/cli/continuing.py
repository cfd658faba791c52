"""`--continue`: which model answered in the chat that was used last, and where it is on this disk.

Only reads; knows nothing of screens.
"""

from pathlib import Path

from localchat import errors, paths
from localchat.chat.messages import ModelMark
from localchat.chat.store.store import Store
from localchat.cli import stored


def last_model(chats_file: Path) -> Path | None:
    """Find the file of the model that answered last in the last chat; None when it is not here."""
    mark = _last_mark(chats_file)
    if mark is None:
        return None
    guide = paths.guide_model()
    if mark.file_name == guide.name:
        return guide
    copies = [copy for entry in stored.scan().entries if not entry.problem for copy in entry.copies]
    same = [copy.path for copy in copies if mark.sha256 and copy.files[0].sha256 == mark.sha256]
    named = [copy.path for copy in copies if copy.path.name == mark.file_name]
    return next(iter((*same, *named)), None)


def _last_mark(chats_file: Path) -> ModelMark | None:
    if not chats_file.exists():
        return None
    try:
        store = Store.open(chats_file, read_only=True)
    except errors.StoreError:
        # The screens open the chats too, and tell it.
        return None
    try:
        record = store.last_chat()
        path = store.tree(record.id).path() if record else ()
    except errors.StoreError:
        return None
    finally:
        store.close()
    return next((each.model for each in reversed(path) if each.model is not None), None)
