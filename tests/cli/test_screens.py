"""`localchat` alone: what is refused before any screen opens."""

from pathlib import Path

from tests.cli import command


def test_machine_that_cannot_be_is_refused(home: Path) -> None:
    """A profile with nonsense ends in one sentence that names the file and the key."""
    home.mkdir(exist_ok=True)
    profile = home / "odd.toml"
    profile.write_text('name = "Odd"\nos = "linux"\ncpu = "x"\nperformance_cores = -4\n')
    done = command.run("--machine", str(profile))

    assert done.code == 2
    assert "odd.toml" in done.err and "performance_cores" in done.err
    assert "Traceback" not in done.err


def test_another_machine_needs_a_terminal_too(home: Path) -> None:
    """A profile that can be read leads to the screens, which need a terminal."""
    machine = Path(__file__).parents[1] / "machines" / "netbook-4gb.toml"
    home.mkdir(exist_ok=True)
    done = command.run("--machine", str(machine))

    assert (done.code, done.out) == (2, "")
    assert "needs a terminal" in done.err
