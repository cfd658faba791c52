"""Chat templates: messages in, the text of a prompt out.

`ChatTemplate` is a model's own Jinja template. Whatever has its `render` can stand in for it (see
`Renderer`). Knows nothing of llama_cpp, tokens, or which messages a template can bear.
"""

import copy
import datetime
import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

from jinja2 import TemplateError, TemplateSyntaxError, UndefinedError, meta, nodes

from localchat import errors, sanitize
from localchat.engine import sandbox

MAX_SOURCE_CHARACTERS = 1024 * 1024
_HINT = "Give another template with --chat-template-file."
# Whatever Python raises when a template treats a value as something that it is not.
_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    TemplateError,
    TypeError,
    ValueError,
)
_OURS = frozenset({"messages", "add_generation_prompt", "bos_token", "eos_token"})
_NO_TOOLS: dict[str, object] = {"tools": [], "functions": ""}

THINKING_VARIABLES = (
    "enable_thinking",
    "thinking",
    "enable_reasoning",
    "reasoning",
    "thinking_mode",
    "reasoning_mode",
    "reasoning_effort",
    "thinking_effort",
    "thinking_budget",
    "reasoning_budget",
)
"""Names by which templates of published models let a caller choose how they think."""

Turn = Mapping[str, object]
"""A message as templates see it: "role" and "content", which is text or a list of parts."""


class Renderer(Protocol):
    """Something that turns messages into prompt text."""

    @property
    def source(self) -> str:
        """The template's program text; for a built-in format its name."""

    @property
    def origin(self) -> str:
        """Where the template comes from, in words for the user."""

    @property
    def variables(self) -> frozenset[str]:
        """Names that the template reads and a caller may set."""

    def render(
        self,
        messages: Sequence[Turn],
        *,
        add_generation_prompt: bool = True,
        variables: Mapping[str, object] | None = None,
    ) -> str:
        """Render messages; raises BadTemplate when the template refuses or fails."""


class ChatTemplate:
    """A Jinja chat template, compiled once.

    Raises BadTemplate when the source cannot be compiled. `now` is what `strftime_now` tells; it
    stays the same while the template lives, so that a conversation keeps its beginning.
    """

    def __init__(
        self,
        source: str,
        *,
        bos: str = "",
        eos: str = "",
        origin: str = "the model's own template",
        now: datetime.datetime | None = None,
    ) -> None:
        self.source = source
        self.origin = origin
        self._texts = {"bos_token": bos, "eos_token": eos}
        self._lock = threading.Lock()
        if len(source) > MAX_SOURCE_CHARACTERS:
            raise errors.BadTemplate("The chat template has over a million characters.", _HINT)
        self._sandbox = sandbox.BoundedSandbox(now or datetime.datetime.now())
        try:
            self._template = self._sandbox.from_string(source)
            self.variables = _free_names(self._sandbox.parse(source)) - set(self._sandbox.globals)
            """Names that the template reads and a caller may set, such as `enable_thinking`."""
        except _FAULTS as fault:
            message = f"The chat template is broken: {_why(fault)}"
            raise errors.BadTemplate(message, _HINT) from fault

    def render(
        self,
        messages: Sequence[Turn],
        *,
        add_generation_prompt: bool = True,
        variables: Mapping[str, object] | None = None,
    ) -> str:
        """Render messages to prompt text.

        `variables` reach the template by name; names that are absent stay undefined, `tools` and
        `documents` among them. Raises BadTemplate when the template refuses, fails or runs away.
        """
        values = {
            **self._defaults(),
            **copy.deepcopy(dict(variables or {})),
            "messages": copy.deepcopy([dict(message) for message in messages]),
            "add_generation_prompt": add_generation_prompt,
        }
        with self._lock:
            self._sandbox.start()
            try:
                return self._render(values)
            except _FAULTS as fault:
                message = f"The chat template refuses this conversation: {_why(fault)}"
                raise errors.BadTemplate(message, _HINT) from fault

    def _render(self, values: dict[str, object]) -> str:
        try:
            return self._template.render(values)
        except UndefinedError:
            # A few tool models' templates cannot do without a list of tools: give an empty one.
            if not self.variables & _NO_TOOLS.keys() - values.keys():
                raise
            return self._template.render({**_NO_TOOLS, **values})

    def _defaults(self) -> dict[str, object]:
        """What templates expect to find besides the messages."""
        return {**self._texts, "datetime": self._sandbox.strftime_now("%b %d %Y")}


def thinking_variables(renderer: Renderer) -> tuple[str, ...]:
    """List what a template lets a caller choose of the model's thinking."""
    return tuple(name for name in THINKING_VARIABLES if name in renderer.variables)


def _free_names(tree: nodes.Template) -> frozenset[str]:
    """List what a template expects from outside.

    jinja2 also counts names that are set in one branch and read in another; a name that the
    template sets itself is only expected if the template asks whether it is defined.
    """
    asked = {
        node.node.name
        for node in tree.find_all((nodes.Test, nodes.Filter))
        if node.name in ("defined", "undefined", "default", "d")
        and isinstance(node.node, nodes.Name)
    }
    set_here = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
    return frozenset(meta.find_undeclared_variables(tree) - (set_here - asked) - _OURS)


def _why(fault: BaseException) -> str:
    if isinstance(fault, TemplateSyntaxError):
        return sanitize.line(f"{fault.message} (line {fault.lineno})")
    if isinstance(fault, UndefinedError):
        return sanitize.line(f"it needs a value that is not there, {fault.message}")
    if isinstance(fault, RecursionError):
        return "it runs without end"
    if isinstance(fault, MemoryError):
        return "it needs more memory than there is"
    return sanitize.line(str(fault) or type(fault).__name__)
