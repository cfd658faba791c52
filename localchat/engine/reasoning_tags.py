"""The marks by which models fence their reasoning off from the answer.

Data and one question about it. Each pair is written by at least one family of models: DeepSeek,
Qwen, GLM and most others `<think>`; Mistral's reasoning models `[THINK]`; Seed-OSS `<seed:think>`;
MiniMax M3 `<mm:think>`; Gemma 4 a thought channel; gpt-oss the channels of the harmony format.
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
    Tag("[THINK]", "[/THINK]"),
    Tag("<seed:think>", "</seed:think>"),
    Tag("<mm:think>", "</mm:think>"),
    Tag("<reasoning>", "</reasoning>"),
    Tag("<|START_THINKING|>", "<|END_THINKING|>"),
    Tag("<|channel>thought", "<channel|>"),
)
HARMONY_ANALYSIS = Tag("<|channel|>analysis<|message|>", "<|end|>")


def opens_reasoning(generation_prompt: str) -> str:
    """Give the mark of the block in which a prompt's last part ends; empty when in none."""
    last_position, last_mark = -1, ""
    for tag in (*TAGS, HARMONY_ANALYSIS):
        opened = generation_prompt.rfind(tag.open)
        closed = generation_prompt.rfind(tag.close)
        if opened > last_position and opened > closed:
            last_position, last_mark = opened, tag.open
    return last_mark
