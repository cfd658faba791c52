"""The loaded model with everything that answering needs: prompts, memory, settings.

Turns the wire's commands into work on llama.cpp. Knows nothing of pipes or threads.
"""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from localchat import errors
from localchat.engine import (
    builtin_templates,
    endings,
    loadreport,
    locking,
    nativeparams,
    reasoning_tags,
    sampler,
    schemas,
    templates,
    warmup,
    wire,
)
from localchat.engine.abort import AbortFlag
from localchat.engine.generation import Generation, Job
from localchat.engine.kvcache import KvCache
from localchat.engine.llama import LlamaModel
from localchat.engine.loadfailure import LoadError
from localchat.engine.nativelog import NativeLog
from localchat.engine.pace import Pace
from localchat.engine.prompt import Prompt, PromptBuilder
from localchat.engine.schemas.grammar import Node
from localchat.engine.schemas.matcher import Matcher
from localchat.engine.vocab import Vocab
from localchat.machine import detect
from localchat.models import gguf, splits
from localchat.models.header import Header

Emit = Callable[[wire.Event], None]

NO_STOPS = "An answer that has to be JSON does not end at stop strings."


class ContextOverflow(Exception):
    """The prompt leaves no room for an answer."""

    def __init__(self, prompt_tokens: int, context_tokens: int) -> None:
        super().__init__()
        self.prompt_tokens = prompt_tokens
        self.context_tokens = context_tokens


class BadRequest(Exception):
    """A command that makes no sense for the model that is loaded."""


class Session:
    """One loaded model and its one conversation."""

    def __init__(self, command: wire.Load, log: NativeLog, abort: AbortFlag, emit: Emit) -> None:
        """Load the model of `command`, reporting progress.

        Raises LoadError, BadTemplate, EvaluationAborted or EvaluationFailed.
        """
        path = Path(command.path)
        if not path.is_file():
            raise LoadError("not_found", f"There is no file {path}.", "Check the path.")
        started = time.perf_counter()
        self._emit = emit
        self._command = command
        self._abort = abort
        self._headers = _headers(path)
        params = definite(command.params, self._headers)
        self.model = LlamaModel(path, params, log, abort, self._on_weights)
        self._cache = KvCache(self.model)
        try:
            self._prepare(command)
        except BaseException:
            self.close()
            raise
        self._pace = Pace(
            self.model.params.batch_tokens,
            self.model.parameters(),
            on_gpu=self.model.facts.gpu_layers > 0,
        )
        self._wanted_threads = self._threads = self.model.params.threads
        self._load_seconds = time.perf_counter() - started

    def close(self) -> None:
        """Free the model."""
        self._cache.close()
        self.model.close()

    def set_threads(self, threads: int) -> int:
        """Use this many threads from the next token on, within what the process may use."""
        self._wanted_threads = min(threads, detect.processor().usable_threads)
        return self._wanted_threads

    def count(self, messages: Sequence[wire.Message], variables: Mapping[str, Any]) -> int:
        """Count the tokens of the prompt for `messages`. Raises BadTemplate."""
        return len(self._builder.build(messages, variables=variables).tokens)

    def generate(self, command: wire.Generate, arrived: float) -> None:
        """Answer `command`, emitting its events.

        Raises ContextOverflow, BadRequest, BadTemplate, EvaluationFailed, or UsageError for a
        schema that cannot be held.
        """
        schema = _schema(command)
        prompt = self._builder.build(
            command.messages,
            variables=command.template_variables,
            continue_final=command.continue_final,
            reasoning=command.reasoning,
        )
        if len(prompt.tokens) >= self.model.facts.context_tokens:
            raise ContextOverflow(len(prompt.tokens), self.model.facts.context_tokens)
        if command.chunks and sum(command.chunks) != len(prompt.tokens):
            raise BadRequest(f"The chunks do not add up to {len(prompt.tokens)} tokens.")
        job = Job(
            id=command.id,
            tokens=prompt.tokens,
            sampling=sampler.resolve(command.sampling, self._defaults),
            max_tokens=command.max_tokens,
            stop=() if schema else (*command.stop, *self._stops),
            arrived=arrived,
            chunks=command.chunks,
            opened_by=prompt.opened_by,
            thinking_budget_tokens=command.thinking_budget_tokens,
            schema=schema,
            begun=_begun(command),
        )
        generation = self._generation(job)
        cached = generation.prepare()
        self._emit(self._prompt_event(command, prompt, cached))
        generation.run()

    def _generation(self, job: Job) -> Generation:
        return Generation(
            self.model,
            self._cache,
            job,
            self.vocab,
            self._piece,
            self._apply_threads,
            self._pace,
            self._emit,
        )

    def loaded_event(self) -> wire.Loaded:
        """Describe what was loaded and how."""
        model, facts = self.model, self.model.facts
        return wire.Loaded(
            id=self._command.id,
            name=model.metadata("general.name") or Path(self._command.path).stem,
            architecture=model.metadata("general.architecture") or "",
            description=model.description(),
            file_bytes=Path(self._command.path).stat().st_size,
            parameters=model.parameters(),
            layers=facts.layers,
            trained_context_tokens=facts.trained_context_tokens,
            context_tokens=facts.context_tokens,
            threads=self._threads,
            gpu_layers=facts.gpu_layers,
            params=dataclasses.replace(model.params, context_tokens=facts.context_tokens),
            template_origin=self._origin,
            notes=(*self._notes, *loadreport.context_notes(model)),
            sampling=self._defaults,
            mmap=bool(model.params.mmap),
            locked_bytes=loadreport.locked_bytes(model),
            lock_limit_bytes=self._lock_limit_bytes,
            load_seconds=self._load_seconds,
            prefix_reuse=loadreport.prefix_reuse(model),
            footprint=loadreport.footprint(model, self._headers, self._command.predicted_bytes),
            template_variables=self._template_variables,
        )

    # --- loading ----------------------------------------------------------------------------

    def _on_weights(self, done: float) -> bool:
        self._emit(wire.Progress(self._command.id, "weights", int(done * 1000), 1000))
        return not self._abort.is_set

    def _prepare(self, command: wire.Load) -> None:
        self._lock_limit_bytes = locking.lock_limit_bytes()
        self.vocab = Vocab(self.model.vocabulary)
        renderer, self._notes = builtin_templates.choose(
            self.model.chat_template(), self.vocab, chosen=command.params.chat_template
        )
        self._origin = renderer.origin
        self._template_variables = templates.thinking_variables(renderer)
        self._builder = PromptBuilder(renderer, self.vocab)
        self._stops = endings.missing_stops(self._builder, self.vocab)
        self._defaults = sampler.model_defaults(self.model.metadata)
        self._shown_marks = frozenset(
            token
            for text in reasoning_tags.PRESERVED_TOKENS
            if (token := self.vocab.token(text)) is not None
        )
        if command.warm_up:
            self._emit(wire.Progress(command.id, "warm-up", 0, 1000))
            warmup.warm_up(self.model, self._cache)

    # --- answering --------------------------------------------------------------------------

    def _piece(self, token: int) -> bytes:
        return self.vocab.piece(token, special=token in self._shown_marks)

    def _apply_threads(self) -> None:
        if self._wanted_threads != self._threads:
            self._threads = self._wanted_threads
            self.model.set_threads(self._threads)

    def _prompt_event(self, command: wire.Generate, prompt: Prompt, cached: int) -> wire.Prompt:
        event = wire.Prompt(
            id=command.id,
            prompt_tokens=len(prompt.tokens),
            cached_tokens=cached,
            context_tokens=self.model.facts.context_tokens,
            opened_by=prompt.opened_by,
            notes=prompt.notes + (NO_STOPS,) * bool(command.json_schema and command.stop),
        )
        if not command.verbose_prompt:
            return event
        pieces = (self.vocab.piece(token, special=True) for token in prompt.tokens)
        return dataclasses.replace(
            event,
            text=prompt.text,
            tokens=prompt.tokens,
            pieces=tuple(piece.decode("utf-8", errors="replace") for piece in pieces),
        )


def definite(params: wire.EngineParams, headers: Sequence[Header]) -> wire.EngineParams:
    """Decide what was left open: threads, and whether to map the file."""
    hardware = detect.processor()
    threads = min(params.threads or hardware.decode_threads, hardware.usable_threads)
    mmap = params.mmap
    if mmap is None:
        mmap = not headers or nativeparams.maps_by_default(params, headers[0].quant)
    return dataclasses.replace(params, threads=max(1, threads), mmap=mmap)


def _headers(path: Path) -> tuple[Header, ...]:
    """Read what our own reader makes of every part; nothing of what the engine must judge alone."""
    part = splits.part_of(path)
    try:
        return tuple(gguf.read_header(each) for each in (part.all_paths if part else (path,)))
    except errors.LocalchatError:
        return ()


def _begun(command: wire.Generate) -> str:
    """Give the answer as far as it stands already."""
    return command.messages[-1].text if command.continue_final else ""


def _schema(command: wire.Generate) -> Node | None:
    """Compile the schema that the answer has to meet.

    Raises UsageError for one that cannot be held, BadRequest where the answer is beyond it already.
    """
    if not command.json_schema:
        return None
    schema = schemas.compiled(command.json_schema)
    if Matcher(schema).after(_begun(command)) is None:
        raise BadRequest("The answer so far does not meet the JSON schema; regenerate it.")
    return schema
