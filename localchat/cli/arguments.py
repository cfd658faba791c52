"""What may be typed after `localchat`. Flags are spelled as llama.cpp spells them.

Reads and checks the command line; does nothing with it.
"""

import argparse
import difflib
from collections.abc import Callable, Sequence

from localchat import __version__, errors, sanitize
from localchat.cli import chats_arguments, config_arguments, hub_arguments
from localchat.cli.parser import Parser, add_offline_flag, add_setting, adder, count, size, tokens

_TOP_USAGE = "localchat [-m MODEL] [options]\n       localchat COMMAND ..."
_TOP_TEXT = """\
Chat with local language models in the terminal: offline, private.

commands:
  run [MODEL] [PROMPT]  print one answer
  fit [MODEL...]        show which models fit this machine, how fast and how good
  show MODEL            show what is known of a model
  search TEXT           look for models on the Hugging Face Hub
  pull MODEL            download a model, or go on with a download
  list                  show the models on this disk
  rm MODEL              remove a model from this disk
  import FILE           put a .gguf file into the models folder
  chats COMMAND         list, search, export and import chats, and more
  bench [MODEL...]      measure how fast models answer here, beside what was predicted
  doctor                check this machine and the engine, and say how to mend what is wrong
  paths                 show where files are
  config COMMAND        show and change the settings, and the keys

Without a command, the chat screens open. `localchat COMMAND --help` explains a command.
"""
_TOP_EXAMPLES = """\
examples:
  localchat                            choose a model and chat
  localchat -m ~/models/qwen3.gguf     chat with this file
  localchat --continue                 go on with the last chat
  localchat run guide "What is Q4_K_S?"

Settings are read from config.toml (see `localchat paths`) and from variables such as
LOCALCHAT_CTX_SIZE and LOCALCHAT_TEMP; LOCALCHAT_HOME moves every file. Flags win.
"""
_RUN_EXAMPLES = """\
examples:
  localchat run guide "What is Q4_K_S?"
  localchat run ~/models/qwen3.gguf -p "Say hello" --temp 0 -n 50
  git diff | localchat run qwen3 "Summarize this change"
  localchat run guide "What is a context?" --json
  localchat run qwen3 "Three colors" -j '{"type": "array", "items": {"type": "string"}}'

MODEL is guide (built in), a path to a .gguf file, a name that `localchat list` shows, or a model of
the Hub as mistral-7b or user/repo:Q4_K_M, which is downloaded when it is not here: on a terminal
localchat asks first, elsewhere it needs --yes. Without MODEL, LOCALCHAT_MODEL or guide. One
argument alone is the MODEL; the prompt then comes from -p or from stdin. What is piped in stands
before the prompt, with a blank line between.

The answer goes to stdout; thinking, progress and statistics go to stderr.

exit codes:
  0 answered    1 error    2 wrong usage    3 model not found    4 does not fit in memory
  5 network    6 offline, and not on this disk    7 prompt longer than the context
  8 bad or unsupported model file    9 the Hub refuses (gated, token)    130 interrupted
"""
_BENCH_EXAMPLES = """\
examples:
  localchat bench                                  the built-in model
  localchat bench qwen3-4b.gguf -n 128 -r 5        five rounds of 128 tokens
  localchat bench --probe                          measure this machine, no model needed

Every round reads a prompt and answers it; medians count. What was measured corrects what `fit`
and the models screen say of speeds on this machine.
"""
_DOCTOR_EXAMPLES = """\
The exit code is 0 when nothing failed, 1 otherwise.
"""
_FIT_EXAMPLES = """\
examples:
  localchat fit                                    models for this machine, the best first
  localchat fit mistral-7b                         its quantizations x contexts
  localchat fit mistral-7b -c 16384 --json         everything about that context
  localchat fit mistral-7b --budget 7GiB           with no more memory than this
  localchat fit --machine air.toml                 for another machine

MODEL is the name of one in the catalogue, its repository as user/name or user/name:QUANT, or the
path of a .gguf file, of which the header is enough.
"""
_SHOW_EXAMPLES = """\
examples:
  localchat show mistral-7b
  localchat show ~/models/qwen3.gguf --json
"""


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line; `command` is empty for the chat screens.

    Raises UsageError for what cannot be, SystemExit after printing help or the version.
    """
    if argv and argv[0] == "run":
        return _parse_run(argv[1:])
    if argv and argv[0] in _COMMANDS:
        return _COMMANDS[argv[0]]().parse_args(argv[1:])
    parser = _top_parser()
    given = parser.parse_args(argv)
    if given.word:
        raise _unknown_command(given.word)
    return given


def _parse_run(argv: Sequence[str]) -> argparse.Namespace:
    # After "--" nothing is an option, which intermixed parsing does not know.
    end = argv.index("--") if "--" in argv else len(argv)
    # Options may stand between the positional arguments, which plain parsing gets wrong.
    given = _run_parser().parse_intermixed_args(argv[:end])
    given.words += argv[end + 1 :]
    return given


def _unknown_command(word: str) -> errors.UsageError:
    shown = sanitize.line(word, 60)
    if word in _COMMANDS:
        return errors.UsageError(
            f"The command {shown} comes before its options.", f"Type: localchat {shown} ..."
        )
    near = difflib.get_close_matches(word, _COMMANDS, n=1)
    if near:
        return errors.UsageError(f'There is no command "{shown}".', f"Did you mean {near[0]}?")
    return errors.UsageError(
        f'There is no command "{shown}".',
        "Commands are run, fit, show, search, pull, list, rm, import, chats, bench, doctor,"
        " paths and config; to chat: localchat -m MODEL",
    )


def _top_parser() -> Parser:
    parser = Parser(prog="localchat", usage=_TOP_USAGE, description=_TOP_TEXT, epilog=_TOP_EXAMPLES)
    parser.set_defaults(command="")
    parser.add_argument(
        "--version", action="version", version=f"localchat {__version__}", help="show the version"
    )
    parser.add_argument("word", nargs="?", default="", help=argparse.SUPPRESS)
    parser.add_argument("-m", "--model", metavar="MODEL", help="open this model at once")
    parser.add_argument(
        "-C",
        "--continue",
        dest="continue_last",
        action="store_true",
        help="go on with the last chat, and the model that answered in it",
    )
    parser.add_argument(
        "--machine", metavar="FILE", help="look at the models for the machine of this profile"
    )
    parser.add_argument(
        "--linear",
        action="store_const",
        const=True,
        help="no screens, only lines: for screen readers and plain terminals",
    )
    add_setting(parser, "--theme", name="theme", metavar="NAME", help="colors of the screens")
    _add_chat_flags(parser)
    _add_engine_flags(parser)
    _add_common_flags(parser)
    return parser


def _run_parser() -> Parser:
    parser = Parser(
        prog="localchat run",
        usage="localchat run [MODEL] [PROMPT] [options]",
        description="Print one answer of a model.",
        epilog=_RUN_EXAMPLES,
    )
    parser.set_defaults(command="run")
    parser.add_argument("words", nargs="*", metavar="MODEL PROMPT", help=argparse.SUPPRESS)
    parser.add_argument("-m", "--model", metavar="MODEL", help="the model, as MODEL")
    parser.add_argument("-p", "--prompt", metavar="TEXT", help="the prompt, as PROMPT")
    parser.add_argument(
        "-y", "--yes", action="store_true", help="download the model when it is not here"
    )
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    output.add_argument(
        "-j",
        "--json-schema",
        metavar="SCHEMA",
        help="answer with JSON that meets this schema or that in @FILE; {} is any JSON",
    )
    output.add_argument(
        "--stats", "--verbose", action="store_true", help="show statistics also without a terminal"
    )
    output.add_argument(
        "--verbose-prompt",
        action="store_true",
        help="show the exact text and tokens sent to the model on stderr",
    )
    _add_chat_flags(parser)
    _add_engine_flags(parser)
    _add_common_flags(parser)
    return parser


def _doctor_parser() -> Parser:
    parser = Parser(
        prog="localchat doctor",
        usage="localchat doctor [options]",
        description="Check this machine and the engine, and say how to mend what is wrong.",
        epilog=_DOCTOR_EXAMPLES,
    )
    parser.set_defaults(command="doctor")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.add_argument(
        "--clear-safe-mode",
        action="store_true",
        help="forget that the engine crashed with extra CPU buffers, then check again",
    )
    parser.add_argument(
        "--profile",
        action="store_true",
        help="only print this machine as a file for `localchat fit --machine FILE`",
    )
    return parser


def _fit_parser() -> Parser:
    parser = Parser(
        prog="localchat fit",
        usage="localchat fit [MODEL...] [options]",
        description="Show which models fit this machine, how fast they are and what they lose.",
        epilog=_FIT_EXAMPLES,
    )
    parser.set_defaults(command="fit")
    parser.add_argument("words", nargs="*", metavar="MODEL", help="without one: all that fit")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.add_argument("--machine", metavar="FILE", help="plan for the machine of this profile")
    parser.add_argument(
        "--budget", type=size, metavar="SIZE", help="the memory to use, as 7GiB; nothing is kept"
    )
    parser.add_argument(
        "--level",
        choices=("tight", "normal", "safe"),
        default="normal",
        help="how much memory is left to other programs (default: normal)",
    )
    add = adder(parser.add_argument_group("what to plan (default: what is best)"))
    add("-c", "--ctx-size", name="ctx_size", metavar="N", help="exactly this context")
    add("-ctk", "--cache-type-k", name="cache_type_k", metavar="TYPE", help="f16, q8_0, q4_0, ...")
    add("-ctv", "--cache-type-v", name="cache_type_v", metavar="TYPE", help="as -ctk, for values")
    add("-ngl", "--gpu-layers", name="gpu_layers", metavar="N", help="layers on the GPU; or all")
    add_offline_flag(parser)
    return parser


def _show_parser() -> Parser:
    parser = Parser(
        prog="localchat show",
        usage="localchat show MODEL [--json]",
        description="Show what is known of a model: its shape, its files, and what they lose.",
        epilog=_SHOW_EXAMPLES,
    )
    parser.set_defaults(command="show")
    parser.add_argument("model", metavar="MODEL", help="as for `localchat fit`")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    add_offline_flag(parser)
    return parser


def _bench_parser() -> Parser:
    parser = Parser(
        prog="localchat bench",
        usage="localchat bench [MODEL...] [options]",
        description="Measure how fast models answer here, beside what was predicted.",
        epilog=_BENCH_EXAMPLES,
    )
    parser.set_defaults(command="bench")
    parser.add_argument("words", nargs="*", metavar="MODEL", help=argparse.SUPPRESS)
    add = parser.add_argument
    add("--json", action="store_true", help="print one list of runs on stdout")
    add("--probe", action="store_true", help="measure this machine without any model's weights")
    add("-p", "--n-prompt", type=count, default=256, metavar="N", help="tokens to read (256)")
    add("-n", "--n-gen", type=count, default=64, metavar="N", help="tokens to write (64)")
    add("-r", "--repetitions", type=count, default=3, metavar="N", help="rounds (3)")
    _add_engine_flags(parser)
    _add_common_flags(parser)
    return parser


def _paths_parser() -> Parser:
    parser = Parser(
        prog="localchat paths",
        usage="localchat paths [--json]",
        description="Show where localchat keeps its files.",
        epilog="LOCALCHAT_HOME=FOLDER moves all of them into FOLDER.",
    )
    parser.set_defaults(command="paths")
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    return parser


def _add_chat_flags(parser: Parser) -> None:
    group = parser.add_argument_group("answers (default: what the model's maker set)")
    add = adder(group)
    add("-sys", "--system-prompt", name="system", metavar="TEXT", help="what the model is to be")
    add("-n", "--predict", name="predict", metavar="N", help="the most tokens in an answer")
    add("--temp", name="temp", metavar="X", help="temperature; 0 always takes the likeliest token")
    add("--top-k", name="top_k", metavar="N", help="choose among the N likeliest tokens; 0 is off")
    add("--top-p", name="top_p", metavar="X", help="choose among tokens of this total probability")
    add("--min-p", name="min_p", metavar="X", help="leave out tokens less likely than X x the best")
    add("--repeat-penalty", name="repeat_penalty", metavar="X", help="above 1: repeat less")
    add("--frequency-penalty", name="frequency_penalty", metavar="X", help="the same, by count")
    add("--presence-penalty", name="presence_penalty", metavar="X", help="the same, by presence")
    add("-s", "--seed", name="seed", metavar="N", help="the same seed gives the same answer")
    group.add_argument(
        "--stop", action="append", default=[], metavar="TEXT", help="stop there; may be repeated"
    )
    group.add_argument(
        "--think",
        choices=("auto", "on", "off", "low", "medium", "high"),
        help="whether a model that can think first does so, or how hard",
    )
    group.add_argument(
        "--reasoning-budget",
        type=tokens,
        metavar="N",
        help="end its thinking after N tokens; 0 is --think off, -1 no limit",
    )
    add("--persona", name="persona", metavar="NAME", help="answer as this persona; flags win")
    add("--overflow", name="overflow", metavar="HOW", help="full context: stop, roll or summarize")
    group.add_argument(
        "--chat-template-file", metavar="FILE", help="a Jinja template in place of the model's own"
    )


def _add_engine_flags(parser: Parser) -> None:
    group = parser.add_argument_group("engine")
    add = adder(group)
    add("-c", "--ctx-size", name="ctx_size", metavar="N", help="tokens that the model can see")
    add("-t", "--threads", name="threads", metavar="N", help="default: the performance cores")
    add("-ngl", "--gpu-layers", name="gpu_layers", metavar="N", help="layers on the GPU; or all")
    add("-fa", "--flash-attn", name="flash_attn", metavar="auto|on|off", help="flash attention")
    add("-ctk", "--cache-type-k", name="cache_type_k", metavar="TYPE", help="f16, q8_0, q4_0, ...")
    add("-ctv", "--cache-type-v", name="cache_type_v", metavar="TYPE", help="as -ctk, for values")
    group.add_argument(
        "--mlock", action="store_const", const=True, help="keep the model in memory, never swap it"
    )
    group.add_argument(
        "--no-mmap",
        dest="mmap",
        action="store_const",
        const=False,
        help="read the whole file instead of mapping it",
    )


def _add_common_flags(parser: Parser) -> None:
    group = parser.add_argument_group("other")
    add_offline_flag(group)
    group.add_argument("--force", action="store_true", help="go on where a model seems not to fit")


_COMMANDS: dict[str, Callable[[], Parser]] = {
    "run": _run_parser,
    "bench": _bench_parser,
    "doctor": _doctor_parser,
    "fit": _fit_parser,
    "show": _show_parser,
    "search": hub_arguments.search,
    "pull": hub_arguments.pull,
    "list": hub_arguments.listing,
    "rm": hub_arguments.rm,
    "import": hub_arguments.importing,
    "chats": chats_arguments.chats,
    "paths": _paths_parser,
    "config": config_arguments.config,
}
