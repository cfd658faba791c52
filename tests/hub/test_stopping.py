"""A Hub that falls silent in the middle, and somebody who does not want to wait for it."""

import threading
import time
from pathlib import Path

import pytest

from localchat import errors
from localchat.hub.access import Access
from localchat.hub.client import HubClient
from localchat.hub.support import Support
from tests import hub_demo
from tests.fake_hub import FakeHub, FakeRepo, Fault

_SOON_SECONDS = 8.0
"""Half a second where nothing else runs; waiting for the server would take longer than this."""
_SUPPORT = Support(lambda _: True, lambda _: True)


@pytest.mark.parametrize("skip", [0, 1, 3], ids=["first header", "reference", "in the pool"])
def test_headers_that_do_not_come_are_given_up_at_once(tmp_path: Path, skip: int) -> None:
    """Whichever thread waits for a byte: none outlives the stop, so quitting waits for none."""
    offered = hub_demo.sparse(tmp_path, "Orchard-8B", "llama", ("Q8_0", "Q6_K", "Q4_K_M", "Q2_K"))
    with FakeHub(FakeRepo(hub_demo.EIGHT, tuple(offered))) as hub:
        hub.fail(Fault("stall", times=-1, at_byte=100, skip=skip))
        with HubClient(Access(hub.endpoint)) as client:
            repo = client.repo(hub_demo.EIGHT)
            before = set(threading.enumerate())
            told: list[Exception] = []

            def read() -> None:
                try:
                    client.grid(repo, None, _SUPPORT)
                except errors.LocalchatError as error:
                    told.append(error)

            reading = threading.Thread(target=read)
            reading.start()
            deadline = time.monotonic() + 20
            while client.session.received_bytes < 100 and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.3)
            began = time.monotonic()
            client.session.stop()
            reading.join(20)
            assert time.monotonic() - began < _SOON_SECONDS
            assert [type(each) for each in told] == [errors.Cancelled]
            left = {each for each in threading.enumerate() if each not in before}
            assert not [each for each in left if each.name.startswith("headers")]
