"""What may be typed after `localchat config`."""

import argparse

from localchat.cli.parser import Parser

_EXAMPLES = """\
commands:
  list             show every setting, its value and where that comes from
  keys             show every command and its keys
  get KEY          print one value
  set KEY VALUE    write a value into config.toml
  unset KEY        take a value out again
  edit             open config.toml in your editor, and check it afterwards
  path             print where config.toml is

examples:
  localchat config set chat.temp 0.7
  localchat config set downloads.limit "10 MB/s"
  localchat config set keys.chat.stop ctrl+x,f9

KEY is a name as `localchat config list` shows it; the part before the dot may be left out, but not
that of keys. The environment (LOCALCHAT_TEMP) wins over the file, and flags win over both.
"""


def config() -> Parser:
    """Make the parser of `localchat config`."""
    given = Parser(
        prog="localchat config",
        usage="localchat config [list|keys|get|set|unset|edit|path] [KEY] [VALUE] [--json]",
        description="Show and change the settings.",
        epilog=_EXAMPLES,
    )
    given.set_defaults(command="config")
    add = given.add_argument
    add("verb", nargs="?", default="list", help=argparse.SUPPRESS)
    add("key", nargs="?", default="", metavar="KEY", help=argparse.SUPPRESS)
    add("value", nargs="?", default=None, metavar="VALUE", help=argparse.SUPPRESS)
    add("--json", action="store_true", help="print JSON on stdout, for list, keys, get and path")
    return given
