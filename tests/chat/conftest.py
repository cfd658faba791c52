"""What the tests of chats get: a file for them, and what keeps it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from localchat.chat.store.keeper import Keeper


@pytest.fixture
def chats_file(home: Path) -> Path:
    """Where the chats of a test are kept."""
    return home / "chats.db"


@pytest_asyncio.fixture
async def keeper(chats_file: Path) -> AsyncIterator[Keeper]:
    """Keeps chats in `chats_file`."""
    made = Keeper(chats_file)
    yield made
    await made.close()
