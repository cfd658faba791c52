"""The whole interface with a scripted engine, as a program: `small_program.py HOME SCRIPT`."""

import json
import sys
from pathlib import Path

from localchat import errors
from localchat.engine.client import EngineClient
from localchat.ui.run import run
from tests import programs
from tests.ui import hosts


def main() -> int:
    """Run until the user or a signal ends it."""
    home, script = Path(sys.argv[1]), json.loads(sys.argv[2])
    engine = EngineClient(home / "logs", home / "safe-mode.json", programs.fake_worker(script))
    try:
        chats = home / "chats.db"
        return run(engine, hosts.make_setup(folder=home, open_path=None, chats_file=chats))
    except errors.LocalchatError as error:
        print(f"localchat: {error.message} {error.hint}", file=sys.stderr)
        return int(error.exit_code)


if __name__ == "__main__":
    raise SystemExit(main())
