"""What slash words do to a chat, told in a sentence each; for the screens and for linear mode.

Knows the chat's core and its exchange formats; knows no widgets.
"""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from localchat import errors, sanitize
from localchat.chat import personas
from localchat.chat.chat import Chat
from localchat.chat.exchange import writing
from localchat.chat.exchange.values import WholeChat
from localchat.chat.settings import OVERFLOWS, THINKINGS, ChatSettings

_OFF: Final = ("off", "none", "-")
_POLICIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "stop": "a message that is too long is refused",
        "roll": "the oldest messages are left out",
        "summarize": "the model summarizes the oldest messages",
    }
)


@dataclass(frozen=True, slots=True)
class Subject:
    """The chat that is meant, and what its settings begin from."""

    chat: Chat
    usual: ChatSettings
    personas: Path
    """The folder of the reader's own personas."""


Word = Callable[[Subject, str], Awaitable[str]]


async def say(word: str, subject: Subject, argument: str) -> str:
    """Do what a word asks for, and say what was done. Raises LocalchatError, KeyError never."""
    return await WORDS[word](subject, argument)


async def _system(subject: Subject, text: str) -> str:
    now = subject.chat.settings.system
    if not text:
        return (
            f"The system prompt is: {sanitize.text(now)}" if now else "There is no system prompt."
        )
    system = "" if text.lower() in _OFF else text
    await _change(subject, system=system)
    return "The system prompt counts from the next answer on." if system else "It is gone."


async def _think(subject: Subject, text: str) -> str:
    chat = subject.chat
    if text not in ("", *THINKINGS):
        raise _one_of("/think", THINKINGS)
    if text:
        await _change(subject, thinking=text)
    words = {"auto": "as the model does by itself", "on": "on", "off": "off"}
    return f"Thinking is {words[chat.settings.thinking]}."


async def _effort(subject: Subject, text: str) -> str:
    if text:
        await _change(subject, effort="" if text.lower() in (*_OFF, "auto") else text)
    effort = sanitize.line(subject.chat.settings.effort, 40)
    return f"The effort is {effort}." if effort else "The effort is left to the model."


async def _overflow(subject: Subject, text: str) -> str:
    if text not in ("", *OVERFLOWS):
        raise _one_of("/overflow", OVERFLOWS)
    if text:
        await _change(subject, overflow=text)
    return f"When the context is full, {_POLICIES[subject.chat.settings.overflow]}."


async def _persona(subject: Subject, name: str) -> str:
    every, problems = personas.read(subject.personas)
    now = sanitize.line(subject.chat.settings.persona, 60)
    if not name:
        listed = ", ".join(sanitize.line(each.name, 60) for each in every)
        chosen = f"The persona is {now}." if now else "No persona is chosen."
        return " ".join([chosen, f"There are: {listed}.", *problems])
    if name.lower() in _OFF:
        await subject.chat.set_settings(subject.usual)
        return "No persona: the usual settings count from the next answer on."
    found = personas.find(name, every)
    await subject.chat.set_settings(personas.apply(found, subject.usual))
    return f"{sanitize.line(found.name, 60)} answers from now on."


async def _rename(subject: Subject, title: str) -> str:
    await subject.chat.rename(title)
    shown = sanitize.line(subject.chat.record.title, 80)
    return f'The chat is called "{shown}".' if shown else "The chat has no title yet."


async def _export(subject: Subject, name: str) -> str:
    chat = subject.chat
    if not chat.path:
        raise errors.UsageError("There is nothing to write yet.")
    file = Path(name or writing.suggested_name(chat.record.title, "md"))
    text = writing.render([WholeChat(chat.record, chat.tree)], writing.format_of(file))
    written = writing.save(file, text)
    return f"The chat is written into {sanitize.line(str(written), 200)}."


async def _unload(subject: Subject, _: str) -> str:
    if subject.chat.engine.loaded is None:
        return "No model is in memory."
    await subject.chat.engine.unload(until_needed=True)
    return "The model has left memory; the next message loads it again."


async def _go_on(subject: Subject, _: str) -> str:
    await subject.chat.continue_answer(_last(subject.chat, "assistant"))
    return ""


async def _regenerate(subject: Subject, _: str) -> str:
    await subject.chat.regenerate(_last(subject.chat, "assistant"))
    return ""


async def _edit(subject: Subject, text: str) -> str:
    await subject.chat.edit(_last(subject.chat, "user"), text)
    return ""


async def _settings(subject: Subject, _: str) -> str:
    asked = (_system, _persona, _think, _effort, _overflow)
    return " ".join([await each(subject, "") for each in asked])


WORDS: Final[Mapping[str, Word]] = MappingProxyType(
    {
        "system": _system,
        "think": _think,
        "effort": _effort,
        "overflow": _overflow,
        "persona": _persona,
        "rename": _rename,
        "export": _export,
        "unload": _unload,
        "continue": _go_on,
        "regenerate": _regenerate,
        "edit": _edit,
        "settings": _settings,
    }
)
"""Each word that is about one chat."""

ANSWERED: Final = frozenset({"continue", "regenerate", "edit"})
"""Words after which an answer comes; they say nothing themselves."""


async def _change(subject: Subject, **changes: Any) -> None:
    chat = subject.chat
    await chat.set_settings(dataclasses.replace(chat.settings, **changes))


def _last(chat: Chat, role: str) -> str:
    found = [message.id for message in chat.path if message.role == role]
    if not found:
        raise errors.UsageError("Nothing was said in this chat yet.")
    return found[-1]


def _one_of(word: str, choices: tuple[str, ...]) -> errors.UsageError:
    return errors.UsageError(f"{word} takes {', '.join(choices[:-1])} or {choices[-1]}.")
