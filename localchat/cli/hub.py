"""The Hub, as the commands ask it: who asks, and what the installed engine can run."""

from localchat import errors, paths, sanitize
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


def client(asking: Access) -> HubClient:
    """Make a client; nothing is asked yet. Close it at the end."""
    return HubClient(asking, headers_folder=paths.paths().remote_headers)


def engine_support() -> Support:
    """Say what the installed engine knows."""
    return Support(names.architecture, names.tokenizer)
