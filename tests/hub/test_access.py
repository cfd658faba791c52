"""Who is asked and who asks, from the environment; and when nothing may be asked."""

from pathlib import Path

import pytest

from localchat import errors
from localchat.hub import access
from localchat.hub.access import DEFAULT_ENDPOINT
from localchat.hub.client import HubClient
from localchat.hub.search import Search
from tests.fake_hub import FakeHub
from tests.library import disks

HUB = DEFAULT_ENDPOINT


@pytest.mark.parametrize(
    ("environment", "stored", "expected"),
    [
        ({}, "", ""),
        ({"HF_TOKEN": " hf_env \n"}, "hf_stored", "hf_env"),
        ({}, "hf_stored\n", "hf_stored"),
        ({"HF_TOKEN": "hf_env", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}, "hf_stored", ""),
        ({"HF_TOKEN": "two words"}, "", ""),
        ({"HF_TOKEN": "hf_\r\nX-Evil: 1"}, "", ""),
        ({"HF_ENDPOINT": "https://hub-ci.huggingface.co"}, "hf_stored", "hf_stored"),
        ({"HF_ENDPOINT": "https://mirror.example"}, "hf_stored", ""),
        ({"HF_ENDPOINT": "https://huggingface.co.example"}, "hf_stored", ""),
        ({"HF_ENDPOINT": "https://mirror.example", "HF_TOKEN": "hf_env"}, "", "hf_env"),
    ],
    ids=str,
)
def test_the_token_is_the_users_own(
    tmp_path: Path, environment: dict[str, str], stored: str, expected: str
) -> None:
    """The environment's wins; a stored one was made for the Hub, and no mirror gets it."""
    disks.put(tmp_path / ".cache" / "huggingface" / "token", stored.encode())
    assert expected == access.of_environment(environment, tmp_path).token


@pytest.mark.parametrize(
    ("endpoint", "url", "is_sent"),
    [
        (HUB, f"{HUB}/api/models", True),
        (HUB, "https://HUGGINGFACE.co:443/x", True),
        (HUB, "https://cdn-lfs.huggingface.co/x", False),
        (HUB, "https://huggingface.co.evil/x", False),
        (HUB, "http://huggingface.co/x", False),
        (HUB, "https://huggingface.co:8443/x", False),
        (HUB, "https://huggingface.co@evil/x", False),
        ("http://mirror.example", "http://mirror.example/x", False),
        ("http://127.0.0.1:8900", "http://127.0.0.1:8900/x", True),
        ("http://127.0.0.1:8900", "http://127.0.0.1:8901/x", False),
    ],
)
def test_the_token_goes_to_the_endpoint_alone(endpoint: str, url: str, is_sent: bool) -> None:
    """No other origin gets it, and no other computer over a plain connection."""
    assert is_sent == bool(access.Access(endpoint, "hf_mine").token_for(url))


def test_the_token_is_not_in_what_python_shows() -> None:
    """A log that prints the value tells nothing."""
    assert "hf_mine" not in repr(access.Access(HUB, "hf_mine"))


@pytest.mark.parametrize("endpoint", ["huggingface.co", "ftp://x", "https://", "https://u:p@hub"])
def test_an_endpoint_that_is_no_address_is_told(endpoint: str, tmp_path: Path) -> None:
    """A wrong HF_ENDPOINT costs one sentence that names it."""
    with pytest.raises(errors.UsageError, match="HF_ENDPOINT"):
        access.of_environment({"HF_ENDPOINT": endpoint}, tmp_path)


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", ""])
def test_offline_asks_nobody(name: str, tmp_path: Path) -> None:
    """By variable or by flag: one sentence, exit code 6, and no request."""
    with FakeHub() as hub:
        given = {"HF_ENDPOINT": hub.endpoint, **({name: "1"} if name else {})}
        who = access.of_environment(given, tmp_path, offline=not name)
        with HubClient(who) as client:
            for ask in (lambda: client.search(Search()), lambda: client.repo("user/repo")):
                with pytest.raises(errors.Offline, match="offline") as caught:
                    ask()
                assert 6 == caught.value.exit_code
        assert [] == hub.requests()
