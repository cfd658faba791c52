"""What a conversation is on screen, as values: its messages, and what the program says of them.

Pure: a chat's state goes in, a list of items comes out, each with a key that stays the same as long
as it is the same thing. Knows no widgets.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from localchat.chat.drafts import Draft
from localchat.chat.messages import Message
from localchat.chat.settings import Overflow
from localchat.chat.tree import Summary, Tree
from localchat.engine import wire
from localchat.ui import message_words

Tone = Literal["error", "info"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A message."""

    message: Message
    version: int = 1
    versions: int = 1
    """How many there are in its place, it included."""
    is_left_out: bool = False
    """The model is not sent it any more."""
    is_live: bool = False
    """It is being answered now, in this program."""

    @property
    def key(self) -> str:
        """What tells it from others."""
        return self.message.id


@dataclass(frozen=True, slots=True)
class Remark:
    """Something the program says between messages."""

    key: str
    message: str
    hint: str = ""
    tone: Tone = "info"
    details: str = ""
    """What can be unfolded under it."""


@dataclass(frozen=True, slots=True)
class Intro:
    """Which model answers from here on."""

    key: str
    loaded: wire.Loaded
    is_guide: bool


@dataclass(frozen=True, slots=True)
class Queued:
    """A message that is sent after the answer under way."""

    draft: Draft
    key: str = "queued"


Item = Entry | Remark | Intro | Queued


@dataclass(frozen=True, slots=True)
class Aside:
    """An item that belongs to this session alone, and where it stands."""

    after_id: str
    """The message before it; empty for the beginning."""
    item: Remark | Intro


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What the model is not sent of a conversation, and why."""

    ids: frozenset[str] = frozenset()
    policy: Overflow = "stop"
    summary: Summary | None = None
    """Stands for them."""


def items(
    tree: Tree,
    *,
    coming: Message | None = None,
    left_out: LeftOut | None = None,
    asides: Sequence[Aside] = (),
    queued: Draft | None = None,
) -> tuple[Item, ...]:
    """List what is shown, from the top; `coming` is the answer under way as far as it came."""
    left_out = left_out or LeftOut()
    path = tree.path()
    found: list[Item] = list(_asides(asides, ""))
    last_left_out = max((n for n, each in enumerate(path) if each.id in left_out.ids), default=-1)
    for number, message in enumerate(path):
        found.append(_entry(tree, message, coming, left_out))
        if number == last_left_out:
            found.append(_boundary(message.id, left_out))
        found += _asides(asides, message.id)
    # After a change of branch they would stand nowhere.
    shown = {"", *(message.id for message in path)}
    found += [aside.item for aside in asides if aside.after_id not in shown]
    if queued is not None:
        found.append(Queued(queued))
    return tuple(found)


def _entry(tree: Tree, message: Message, coming: Message | None, left_out: LeftOut) -> Entry:
    versions = tree.versions(message.id)
    is_live = coming is not None and message.id == coming.id
    return Entry(
        coming if coming is not None and is_live else message,
        version=versions.index(message.id) + 1,
        versions=len(versions),
        is_left_out=message.id in left_out.ids,
        is_live=is_live,
    )


def _boundary(after_id: str, left_out: LeftOut) -> Remark:
    summary = left_out.summary
    message, hint = message_words.left_out(
        len(left_out.ids), left_out.policy, is_summarized=summary is not None
    )
    details = summary.text if summary is not None else ""
    # The text is part of the key: a remark that is shown is never changed.
    return Remark(
        f"left out {len(left_out.ids)} {after_id} {details}", message, hint, "info", details
    )


def _asides(asides: Iterable[Aside], after_id: str) -> list[Item]:
    return [aside.item for aside in asides if aside.after_id == after_id]
