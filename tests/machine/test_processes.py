"""How busy the machine is, and what a process has held."""

import os

from localchat.machine import processes


def test_the_peak_of_this_process_is_more_than_nothing() -> None:
    """A Python with pytest in it holds over 10 MiB."""
    peak = processes.peak_bytes(os.getpid())
    assert peak is not None and peak > 10 * 2**20


def test_a_process_that_is_gone_has_no_peak() -> None:
    """No figure in place of a wrong one, and no exception."""
    assert processes.peak_bytes(2**22 + 12345) is None


def test_a_status_without_a_peak_tells_none() -> None:
    """Kernel threads have no memory of their own."""
    assert processes.parse_peak("Name:\tkthreadd\nState:\tS (sleeping)\n") is None


def test_the_share_that_works_is_a_share() -> None:
    """Between nothing and all of the processors."""
    assert 0.0 <= processes.busy_share(0.05) <= 1.0
