"""The Hub, as the commands ask it: who asks, and what the installed engine can run."""

from collections.abc import Iterator
from contextlib import contextmanager

from localchat import errors, paths, sanitize
from localchat.cli.console import Console
from localchat.engine import names
from localchat.hub import access
from localchat.hub.access import Access
from localchat.hub.client import HubClient
from localchat.hub.support import Support


def who(offline: bool) -> Access:
    """Read endpoint, token and offline mode; `offline` is the flag. Raises UsageError."""
    return access.of_environment(offline=offline)


def not_here(name: str) -> errors.Offline:
    """Make the error of a model that is not on this disk while the network may not be used."""
    shown = sanitize.line(name, 120)
    return errors.Offline(
        f"localchat is offline, and {shown} is not on this disk.",
        "Leave out --offline, or unset HF_HUB_OFFLINE; localchat list shows what is here.",
    )


@contextmanager
def client(asking: Access, console: Console) -> Iterator[HubClient]:
    """Make a client for a while, in which a terminal says what is going on."""
    with HubClient(asking, headers_folder=paths.paths().remote_headers) as made:
        console.status("Asking the Hub")
        try:
            yield made
        finally:
            console.end()


def engine_support() -> Support:
    """Say what the installed engine knows."""
    return Support(names.architecture, names.tokenizer)
