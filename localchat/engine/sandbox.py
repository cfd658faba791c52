"""The Jinja environment in which chat templates from model files run.

A template is a stranger's program: it cannot reach Python (jinja2's sandbox), and here it cannot
run or grow without end either, since steps, sizes and time are counted. The counting covers loops,
macros, calls, operators and output; whoever renders must still expect a slow template and be able
to end the process. Knows the functions and filters that real templates use, but no models.
"""

import datetime
import json
import re
import time
from collections.abc import Callable, Iterable
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

MAX_STEPS = 1_000_000
"""Loop turns, macro entries and calls in one rendering."""
MAX_CHARACTERS = 64 * 1024 * 1024
"""Text put out in one rendering, and the longest single value."""
MAX_SECONDS = 5.0
"""Processor time of one rendering; a real template takes milliseconds."""
_MAX_EXPONENT = 64
_MAX_BITS = 4096
_MAX_WIDTH = 10_000
_WIDE_PERCENT = re.compile(r"%[^a-zA-Z%]*(\*|\d{5,})")
_WIDE_BRACES = re.compile(r"\{[^{}]*:[^{}]*(\{|\d{5,})")
_ENDLESS_FILTERS = ("batch", "center", "indent", "slice", "wordwrap")


class TooMuch(SecurityError):
    """The template asks for more steps, time or memory than any real one."""


class _GenerationTag(Extension):
    """`{% generation %}` marks the assistant's text for training; here its body just renders."""

    tags = {"generation"}  # noqa: RUF012 - jinja2 declares it as an instance attribute

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        """Parse up to `{% endgeneration %}`."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Metered(NodeTransformer):
    """Has every loop turn, macro call and joined text counted by the environment."""

    def visit_For(self, node: nodes.For) -> nodes.Node:
        return self._count(node)

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:
        return self._count(node)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _call("join_texts", node.nodes, node.lineno)

    def _count(self, node: nodes.For | nodes.Macro) -> nodes.Node:
        literal = sum(len(part.data) for part in node.find_all(nodes.TemplateData))
        self.generic_visit(node)
        cost = nodes.Const(literal, lineno=node.lineno)
        tick = nodes.ExprStmt(_call("tick", [cost], node.lineno), lineno=node.lineno)
        node.body.insert(0, tick)
        return node


def _call(method: str, arguments: list[nodes.Expr], line: int) -> nodes.Call:
    target = nodes.EnvironmentAttribute(method, lineno=line)
    return nodes.Call(target, arguments, [], None, None, lineno=line)


class BoundedSandbox(ImmutableSandboxedEnvironment):
    """A sandbox that counts what a template does; `start()` opens a new account.

    Renders one template at a time.
    """

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, now: datetime.datetime) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[_GenerationTag, loopcontrols],
            finalize=self.put_out,
            cache_size=0,
        )
        self._now = now
        self.start()
        del self.globals["lipsum"]
        self.globals |= {"raise_exception": refuse, "strftime_now": self.strftime_now}
        self.filters |= {"tojson": to_json, "from_json": json.loads, "fromjson": json.loads}
        self.filters |= {"join": self._join(self.filters["join"]), "replace": self._replace}
        for name in _ENDLESS_FILTERS:
            self.filters[name] = _narrow(self.filters[name])

    def start(self) -> None:
        """Begin a new rendering with a full allowance."""
        self._steps = self._characters = 0
        self._deadline_seconds = time.thread_time() + MAX_SECONDS

    def tick(self, literal_characters: int = 0) -> str:
        """Count one step, and the literal text that may come with it."""
        self._steps += 1
        self._characters += literal_characters
        if self._steps > MAX_STEPS or self._characters > MAX_CHARACTERS:
            raise TooMuch("it runs without end")
        if self._steps % 64 == 0 and time.thread_time() > self._deadline_seconds:
            raise TooMuch(f"it takes longer than {MAX_SECONDS:.0f} seconds")
        return ""

    def put_out(self, value: object) -> object:
        """Count what an expression prints."""
        if isinstance(value, str):
            self._characters += len(value)
            self.tick()
        return value

    def join_texts(self, *parts: object) -> str:
        """Join texts as the `~` operator does."""
        texts = [str(part) for part in parts]
        _limit(sum(map(len, texts)))
        return "".join(texts)

    def strftime_now(self, pattern: str) -> str:
        """Format the time at which the template was loaded, so that a prompt keeps its start."""
        if len(pattern) > _MAX_WIDTH or _WIDE_PERCENT.search(pattern):
            raise TooMuch("its date format is too wide")
        return self._now.strftime(pattern)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Let templates keep lists, which some do, and nothing else of what jinja2 refuses."""
        keeps_list = isinstance(obj, list) and attr in ("append", "pop")
        return keeps_list or super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Compute `+ * ** %` if the result has a sane size."""
        _check_operands(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function or method, counted; methods that blow a string up are held in bounds."""
        owner = getattr(__obj, "__self__", None)
        if owner is __self and __obj.__name__ in ("tick", "join_texts"):
            return __obj(*args)
        __self.tick()
        if isinstance(owner, str):
            _check_method(__obj.__name__, owner, args)
        return super().call(__context, __obj, *args, **kwargs)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Let a template format strings if no width in them is beyond reason."""
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None
        pattern: str = value.__self__
        if _WIDE_BRACES.search(pattern.replace("{{", "").replace("}}", "")):
            raise TooMuch("its format is too wide")
        return wrapped

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree: nodes.Template = _Metered().visit(super()._parse(source, name, filename))
        tree.set_environment(self)
        return tree

    @staticmethod
    def _join(join: Callable[..., str]) -> Callable[..., str]:
        def bounded(
            eval_ctx: Any, value: Iterable[Any], d: str = "", attribute: str | int | None = None
        ) -> str:
            parts = list(value)
            lengths = sum(len(part) if isinstance(part, str) else 16 for part in parts)
            _limit(lengths + len(parts) * len(d))
            return join(eval_ctx, parts, d, attribute)

        bounded.jinja_pass_arg = join.jinja_pass_arg  # type: ignore[attr-defined]
        return bounded

    @staticmethod
    def _replace(text: object, old: object, new: object, count: int | None = None) -> str:
        whole, gone, put = str(text), str(old), str(new)
        _check_method("replace", whole, (gone, put))
        return whole.replace(gone, put, -1 if count is None else count)


def refuse(message: object) -> None:
    """Stop the rendering with the template's own message, as `raise_exception` does."""
    raise TemplateError(str(message))


def to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """Write JSON as Hugging Face's `tojson` does: not escaped for HTML, keys in their order."""
    if indent is not None and indent > 64:
        raise TooMuch("it indents JSON too far")
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def _narrow(filter_: Callable[..., Any]) -> Callable[..., Any]:
    def bounded(*args: Any, **kwargs: Any) -> Any:
        given = (*args, *kwargs.values())
        width = max((abs(a) for a in given if isinstance(a, int)), default=0)
        if width > _MAX_WIDTH:
            raise TooMuch("it asks for a text that is too wide")
        _limit(width * (1 + sum(a.count("\n") for a in given if isinstance(a, str))))
        return filter_(*args, **kwargs)

    if hasattr(filter_, "jinja_pass_arg"):
        bounded.jinja_pass_arg = filter_.jinja_pass_arg  # type: ignore[attr-defined]
    return bounded


def _limit(characters: int) -> None:
    if characters > MAX_CHARACTERS:
        raise TooMuch("it builds a text that is too long")


def _check_operands(operator: str, left: Any, right: Any) -> None:
    if operator == "**":
        if isinstance(right, int) and abs(right) > _MAX_EXPONENT:
            raise TooMuch("it computes a number that is too large")
    elif operator == "%":
        if isinstance(left, str) and _WIDE_PERCENT.search(left):
            raise TooMuch("its format is too wide")
    elif isinstance(left, int) and isinstance(right, int):
        if left.bit_length() + right.bit_length() > _MAX_BITS:
            raise TooMuch("it computes a number that is too large")
    elif operator == "+":
        _limit(_length(left) + _length(right))
    else:
        factor = left if isinstance(left, int) else right if isinstance(right, int) else 1
        _limit(max(_length(left), _length(right)) * max(factor, 0))


def _length(value: object) -> int:
    return len(value) if isinstance(value, str | list | tuple) else 0


def _check_method(name: str, owner: str, args: tuple[Any, ...]) -> None:
    widest = max((abs(a) for a in args if isinstance(a, int)), default=0)
    if name in ("center", "expandtabs", "ljust", "rjust", "zfill"):
        _limit(widest * (1 + owner.count("\t")))
    elif name == "replace" and len(args) >= 2:
        old, new = str(args[0]), str(args[1])
        _limit(len(owner) + owner.count(old) * len(new))
    elif name == "join" and args:
        parts = args[0] if isinstance(args[0], list | tuple | str | dict) else ()
        _limit(sum(_length(p) for p in parts) + len(owner) * len(parts))
