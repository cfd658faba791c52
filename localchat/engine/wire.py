"""What the front end and the engine's process say to each other: one JSON object a line.

Commands go down, events come up; each event carries the id of the command it answers.
Knows neither llama_cpp nor asyncio.
"""

import dataclasses
import json
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from localchat.engine import records
from localchat.engine.values import Device as Device
from localchat.engine.values import Message as Message
from localchat.engine.values import Role as Role
from localchat.engine.values import Sampling as Sampling
from localchat.engine.values import Stats as Stats
from localchat.fit.footprint import Footprint
from localchat.fit.params import EngineParams as EngineParams

FinishReason = Literal["stop", "length", "context", "cancelled"]
"""`stop`: the model ended its turn or a stop string came; `length`: `max_tokens` reached;
`context`: the context is full; `cancelled`: the user stopped it."""
FailureKind = Literal[
    "bad_model",
    "not_found",
    "bad_template",
    "out_of_memory",
    "context_overflow",
    "load_failed",
    "evaluation_failed",
    "engine_missing",
    "no_sparse_files",
    "cancelled",
    "bad_request",
]


# --- commands -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Load:
    """Load a model and warm it up; answered by Progress, then Loaded or Failed."""

    tag: ClassVar[str] = "load"
    id: int
    path: str
    params: EngineParams = field(default_factory=EngineParams)
    warm_up: bool = True
    predicted_bytes: int = 0
    """What the front end expects it to take, for the log; 0 when it expects nothing."""


@dataclass(frozen=True, slots=True)
class Unload:
    """Free the model; answered by Result."""

    tag: ClassVar[str] = "unload"
    id: int


@dataclass(frozen=True, slots=True)
class Devices:
    """List ggml's devices; answered by Result {"devices": [...]}."""

    tag: ClassVar[str] = "devices"
    id: int


@dataclass(frozen=True, slots=True)
class DryRun:
    """Ask llama.cpp what a model would take; answered by Result {"footprint": ...} or Failed.

    llama.cpp may die of it: for a process of its own.
    """

    tag: ClassVar[str] = "dry_run"
    id: int
    path: str
    """A model, or a file that holds only the header of one."""
    params: EngineParams = field(default_factory=EngineParams)


@dataclass(frozen=True, slots=True)
class Generate:
    """Answer a conversation; answered by Progress, Text, then Finished or Failed."""

    tag: ClassVar[str] = "generate"
    id: int
    messages: tuple[Message, ...]
    sampling: Sampling = field(default_factory=Sampling)
    max_tokens: int = 0
    """0: until the model stops or the context is full."""
    stop: tuple[str, ...] = ()
    template_variables: Mapping[str, Any] = field(default_factory=dict)
    """Such as {"enable_thinking": False}."""
    continue_final: bool = False
    """Go on with the last message, an assistant's, in place of opening a new turn."""
    reasoning: str = ""
    """What was thought before that message, where it stopped before it had any text."""
    json_schema: str = ""
    """A JSON schema that the answer must meet, as JSON text; "{}" for any JSON, empty for text."""
    thinking_budget_tokens: int = 0
    """Close a think block after this many tokens; 0 leaves it to the model."""
    verbose_prompt: bool = False
    """Send a Prompt event with the exact text and tokens first."""
    chunks: tuple[int, ...] = ()
    """For tests of the KV cache: evaluate from nothing, in calls of these sizes."""


@dataclass(frozen=True, slots=True)
class Count:
    """Count the tokens of a conversation as it would be sent; Result {"tokens": n}.

    Served also while another command runs.
    """

    tag: ClassVar[str] = "count"
    id: int
    messages: tuple[Message, ...]
    template_variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Probe:
    """Measure how fast this machine decodes; answered by Progress, then Result or Failed.

    For a process of its own: nothing else may be loaded.
    """

    tag: ClassVar[str] = "probe"
    id: int
    path: str = ""
    """A GGUF, whole or only its header; empty: models of our own in `format`."""
    params: EngineParams = field(default_factory=EngineParams)
    format: str = "Q4_K"
    """ggml's name of a number format."""
    seconds: float = 3.0
    """About so long are tokens timed; loading and prompts come on top."""
    most_bytes: int = 0
    """What the layers of a truncated copy may take; 0 for as much as serves."""


@dataclass(frozen=True, slots=True)
class SetThreads:
    """Change the number of threads, also while generating; answered by Result."""

    tag: ClassVar[str] = "set_threads"
    id: int
    threads: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop the command `target`: a load fails as cancelled, an answer finishes as cancelled."""

    tag: ClassVar[str] = "cancel"
    id: int
    target: int


Command = Load | Unload | Devices | DryRun | Generate | Count | SetThreads | Probe | Cancel

# --- events -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker's first word: which engine it is. Its id is 0."""

    tag: ClassVar[str] = "ready"
    id: int
    engine: str
    """Such as "llama-cpp-python 0.3.36"."""
    build: str
    """Changes whenever the engine's library changes; the key of what is remembered about it."""
    system: str
    """The CPU features and backends compiled in, as llama.cpp prints them."""
    supports_gpu: bool
    pid: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a command is; `total` is 0 when unknown."""

    tag: ClassVar[str] = "progress"
    id: int
    stage: Literal["weights", "context", "warm-up", "prompt", "probe"]
    done: int
    total: int
    """Tokens for `prompt`, thousandths otherwise."""
    seconds: float = 0.0
    """Since the first of them was begun."""
    cached: int = 0
    """How many were done before, and took no time."""

    @property
    def per_second(self) -> float | None:
        """How many are done in a second; None before that can be told."""
        fresh = self.done - self.cached
        return fresh / self.seconds if fresh > 0 and self.seconds > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """How long the rest will take at this rate; None before that can be told."""
        rate = self.per_second
        return (self.total - self.done) / rate if rate and self.total else None


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model is in memory and has passed its warm-up."""

    tag: ClassVar[str] = "loaded"
    id: int
    name: str
    architecture: str
    description: str
    """Such as "llama 7B Q4_K - Small"."""
    file_bytes: int
    parameters: int
    layers: int
    trained_context_tokens: int
    context_tokens: int
    threads: int
    gpu_layers: int
    params: EngineParams
    """As they took effect."""
    template_origin: str
    """Where the chat template comes from, in words."""
    notes: tuple[str, ...]
    """What the user should know: each one sentence."""
    sampling: Sampling
    """What an answer gets when nothing is set: the GGUF's own values over llama.cpp's."""
    mmap: bool
    locked_bytes: int
    """Memory really locked (VmLck); 0 when none, -1 when this system does not tell."""
    lock_limit_bytes: int
    """RLIMIT_MEMLOCK; -1 when there is none."""
    load_seconds: float
    prefix_reuse: Literal["full", "window", "append"]
    """What of the KV cache can be kept when an earlier message changes: all of the common prefix;
    it while the attention window is still there; or nothing (recurrent), only appending."""
    footprint: Footprint | None = None
    """What it takes of each device as llama.cpp counts it; None when this build does not tell."""
    template_variables: tuple[str, ...] = ()
    """What the chat template lets the user choose of its thinking, such as "enable_thinking"."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """The prompt is built and fits; prefill begins."""

    tag: ClassVar[str] = "prompt"
    id: int
    prompt_tokens: int
    cached_tokens: int
    context_tokens: int
    opened_by: str = ""
    """The mark of the think block in which the prompt ends; empty when it ends in none."""
    notes: tuple[str, ...] = ()
    """What had to be changed for the template, such as a folded system message."""
    text: str = ""
    """The exact prompt, only when `verbose_prompt` was asked for; so are the next two."""
    tokens: tuple[int, ...] = ()
    pieces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer; about 30 a second at most."""

    tag: ClassVar[str] = "text"
    id: int
    text: str
    stats: Stats


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is complete; all its text has been sent."""

    tag: ClassVar[str] = "finished"
    id: int
    reason: FinishReason
    stats: Stats
    seed: int = 0
    chunks: tuple[int, ...] = ()
    """The sizes of every evaluation behind the KV cache as it now is."""


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to a short command."""

    tag: ClassVar[str] = "result"
    id: int
    value: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """The command could not be done; the worker lives on."""

    tag: ClassVar[str] = "failed"
    id: int
    kind: FailureKind
    message: str
    hint: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Numbers behind the message, such as {"context_tokens": 8192}."""


Event = Ready | Progress | Loaded | Prompt | Text | Finished | Result | Failed

# --- one JSON object a line ---------------------------------------------------------------------

_COMMANDS = {kind.tag: kind for kind in typing.get_args(Command)}
_EVENTS = {kind.tag: kind for kind in typing.get_args(Event)}


def encode(message: Command | Event) -> str:
    """Write a command or an event as one line of JSON, without the line's end.

    >>> encode(Cancel(id=4, target=3))
    '{"tag": "cancel", "id": 4, "target": 3}'
    """
    # ASCII escapes keep U+2028 and lone surrogates from breaking the line or the pipe.
    return json.dumps({"tag": message.tag, **dataclasses.asdict(message)})


def decode_command(line: str) -> Command:
    """Read a command. Raises ValueError for a line that is none."""
    return typing.cast(Command, _decode(line, _COMMANDS))


def decode_event(line: str) -> Event:
    """Read an event. Raises ValueError for a line that is none."""
    return typing.cast(Event, _decode(line, _EVENTS))


def footprint(value: Mapping[str, Any]) -> Footprint:
    """Read a footprint out of a Result. Raises ValueError when it is none."""
    return records.build(Footprint, value)


def _decode(line: str, kinds: Mapping[str, type]) -> object:
    try:
        fields = json.loads(line)
        return records.build(kinds[fields.pop("tag")], fields)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"not a message of this protocol: {line[:200]!r}") from error
