"""From flags and settings to what the engine and the chat are given."""

import argparse
import dataclasses
import json
import os
from pathlib import Path
from typing import Any

from localchat import errors, paths, sanitize, settings
from localchat.chat import personas
from localchat.chat.settings import OVERFLOWS, THINKINGS, ChatSettings, Overflow, Thinking
from localchat.engine import process, schemas, wire
from localchat.engine.client import EngineClient
from localchat.engine.prober import Prober
from localchat.machine import detect
from localchat.settings import Settings

WORKER_VARIABLE = "LOCALCHAT_WORKER"
"""The engine's command line as a JSON list, where a stand-in is wanted."""

THINKING_EFFORTS = ("low", "medium", "high")
"""What --think takes besides on and off."""
_MOST_BYTES = 1 << 20
_UNQUANTIZED = ("f32", "f16", "bf16")


def effective_settings(given: argparse.Namespace) -> Settings:
    """Read the settings and put the flags over them. Raises SettingsError."""
    flags = {name: getattr(given, name, None) for name in settings.KINDS}
    return settings.overlay(settings.read(paths.paths().config_file), flags)


def engine_params(chosen: Settings, template_file: str | None) -> wire.EngineParams:
    """Choose how a model is loaded.

    Raises UsageError for settings that exclude each other or a template that cannot be read.
    """
    kv_type_v = chosen.cache_type_v or "f16"
    if kv_type_v not in _UNQUANTIZED and chosen.flash_attn == "off":
        raise errors.UsageError(
            f"A value cache of {kv_type_v} needs flash attention, which is off.",
            "Leave out -fa off, or use -ctv f16.",
        )
    return wire.EngineParams(
        context_tokens=chosen.ctx_size or 0,
        threads=chosen.threads or detect.processor().decode_threads,
        gpu_layers=-1 if chosen.gpu_layers is None else chosen.gpu_layers,
        kv_type_k=chosen.cache_type_k or "f16",
        kv_type_v=kv_type_v,
        flash_attention=_flash_attention(chosen.flash_attn),
        mmap=chosen.mmap,
        mlock=bool(chosen.mlock),
        chat_template=_text_of(template_file, "template") if template_file else None,
    )


def sampling(chosen: Settings) -> wire.Sampling:
    """Choose the samplers; what is not set is left to the model."""
    return wire.Sampling(
        temperature=chosen.temp,
        top_k=chosen.top_k,
        top_p=chosen.top_p,
        min_p=chosen.min_p,
        repeat_penalty=chosen.repeat_penalty,
        frequency_penalty=chosen.frequency_penalty,
        presence_penalty=chosen.presence_penalty,
        seed=None if chosen.seed is None or chosen.seed < 0 else chosen.seed,
    )


def chat_settings(chosen: Settings, given: argparse.Namespace) -> ChatSettings:
    """Choose how answers are made. Raises UsageError for a JSON schema that cannot be held."""
    stop = tuple(text for text in given.stop if text)
    shape = json_schema(getattr(given, "json_schema", None))
    if stop and shape:
        raise errors.UsageError(
            "An answer that has to be JSON does not end at stop strings.",
            "Leave out --stop or --json-schema.",
        )
    usual = ChatSettings(
        system=chosen.system or "",
        sampling=sampling(chosen),
        max_tokens=max(0, chosen.predict or 0),
        stop=stop,
        overflow=_overflow(chosen),
        json_schema=shape,
        verbose_prompt=getattr(given, "verbose_prompt", False),
    )
    return _with_thinking(usual, chosen, given)


def _overflow(chosen: Settings) -> Overflow:
    return next((each for each in OVERFLOWS if each == chosen.overflow), "stop")


def _with_thinking(
    usual: ChatSettings, chosen: Settings, given: argparse.Namespace
) -> ChatSettings:
    """Say whether and how long to think: the flags over the settings."""
    think = given.think or chosen.thinking or "auto"
    budget = given.reasoning_budget
    if budget is None:
        budget = chosen.thinking_budget or -1
    is_effort = think in THINKING_EFFORTS
    wanted: Thinking = next((each for each in THINKINGS if each == think), "auto")
    return dataclasses.replace(
        usual,
        thinking="off" if budget == 0 else wanted,
        effort=think if is_effort else chosen.effort or "",
        thinking_budget_tokens=max(0, budget),
    )


def with_persona(
    usual: ChatSettings, chosen: Settings, given: argparse.Namespace, folder: Path
) -> ChatSettings:
    """Put the persona over the usual settings, and the flags that were given over both.

    Raises UsageError for a persona that there is not.
    """
    if not chosen.persona:
        return usual
    known, _ = personas.read(folder)
    found = personas.apply(personas.find(chosen.persona, known), usual)
    for key in personas.KEYS:
        if getattr(given, key, None):
            found = personas.with_value(found, key, personas.value_of(usual, key))
    if given.think or given.reasoning_budget is not None:
        found = _with_thinking(found, chosen, given)
    return found


def json_schema(given: str | None) -> str:
    """Return the JSON schema that was given as such or as a file, empty for none.

    Raises UsageError when it cannot be read or held.
    """
    if given is None:
        return ""
    is_schema = given.lstrip().startswith("{") or given.strip() in ("true", "false")
    text = given if is_schema else _text_of(given.removeprefix("@"), "JSON schema")
    schemas.compiled(text)
    return text


def engine() -> EngineClient:
    """Make the engine's client; its process starts when it is first needed."""
    places = paths.paths()
    return EngineClient(places.engine_logs, places.safe_mode_file, _worker_command())


def prober() -> Prober:
    """Make what measures the machine in an engine process of its own."""
    places = paths.paths()
    return Prober(places.engine_logs, places.safe_mode_file, _worker_command())


def _worker_command() -> tuple[str, ...]:
    stand_in = os.environ.get(WORKER_VARIABLE)
    return tuple(json.loads(stand_in)) if stand_in else process.WORKER_COMMAND


def _flash_attention(text: str | None) -> Any:
    return text or "auto"


def _text_of(file: str, what: str) -> str:
    """Read a small text file that was named on the command line."""
    shown = sanitize.line(file, 120)
    try:
        with Path(file).expanduser().open("rb") as handle:
            raw = handle.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise errors.UsageError(f"The {what} {shown} cannot be read: {why}.") from error
    if len(raw) > _MOST_BYTES:
        raise errors.UsageError(f"{shown} is too large for a {what}.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise errors.UsageError(f"The {what} {shown} is not UTF-8 text.") from error
