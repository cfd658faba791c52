"""What every test gets: a home of its own, and a network that ends at this machine."""

import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from localchat.engine.client import EngineClient
from tests import programs

MakeEngine = Callable[..., EngineClient]

# The same examples each time, so that a change is judged by what it changes; and on a slow machine
# they may take their time. LOCALCHAT_TEST_EXAMPLES looks for others, and for so many in a property.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", _PATIENT, derandomize=True)
settings.register_profile(
    "search", _PATIENT, max_examples=int(os.environ.get("LOCALCHAT_TEST_EXAMPLES", "100"))
)
settings.load_profile("search" if "LOCALCHAT_TEST_EXAMPLES" in os.environ else "steady")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Move everything localchat writes into a folder of the test."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LOCALCHAT_HOME", str(folder))
    for name in ("LOCALCHAT_MODEL", "NO_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    return folder


_connect = socket.socket.connect


def _loopback_only(self: socket.socket, address: Any) -> None:
    if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1"):
        raise AssertionError(f"a test tried to connect to {address}")
    _connect(self, address)


@pytest.fixture(autouse=True, scope="session")
def offline() -> Iterator[None]:
    """Let sockets connect to loopback only."""
    socket.socket.connect = _loopback_only  # type: ignore[method-assign,assignment]
    yield
    socket.socket.connect = _connect  # type: ignore[method-assign]


@pytest_asyncio.fixture
async def fake_engine(home: Path) -> AsyncIterator[MakeEngine]:
    """Make engine clients whose worker follows a script; they are closed after the test."""
    engines: list[EngineClient] = []

    def make(**script: Any) -> EngineClient:
        engine = EngineClient(home / "logs", home / "safe-mode.json", programs.fake_worker(script))
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        await engine.close()


@pytest_asyncio.fixture
async def real_engine(home: Path) -> AsyncIterator[EngineClient]:
    """The engine itself: llama.cpp in its own process."""
    engine = EngineClient(home / "logs", home / "safe-mode.json")
    yield engine
    await engine.close()
