"""Run localchat with `python -m localchat`."""

from localchat.cli import main

raise SystemExit(main())
