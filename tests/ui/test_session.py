"""What a session says between the messages of a chat."""

from localchat import errors
from localchat.chat.drafts import Draft
from localchat.ui.feed import Remark
from localchat.ui.session import Session
from tests.chat import scripted
from tests.conftest import MakeEngine

_FULL = errors.StoreError("The disk is full.", "Make room.")


def _remarks(session: Session) -> list[str]:
    return [item.message for item in session.items() if isinstance(item, Remark)]


async def test_same_error_is_said_once_in_a_place(fake_engine: MakeEngine) -> None:
    """A disk that stays full is told once between two messages, and again after the next one."""
    session = Session(await scripted.chat_with(fake_engine, answers=["One."]))
    for _ in range(2):
        session.fail(_FULL)
    session.remark("Something else.")
    assert _remarks(session) == ["The disk is full.", "Something else."]

    await session.chat.send(Draft("Go"))
    session.fail(_FULL)

    assert _remarks(session) == ["The disk is full.", "Something else.", "The disk is full."]
