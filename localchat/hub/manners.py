"""How patient a download is: every wait and limit, as one value."""

from dataclasses import dataclass

from localchat import units


@dataclass(frozen=True, slots=True)
class Manners:
    """Waits and limits of requests and downloads; the defaults are for people at a laptop."""

    connect_seconds: float = 5.0
    """For each of the addresses that a name stands for."""
    read_seconds: float = 10.0
    """So long without a byte is a stall: the connection is given up and a new one made."""
    first_wait_seconds: float = 1.0
    """Before the second try; every further wait is twice as long."""
    longest_wait_seconds: float = 30.0
    start_patience_seconds: float = 12.0
    """A download that never got a byte is given up after so long: somebody waits for an answer."""
    patience_seconds: float = 300.0
    """One that was under way is given up when nothing came for so long."""
    worth_bytes: int = 64 * units.KIB
    """So much that was never here before is worth new patience; a trickle is not."""
    announced_wait_seconds: float = 120.0
    """A wait that the Hub asks for is kept up to here; a longer one is reported instead."""
    announced_waits: int = 3
    """How many of them in a row."""
    redirects: int = 5
    broken_answers: int = 3
    """How many answers in a row may break the rules of HTTP before the server is given up."""
    http_limit_bytes: int = 50 * 10**9
    """Above it the Hub gives a file out by Xet only (huggingface_hub's MAX_HTTP_DOWNLOAD_SIZE)."""
    reserve_bytes: int = units.GIB
    """What a download leaves free on the disk."""
    tick_seconds: float = 0.2
    """Between two reports of progress."""
