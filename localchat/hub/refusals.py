"""What the Hub or the network answered, as the error that a user sees.

One sentence for each cause. A refusal never says that the connection is to blame, and a broken
connection never says that the Hub refused. Knows no request: whoever asked says what for.
"""

import email.utils
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from localchat import errors, sanitize, units
from localchat.hub.access import TOKEN_HINT

LATER: Final = "Try again in a few minutes; status.huggingface.co says how the Hub is."
_CONNECTION: Final = "Check the connection, or use what is on this disk with --offline."
_BROKEN: Final = (
    (
        frozenset({"ProxyError"}),
        "The proxy does not let localchat through to {host}.",
        "See HTTPS_PROXY and HTTP_PROXY.",
    ),
    (
        frozenset({"ConnectTimeout", "PoolTimeout"}),
        "{host} cannot be reached: no answer in time.",
        _CONNECTION,
    ),
    (
        frozenset({"ReadTimeout", "WriteTimeout", "TimeoutError"}),
        "{host} took the request but does not answer.",
        LATER,
    ),
    (
        frozenset({"ConnectError", "ConnectionRefusedError"}),
        "{host} takes no connection.",
        _CONNECTION,
    ),
    (
        frozenset({"RemoteProtocolError", "LocalProtocolError", "DecodingError"}),
        "{host} answered something that cannot be understood.",
        LATER,
    ),
    (
        frozenset({"ReadError", "WriteError", "CloseError", "ConnectionResetError"}),
        "The connection to {host} broke off.",
        "Try again.",
    ),
    (
        frozenset({"InvalidURL", "UnsupportedProtocol"}),
        "{host} led to an address that cannot be used.",
        LATER,
    ),
)
"""What httpx2 and the system call a fault, in the order in which it is told, and the words."""
_WAIT = re.compile(r'"\w+"\s*;\s*r\s*=\s*0\s*;\s*t\s*=\s*(\d+)')
_MOST_WAIT_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request was for, for the words of its refusal."""

    endpoint: str
    repo: str = ""
    revision: str = ""
    path: str = ""
    has_token: bool = False

    @property
    def shown(self) -> str:
        """The repository, or the Hub where it was for none."""
        return sanitize.line(self.repo, 120) or "this"

    @property
    def host(self) -> str:
        """The computer that was asked."""
        return sanitize.line(urlsplit(self.endpoint).hostname or self.endpoint, 120)


def of_response(status: int, headers: Mapping[str, str], asked: Asked) -> errors.LocalchatError:
    """Make the error of an answer that is no success; `headers` may be in any case."""
    told = {name.lower(): value for name, value in headers.items()}
    code = told.get("x-error-code", "")
    if code == "GatedRepo":
        return _gated(asked)
    if code in ("RepoNotFound", "RevisionNotFound", "EntryNotFound"):
        return _not_found(code, asked)
    if status == 429:
        return _rate_limited(told)
    if status in (401, 403):
        return _unauthorized(status, told, asked)
    if status == 404:
        return _not_found("", asked)
    return _other(status, asked)


def of_exception(error: BaseException, asked: Asked) -> errors.NetworkError:
    """Make the error of a request that got no answer, or none that can be read.

    Takes what httpx2 and the system raise; of other errors it says their kind.
    """
    host, causes = asked.host, tuple(_causes(error))
    for each in causes:
        if isinstance(each, ssl.SSLError):
            return errors.NetworkError(
                f"The connection to {host} is not trustworthy: {_tls_reason(each)}.",
                "Check this computer's clock, or a proxy that looks into connections.",
            )
        if isinstance(each, socket.gaierror):
            message = f"The name {host} cannot be found on the network."
            return errors.NetworkError(message, _CONNECTION)
    kinds = {type(each).__name__ for each in causes}
    for names, message, hint in _BROKEN:
        if kinds & names:
            return errors.NetworkError(message.format(host=host), hint)
    return errors.NetworkError(f"{host} could not be asked: {type(error).__name__}.", LATER)


def wait_seconds(headers: Mapping[str, str]) -> float | None:
    """Read how long to wait from Retry-After or the rate limit's headers; None without either."""
    told = {name.lower(): value for name, value in headers.items()}
    after = told.get("retry-after", "").strip()
    if after.isascii() and after.isdigit():
        return min(float(after), _MOST_WAIT_SECONDS)
    if after and (date := _date(after)) is not None:
        return min(max(0.0, date - time.time()), _MOST_WAIT_SECONDS)
    if limit := _WAIT.search(told.get("ratelimit", "")):
        return min(float(limit[1]), _MOST_WAIT_SECONDS)
    return None


def _gated(asked: Asked) -> errors.HubRefused:
    page = f"{asked.endpoint}/{asked.shown}"
    if asked.has_token:
        return errors.HubRefused(
            f"Your account has no access to {asked.shown}, which is gated.",
            f"Ask for it or accept the terms at {page}, then try again.",
        )
    return errors.HubRefused(
        f"{asked.shown} is gated: its owner wants to know who uses it.",
        f"Accept the terms at {page}, then: {TOKEN_HINT}",
    )


def _unauthorized(status: int, told: Mapping[str, str], asked: Asked) -> errors.HubRefused:
    if status == 403:
        said = sanitize.line(told.get("x-error-message", ""), 120).rstrip(".")
        return errors.HubRefused(
            f"The Hub forbids access to {asked.shown}{f': {said}' if said else ''}.",
            "See what your token may read at huggingface.co/settings/tokens."
            if asked.has_token
            else TOKEN_HINT,
        )
    if asked.has_token:
        return errors.HubRefused(
            "The Hub does not accept your token: it is wrong, or no longer valid.", TOKEN_HINT
        )
    return errors.HubRefused(f"The Hub wants to know who asks for {asked.shown}.", TOKEN_HINT)


def _not_found(code: str, asked: Asked) -> errors.HubNotFound:
    repo = asked.shown
    if code == "RevisionNotFound":
        revision = sanitize.line(asked.revision, 80)
        return errors.HubNotFound(
            f'{repo} has no branch, tag or commit "{revision}".', "Leave it out for the newest."
        )
    if code == "EntryNotFound" or (not code and asked.path):
        file = sanitize.line(asked.path, 120)
        return errors.HubNotFound(
            f'{repo} has no file "{file}".', f"See what it has: localchat show {repo}"
        )
    private = "" if asked.has_token else f" If it is private: {TOKEN_HINT}"
    return errors.HubNotFound(
        f'There is no repository "{repo}" on the Hub that you can see.',
        f"Check the spelling, or look for it: localchat search.{private}",
    )


def _rate_limited(told: Mapping[str, str]) -> errors.RateLimited:
    seconds = wait_seconds(told)
    when = "in a few minutes" if seconds is None else f"in {units.human_seconds(seconds)}"
    return errors.RateLimited(
        "The Hub has had too many requests from here for now.",
        f"Try again {when}; with a token of your own (HF_TOKEN) the Hub allows more.",
        wait_seconds=seconds,
    )


def _other(status: int, asked: Asked) -> errors.LocalchatError:
    if status == 408:
        return errors.NetworkError("The Hub waited too long for the request (408).", "Try again.")
    if status == 416:
        return errors.NetworkError(
            f"{asked.shown} has a file that is shorter than the Hub says (416).",
            "It was probably replaced just now: try again.",
        )
    if status == 451:
        return errors.HubRefused(f"{asked.shown} may not be shown for legal reasons (451).")
    if status in (502, 503, 504):
        return errors.NetworkError(f"The Hub is not available right now ({status}).", LATER)
    if status >= 500:
        return errors.NetworkError(f"The Hub has a fault of its own ({status}).", LATER)
    return errors.NetworkError(f"The Hub gave an answer that does not help ({status}).", LATER)


def _tls_reason(error: ssl.SSLError) -> str:
    for name in ("verify_message", "reason"):
        if reason := getattr(error, name, ""):
            return sanitize.line(str(reason), 80)
    return "TLS failed"


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _date(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None
