"""What may be typed after `localchat search`, `pull`, `list`, `rm` and `import`."""

import argparse

from localchat.cli import parser
from localchat.cli.parser import Parser

_SEARCH_EXAMPLES = """\
examples:
  localchat search mistral                         the most downloaded first
  localchat search qwen3 --max-size 8B --sort date
  localchat search --author bartowski --limit 50 --json

Only repositories with GGUF files are shown. Then: localchat show user/repo
"""
_PULL_EXAMPLES = """\
examples:
  localchat pull mistral-7b                        what suits this machine best
  localchat pull bartowski/Qwen3-4B-GGUF:Q5_K_M
  localchat pull hf.co/user/repo --json

MODEL is a name of the catalogue, or user/repo with a quantization or a file's name behind a colon.
A download that was stopped goes on where it was; what came is verified before it can be used. It
lies in the Hugging Face cache, which other programs share (HF_HOME, HF_ENDPOINT, HF_TOKEN).

exit codes:
  0 it is here    3 not found    4 does not fit in memory    5 network    6 offline
  8 this engine cannot run it    9 the Hub refuses (gated, token)    130 interrupted
"""
_LIST_EXAMPLES = """\
Shown are the models of the models folder, of the Hugging Face cache and of LM Studio, Ollama, Jan
and llama.cpp, read where they lie, and downloads that did not finish.
"""
_RM_EXAMPLES = """\
examples:
  localchat rm bartowski/Qwen3-4B-GGUF:Q5_K_M
  localchat rm qwen3-4b --yes

MODEL is a name as `localchat list` shows it. What other programs keep is left to them.
"""
_IMPORT_EXAMPLES = """\
examples:
  localchat import ~/Downloads/model-Q4_K_M.gguf
  localchat import /media/stick/models

The original is not touched: on the same disk the file gets a second name, from another disk it is
copied. Models of LM Studio, Ollama, Jan and llama.cpp need no import: `localchat list` has them.
"""


def search() -> Parser:
    """Make the parser of `localchat search`."""
    given = Parser(
        prog="localchat search",
        usage="localchat search [TEXT...] [options]",
        description="Look for models on the Hugging Face Hub.",
        epilog=_SEARCH_EXAMPLES,
    )
    given.set_defaults(command="search")
    add = given.add_argument
    add("words", nargs="*", metavar="TEXT", help=argparse.SUPPRESS)
    add("--author", default="", metavar="NAME", help="only of this user or organization")
    add("--sort", choices=("downloads", "likes", "date"), default="downloads", help="what is first")
    add("--limit", type=parser.count, default=20, metavar="N", help="the most results (20)")
    add(
        "--max-size",
        type=parser.weights,
        metavar="N",
        help="at most so many weights, as 8B or 500M",
    )
    add("--json", action="store_true", help="print one JSON list on stdout")
    parser.add_offline_flag(given)
    return given


def pull() -> Parser:
    """Make the parser of `localchat pull`."""
    given = Parser(
        prog="localchat pull",
        usage="localchat pull MODEL [options]",
        description="Download a model of the Hub, or go on with a download.",
        epilog=_PULL_EXAMPLES,
    )
    given.set_defaults(command="pull")
    given.add_argument("model", metavar="MODEL", help=argparse.SUPPRESS)
    given.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    given.add_argument(
        "--force", action="store_true", help="also what does not fit this machine or its engine"
    )
    parser.add_offline_flag(given)
    return given


def listing() -> Parser:
    """Make the parser of `localchat list`."""
    given = Parser(
        prog="localchat list",
        usage="localchat list [--json]",
        description="Show the models on this disk, and downloads that did not finish.",
        epilog=_LIST_EXAMPLES,
    )
    given.set_defaults(command="list")
    given.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    return given


def rm() -> Parser:
    """Make the parser of `localchat rm`."""
    given = Parser(
        prog="localchat rm",
        usage="localchat rm MODEL [options]",
        description="Remove a model, or a download that did not finish, from this disk.",
        epilog=_RM_EXAMPLES,
    )
    given.set_defaults(command="rm")
    given.add_argument("model", metavar="MODEL", help=argparse.SUPPRESS)
    given.add_argument("-y", "--yes", action="store_true", help="do not ask")
    given.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    return given


def importing() -> Parser:
    """Make the parser of `localchat import`."""
    given = Parser(
        prog="localchat import",
        usage="localchat import FILE_OR_FOLDER... [--json]",
        description="Put .gguf files into the models folder.",
        epilog=_IMPORT_EXAMPLES,
    )
    given.set_defaults(command="import")
    given.add_argument("sources", nargs="+", metavar="FILE_OR_FOLDER", help=argparse.SUPPRESS)
    given.add_argument("--json", action="store_true", help="print one JSON list on stdout")
    return given
