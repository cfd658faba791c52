"""`localchat paths`: where files are."""

import argparse
import json
import os
import sys
from pathlib import Path

from localchat import paths
from localchat.cli import console
from localchat.library import cache


def run(given: argparse.Namespace) -> int:
    """Print every place, one a line or as one JSON object."""
    places = paths.paths()
    rows = {
        "config_file": places.config_file,
        "models": places.models,
        "downloads": cache.here(os.environ, Path.home()).folder,
        "chats_file": places.chats_file,
        "state": places.state,
        "engine_logs": places.engine_logs,
        "safe_mode_file": places.safe_mode_file,
        "guide": paths.guide_model(),
    }
    if given.json:
        found = {name: str(path) for name, path in rows.items()}
        console.write(sys.stdout, json.dumps(found, indent=2) + "\n")
        return 0
    labels = {
        "config_file": "settings",
        "models": "models folder",
        "downloads": "downloads",
        "chats_file": "chats",
        "state": "state",
        "engine_logs": "engine logs",
        "safe_mode_file": "safe mode",
        "guide": "built-in model",
    }
    lines = [f"{labels[name]:<16}{path}\n" for name, path in rows.items()]
    console.write(sys.stdout, "".join(lines))
    return 0
