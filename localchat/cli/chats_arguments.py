"""What may be typed after `localchat chats`: one parser for each thing to do with chats."""

import argparse
from collections.abc import Callable
from types import MappingProxyType

from localchat.cli import parser
from localchat.cli.parser import Parser

_EXAMPLES = """\
commands:
  list                  show the chats, pinned ones first
  search TEXT           find titles and messages
  show CHAT             print a chat
  rm CHAT               delete a chat; it can be brought back for 30 days
  restore CHAT          bring a deleted chat back

CHAT is the beginning of an id as `localchat chats list` shows it, a title, or last.
`localchat chats COMMAND --help` explains a command.
"""
_SEARCH_EXAMPLES = """\
examples:
  localchat chats search kubernetes secret         messages with both words
  localchat chats search '"exact words"'           these words, one after the other
  localchat chats search 缓存 --json
"""
_RM_EXAMPLES = """\
examples:
  localchat chats rm 3f2a
  localchat chats rm "Tea ceremony" --forever --yes
"""


def chats() -> Parser:
    """Make the parser of `localchat chats`."""
    given = Parser(
        prog="localchat chats",
        usage="localchat chats COMMAND [options]",
        description="List, search, print and delete the chats that were kept.",
        epilog=_EXAMPLES,
    )
    given.set_defaults(command="chats")
    commands = given.add_subparsers(
        dest="chats_command", metavar="COMMAND", required=True, help=argparse.SUPPRESS
    )
    for name, (usage, help, epilog, fill) in _COMMANDS.items():
        one = commands.add_parser(
            name,
            prog=f"localchat chats {name}",
            usage=f"localchat chats {name} {usage}",
            description=help,
            epilog=epilog,
        )
        fill(one)
        one.add_argument("--json", action="store_true", help="print JSON on stdout")
    return given


def _fill_list(one: Parser) -> None:
    one.add_argument("--deleted", action="store_true", help="those that can be brought back")


def _fill_search(one: Parser) -> None:
    one.add_argument("words", nargs="+", metavar="TEXT", help=argparse.SUPPRESS)
    one.add_argument(
        "--limit", type=parser.count, default=50, metavar="N", help="the most results (50)"
    )


def _fill_chat(one: Parser) -> None:
    one.add_argument("chat", metavar="CHAT", help=argparse.SUPPRESS)


def _fill_rm(one: Parser) -> None:
    _fill_chat(one)
    one.add_argument("--forever", action="store_true", help="remove it now, without a way back")
    one.add_argument("-y", "--yes", action="store_true", help="do not ask")


_COMMANDS: MappingProxyType[str, tuple[str, str, str, Callable[[Parser], None]]] = MappingProxyType(
    {
        "list": ("[--deleted] [--json]", "Show the chats, pinned ones first.", "", _fill_list),
        "search": (
            "TEXT... [options]",
            "Find titles and messages with every one of these words, the newest first.",
            _SEARCH_EXAMPLES,
            _fill_search,
        ),
        "show": ("CHAT [--json]", "Print the branch of a chat that is shown.", "", _fill_chat),
        "rm": ("CHAT [options]", "Delete a chat.", _RM_EXAMPLES, _fill_rm),
        "restore": ("CHAT [--json]", "Bring a deleted chat back.", "", _fill_chat),
    }
)
"""Usage, help, what stands below it, and what adds the arguments."""
