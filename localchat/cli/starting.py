"""`localchat` alone: a talk in plain lines where that is wanted, the screens otherwise."""

import argparse
import importlib

from localchat.cli import options


def run(given: argparse.Namespace) -> int:
    """Begin, and return the exit code. Raises as the screens and linear mode do."""
    chosen = options.effective_settings(given)
    # Only one of the two is loaded: linear mode also runs where Textual cannot.
    if chosen.linear:
        linear = importlib.import_module("localchat.cli.linear.running")
        return int(linear.run(given, chosen))
    screens = importlib.import_module("localchat.cli.screens")
    return int(screens.run(given))
