"""Where a redirect may lead: never from https to less, never in circles, never with the token.

Only the addresses are looked at; `access` decides which of them sees the token.
"""

from urllib.parse import urljoin, urlsplit

from localchat import errors, sanitize
from localchat.hub import access, refusals

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def following(url: str, location: str) -> str:
    """Return the address that a redirect from `url` leads to.

    Plain http is followed within one origin, where the user has chosen it, and on this computer
    itself. Raises DownloadFailed for what must not be followed.

    >>> following("https://huggingface.co/a", "https://cdn.example/b")
    'https://cdn.example/b'
    """
    try:
        target = urljoin(url, location)
        parts, scheme_host_port = urlsplit(target), access.origin(target)
    except ValueError:
        raise _refused(location) from None
    scheme, host, port = scheme_host_port
    is_address = scheme in ("https", "http") and host and port > 0 and not parts.username
    if not is_address or not target.isprintable():
        raise _refused(location)
    if scheme == "http" and not _is_as_plain(url, target):
        raise errors.DownloadFailed(
            f"The download is sent to {sanitize.line(host, 80)} without encryption.",
            "localchat does not follow it; choose another mirror, or try again later.",
        )
    return target


def _is_as_plain(url: str, target: str) -> bool:
    if urlsplit(url).scheme != "http":
        return False
    hosts = {urlsplit(url).hostname, urlsplit(target).hostname}
    return access.origin(url) == access.origin(target) or hosts <= _LOOPBACK


def too_many(host: str) -> errors.DownloadFailed:
    """Make the error of a server that sends a request in circles."""
    return errors.DownloadFailed(f"{host} sends the download in circles.", refusals.LATER)


def _refused(location: str) -> errors.DownloadFailed:
    return errors.DownloadFailed(
        f"The download is sent to an address that cannot be: {sanitize.line(location, 80)!r}.",
        refusals.LATER,
    )
