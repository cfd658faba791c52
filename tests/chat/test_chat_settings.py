"""Settings of a chat, written down and read again, and what they mean for a template."""

import pytest

from localchat.chat import settings, thinking
from localchat.chat.settings import ChatSettings
from localchat.engine import wire

EVERYTHING = ChatSettings(
    system="Be brief.",
    sampling=wire.Sampling(temperature=0.5, top_k=10, seed=7),
    max_tokens=100,
    stop=("END", "STOP"),
    template_variables={"date": "today"},
    persona="Teacher",
    thinking="on",
    effort="high",
    thinking_budget_tokens=500,
    overflow="summarize",
    json_schema="{}",
)


def test_settings_come_back_as_they_were() -> None:
    """What was chosen is read again; what shows the prompt is for one run only."""
    assert EVERYTHING == settings.from_json(settings.to_json(EVERYTHING))
    assert "{}" == settings.to_json(ChatSettings(verbose_prompt=True))


@pytest.mark.parametrize(
    "damaged",
    [
        "",
        "[]",
        "nonsense",
        "[" * 100_000,
        '{"overflow": "burn", "max_tokens": -1, "stop": "END", "system": 5, "thinking": true}',
        '{"sampling": [1], "template_variables": 3, "stop": [1], "max_tokens": true}',
        '{"sampling": {"temperature": "hot", "top_k": 1.5, "seed": true, "unheard_of": 1}}',
    ],
)
def test_damage_leaves_what_is_usual(damaged: str) -> None:
    """Whatever is in the database, a chat opens."""
    assert ChatSettings() == settings.from_json(damaged)


@pytest.mark.parametrize(
    ("chosen", "known", "expected"),
    [
        (ChatSettings(), ("enable_thinking",), {}),
        (ChatSettings(thinking="off"), (), {"enable_thinking": False}),
        (ChatSettings(thinking="on"), ("thinking",), {"thinking": True}),
        (ChatSettings(thinking="off"), ("reasoning_effort",), {"reasoning_effort": "low"}),
        (ChatSettings(thinking="on"), ("reasoning_effort",), {}),
        (ChatSettings(thinking="off"), ("thinking_budget",), {"thinking_budget": 0}),
        (
            ChatSettings(thinking_budget_tokens=512),
            ("thinking_budget",),
            {"thinking_budget": 512},
        ),
        (ChatSettings(effort="high"), ("thinking_effort",), {"thinking_effort": "high"}),
        (ChatSettings(effort="high"), (), {"reasoning_effort": "high"}),
        (
            ChatSettings(thinking="on", template_variables={"enable_thinking": False}),
            ("enable_thinking",),
            {"enable_thinking": False},
        ),
    ],
)
def test_thinking_is_said_in_the_words_of_the_template(
    chosen: ChatSettings, known: tuple[str, ...], expected: dict[str, object]
) -> None:
    """Each template has its own variables; what the user set by name goes before all."""
    assert expected == thinking.variables(chosen, known)
