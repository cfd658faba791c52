"""The marks by which models fence their reasoning off from the answer.

Data and one question about it. Each pair is written by at least one family of models: DeepSeek,
Qwen, GLM and most others `<think>`; Mistral's reasoning models `[THINK]`; Seed-OSS `<seed:think>`;
MiniMax M3 `<mm:think>`; Kimi-VL `◁think▷`; OpenThinker, Cohere and Gemma 4 tokens of their own;
gpt-oss the channels of harmony.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tag:
    """One way to open a block of reasoning, and what ends it."""

    open: str
    close: str


TAGS = (
    Tag("<think>", "</think>"),
    Tag("<thinking>", "</thinking>"),
    Tag("<thought>", "</thought>"),
    Tag("<reasoning>", "</reasoning>"),
    Tag("[THINK]", "[/THINK]"),
    Tag("<seed:think>", "</seed:think>"),
    Tag("<mm:think>", "</mm:think>"),
    Tag("<think:opensource>", "</think:opensource>"),
    Tag("<|START_THINKING|>", "<|END_THINKING|>"),
    Tag("<|begin_of_thought|>", "<|end_of_thought|>"),
    Tag("◁think▷", "◁/think▷"),
    Tag("<|channel>thought", "<channel|>"),
)
PREFILLED_TAGS = (Tag("Here are my reasoning steps:", "[BEGIN FINAL RESPONSE]"),)
"""Marks that only a template writes, at the end of the prompt (Apriel)."""
HARMONY_ANALYSIS = Tag("<|channel|>analysis<|message|>", "<|end|>")
HARMONY_FINAL = "<|start|>assistant<|channel|>final<|message|>"
"""What begins the answer proper in harmony."""

PRESERVED_TOKENS = frozenset(
    {tag.open for tag in TAGS}
    | {tag.close for tag in TAGS}
    | {"<|channel>", "<|start|>", "<|channel|>", "<|constrain|>", "<|message|>", "<|end|>"}
) - {"<|channel>thought"}
"""Tokens whose text must reach whoever splits the answer, also where they are control tokens."""


def opens_reasoning(generation_prompt: str) -> str:
    """Give the mark of the block in which a prompt's last part ends; empty when in none."""
    last_position, last_mark = -1, ""
    for tag in (*TAGS, *PREFILLED_TAGS, HARMONY_ANALYSIS):
        opened = generation_prompt.rfind(tag.open)
        closed = generation_prompt.rfind(tag.close)
        if opened > last_position and opened > closed:
            last_position, last_mark = opened, tag.open
    return last_mark
