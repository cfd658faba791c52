"""From a plan to what goes over the wire: messages, samplers, the template's variables.

Knows the engine's client for counting; changes nothing.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from localchat.chat import context, overflow, thinking
from localchat.chat.context import Plan
from localchat.chat.counting import Tally, wire_messages
from localchat.chat.messages import Message
from localchat.chat.overflow import Planning
from localchat.chat.settings import ChatSettings
from localchat.chat.tree import Summary
from localchat.engine import wire
from localchat.engine.client import EngineClient

SUMMARY_HEADING = "Summary of the conversation so far:"


@dataclass(frozen=True, slots=True)
class Asker:
    """How one chat asks the model that is loaded."""

    settings: ChatSettings
    loaded: wire.Loaded
    tally: Tally = field(default_factory=Tally)

    @property
    def variables(self) -> Mapping[str, Any]:
        """What the chat template is told besides the messages."""
        return thinking.variables(self.settings, self.loaded.template_variables)

    @property
    def room(self) -> context.Room:
        """How much can be sent."""
        return context.room(self.loaded.context_tokens, self.settings.max_tokens)

    def request(
        self, plan: Plan, *, seed: int | None = None, continues: bool = False
    ) -> wire.Generate:
        """Ask for an answer to what a plan sends; `seed` is put over that of the settings."""
        settings = self.settings
        sampling = settings.sampling
        last = plan.sent[-1]
        return wire.Generate(
            id=0,
            messages=messages(plan, settings.system, continues=continues),
            sampling=sampling if seed is None else dataclasses.replace(sampling, seed=seed),
            max_tokens=settings.max_tokens,
            stop=settings.stop,
            template_variables=self.variables,
            continue_final=continues,
            reasoning=last.reasoning if continues and not last.text else "",
            json_schema=settings.json_schema,
            thinking_budget_tokens=settings.thinking_budget_tokens,
            verbose_prompt=settings.verbose_prompt,
        )

    def used(self, plan: Plan) -> Mapping[str, Any]:
        """Write down how an answer is made, to be kept with it."""
        settings = self.settings
        asked = dataclasses.asdict(settings.sampling)
        given = {name: value for name, value in asked.items() if value is not None}
        found = dataclasses.asdict(self.loaded.sampling) | given
        found.pop("seed", None)  # the one that was used is a field of its own
        found |= {
            "max_tokens": settings.max_tokens,
            "stop": list(settings.stop),
            "template_variables": dict(self.variables),
            "context_tokens": self.loaded.context_tokens,
        }
        if settings.json_schema:
            found["json_schema"] = settings.json_schema
        return {**found, **context.marks(plan)}

    async def count(self, engine: EngineClient, plan: Plan) -> int:
        """Count the tokens of what a plan sends. Raises BadTemplate, EngineError or EngineLost."""
        head = _head(plan, self.settings.system)
        return await self.tally.count(engine, head, plan.sent, self.variables)

    async def plan(
        self, engine: EngineClient, branch: Sequence[Message], summaries: Sequence[Summary]
    ) -> Plan:
        """Decide what to send of a branch, by the engine's own counts.

        Raises ContextOverflow, BadTemplate, EngineError or EngineLost.
        """
        planning = overflow.plan(branch, self.room, self.settings.overflow, summaries)
        return await self._followed(engine, planning)

    async def _followed(self, engine: EngineClient, planning: Planning) -> Plan:
        try:
            candidate = next(planning)
            while True:
                candidate = planning.send(await self.count(engine, candidate))
        except StopIteration as chosen:
            found: Plan = chosen.value
            return found


def messages(plan: Plan, system: str, *, continues: bool = False) -> tuple[wire.Message, ...]:
    """Turn a plan into what the template gets; the summary follows the system prompt."""
    return wire_messages(_head(plan, system), plan.sent, continues=continues)


def _head(plan: Plan, system: str) -> str:
    summary = f"{SUMMARY_HEADING}\n{plan.summary.text}" if plan.summary else ""
    return "\n\n".join(text for text in (system, summary) if text)
