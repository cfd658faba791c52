"""What may be typed after `localchat chats`: one parser for each thing to do with chats."""

import argparse
from collections.abc import Callable
from types import MappingProxyType

from localchat.chat.exchange import writing
from localchat.cli import parser
from localchat.cli.parser import Parser

_EXAMPLES = """\
commands:
  list                  show the chats, pinned ones first
  search TEXT           find titles and messages
  show CHAT             print a chat
  rm CHAT               delete a chat; it can be brought back for 30 days
  restore CHAT          bring a deleted chat back
  export CHAT           write a chat as Markdown, a page or JSON
  import FILE           take in chats of localchat, ChatGPT or LM Studio

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
_EXPORT_EXAMPLES = """\
examples:
  localchat chats export last > chat.md
  localchat chats export "Tea ceremony" -o tea.html
  localchat chats export --all -o backup.json      every version of every chat
  localchat chats export --all -o ~/notes          a Markdown file for each, in this folder
"""
_IMPORT_EXAMPLES = """\
examples:
  localchat chats import backup.json
  localchat chats import chatgpt-export.zip        or the conversations.json in it
  localchat chats import ~/.lmstudio/conversations
What is here already is left as it is.
"""


def chats() -> Parser:
    """Make the parser of `localchat chats`."""
    given = Parser(
        prog="localchat chats",
        usage="localchat chats COMMAND [options]",
        description="List, search, print, delete, export and import the chats that were kept.",
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


def _fill_export(one: Parser) -> None:
    one.add_argument("chat", nargs="?", metavar="CHAT", help=argparse.SUPPRESS)
    one.add_argument("--all", action="store_true", help="every chat, in one JSON or a folder")
    one.add_argument("-o", "--output", metavar="FILE", help="a new file, or a folder; or to stdout")
    one.add_argument(
        "--format", choices=writing.FORMATS, help="Markdown, a page or JSON; else as FILE ends"
    )
    one.add_argument("--thoughts", action="store_true", help="with what the model thought")
    one.add_argument("--force", action="store_true", help="replace files that are there")


def _fill_import(one: Parser) -> None:
    one.add_argument("files", nargs="+", metavar="FILE", help=argparse.SUPPRESS)


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
        "export": (
            "CHAT | --all [options]",
            "Write a chat into a file, or all of them; JSON holds everything and can be imported.",
            _EXPORT_EXAMPLES,
            _fill_export,
        ),
        "import": (
            "FILE... [--json]",
            "Take in chats: localchat's own JSON, ChatGPT's export, LM Studio's conversations.",
            _IMPORT_EXAMPLES,
            _fill_import,
        ),
    }
)
"""Usage, help, what stands below it, and what adds the arguments."""
