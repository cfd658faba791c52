"""Which Hub is asked, by whom, and whether it may be asked at all; read from the environment.

The token is the user's own and goes to nobody else: one from the environment to the endpoint that
the environment names, one that the Hub's library stored only to the Hub itself, and none over a
plain connection to another computer.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from localchat import errors, sanitize
from localchat.library import disk, places

DEFAULT_ENDPOINT: Final = "https://huggingface.co"
TOKEN_HINT: Final = "Make a token at huggingface.co/settings/tokens and set HF_TOKEN to it."

_IMPLICIT = "HF_HUB_DISABLE_IMPLICIT_TOKEN"
_AT_START = os.environ.get(_IMPLICIT, "")
"""What the user wants: `environment` sets it later, for huggingface_hub alone."""
_TRUE = frozenset({"1", "ON", "YES", "TRUE"})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_HUB_HOSTS = ("huggingface.co", "hf.co")


@dataclass(frozen=True, slots=True)
class Access:
    """Where the Hub is, and who asks."""

    endpoint: str = DEFAULT_ENDPOINT
    """Without a slash at its end."""
    token: str = field(default="", repr=False)
    is_offline: bool = False

    def token_for(self, url: str) -> str:
        """Give the token for a request to `url`; empty when it must not go there."""
        if not self.token or origin(url) != origin(self.endpoint):
            return ""
        parts = urlsplit(url)
        is_private = parts.scheme == "https" or parts.hostname in _LOOPBACK
        return self.token if is_private else ""

    def check_online(self, what: str) -> None:
        """Raise Offline when the network may not be used; `what` ends "... needs the network"."""
        if self.is_offline:
            raise errors.Offline(
                f"localchat is offline, and {what} needs the network.",
                "Leave out --offline, or unset HF_HUB_OFFLINE.",
            )


def of_environment(
    environment: Mapping[str, str] | None = None,
    home: Path | None = None,
    *,
    offline: bool = False,
) -> Access:
    """Read endpoint, token and offline mode as huggingface_hub would; `offline` is the flag.

    Opens no socket and refreshes nothing. Raises UsageError for an endpoint that is no URL.
    """
    given = {**os.environ, _IMPLICIT: _AT_START} if environment is None else environment
    endpoint = given.get("HF_ENDPOINT", "").strip().rstrip("/") or DEFAULT_ENDPOINT
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise errors.UsageError(
            f'HF_ENDPOINT is "{sanitize.line(endpoint, 100)}", which is no address of a Hub.',
            "It must be like https://huggingface.co, without a password.",
        )
    words = (given.get(name, "").upper() for name in _OFFLINE)
    return Access(
        endpoint=endpoint,
        token=_token(given, home or Path.home(), endpoint),
        is_offline=offline or any(word in _TRUE for word in words),
    )


_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "LOCALCHAT_OFFLINE")


def origin(url: str) -> tuple[str, str, int]:
    """Tell scheme, host and port of a URL: what a token belongs to."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    default = {"http": 80, "https": 443}.get(parts.scheme, 0)
    return parts.scheme, (parts.hostname or "").lower(), default if port is None else port


def _token(given: Mapping[str, str], home: Path, endpoint: str) -> str:
    if given.get(_IMPLICIT, "").upper() in _TRUE:
        return ""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if token := _clean(given.get(name, "")):
            return token
    scheme, host, _ = origin(endpoint)
    is_hub = any(host == each or host.endswith(f".{each}") for each in _HUB_HOSTS)
    if scheme != "https" or not is_hub:
        return ""
    stored = given.get("HF_TOKEN_PATH", "")
    file = Path(stored).expanduser() if stored else places.hub_home(given, home) / "token"
    return _clean(disk.read_small(file, 10_000).decode("utf-8", errors="replace"))


def _clean(token: str) -> str:
    """Take a token only if it can stand in a header."""
    text = token.strip()
    return text if text.isascii() and text.isprintable() and " " not in text else ""
