"""The parser of command lines, and the kinds of values and flags that several commands share."""

import argparse
import re
from collections.abc import Callable
from typing import Any, NoReturn

from localchat import errors, sanitize, settings
from localchat.cli import sizes

_MUST = re.compile(r"^argument (\S+): (must .*)$", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are errors of this program."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            add_help=False,
            **options,
        )
        self.add_argument("-h", "--help", action="help", help="show this help")

    def error(self, message: str) -> NoReturn:
        message = _MUST.sub(r"\1 \2", message).removeprefix("argument ")
        sentence = sanitize.line(message[:1].upper() + message[1:])
        raise errors.UsageError(f"{sentence.rstrip('.')}.", f"See `{self.prog} --help`.")


def size(text: str) -> int:
    """Read a size in bytes, for `type=`."""
    try:
        return sizes.parse(text)
    except ValueError as error:
        shown = sanitize.line(text, 60)
        raise argparse.ArgumentTypeError(f'must be {error}, not "{shown}"') from None


def count(text: str) -> int:
    """Read a whole number from 1 on, for `type=`."""
    if not text.isdigit() or not 1 <= int(text) <= 1_000_000:
        shown = sanitize.line(text, 60)
        raise argparse.ArgumentTypeError(f'must be a whole number, 1 or more, not "{shown}"')
    return int(text)


def tokens(text: str) -> int:
    """Read a number of tokens, -1 for no limit, for `type=`."""
    if not re.fullmatch(r"-1|[0-9]{1,7}", text):
        shown = sanitize.line(text, 60)
        raise argparse.ArgumentTypeError(f'must be a whole number, -1 or more, not "{shown}"')
    return int(text)


def weights(text: str) -> int:
    """Read a number of weights such as 8B, for `type=`."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([bm])", text.strip(), re.IGNORECASE)
    if match is None:
        shown = sanitize.line(text, 60)
        raise argparse.ArgumentTypeError(f'must be a number of weights as 8B, not "{shown}"')
    return int(float(match[1]) * (1e9 if match[2].lower() == "b" else 1e6))


def add_offline_flag(group: argparse._ActionsContainer) -> None:
    """Add --offline."""
    group.add_argument("--offline", action="store_true", help="never use the network")


def adder(group: argparse._ArgumentGroup) -> Callable[..., None]:
    """Give what adds settings to a group."""

    def add(*flags: str, **options: str) -> None:
        add_setting(group, *flags, **options)

    return add


def add_setting(
    group: argparse._ActionsContainer, *flags: str, name: str, metavar: str, help: str
) -> None:
    """Add a flag that stands over a setting of the same name, and is checked as that is."""
    kind = settings.KINDS[name]

    def value(text: str) -> object:
        try:
            return kind.parse(text)
        except ValueError as error:
            shown = sanitize.line(text, 60)
            raise argparse.ArgumentTypeError(f'must be {error}, not "{shown}"') from None

    group.add_argument(*flags, dest=name, type=value, metavar=metavar, help=help)
