"""Chat templates: the families, written after their documented formats, and how they are staged."""

import datetime
from pathlib import Path

import pytest

from localchat import errors
from localchat.engine import turns
from localchat.engine.templates import ChatTemplate
from localchat.engine.turns import Stage
from localchat.engine.wire import Message

FOLDER = Path(__file__).parent / "templates"
NOW = datetime.datetime(2025, 3, 9, 14, 30)
SENTINEL = "7000000000000000099999"

USER = [Message("user", "Hi")]
TALK = [
    Message("system", "Be brief."),
    Message("user", "Hi"),
    Message("assistant", "Hello!"),
    Message("user", " Bye\n"),
]


def template(name: str) -> ChatTemplate:
    source = (FOLDER / f"{name}.jinja").read_text(encoding="utf-8")
    return ChatTemplate(source, bos="<s>", eos="</s>", now=NOW)


def stage(name: str) -> Stage:
    return Stage(template(name), ["</s>", "<|im_end|>"])


SMOL = "<|im_start|>system\n## Metadata\n\nToday Date: 09 March 2025\nReasoning Mode: "
OSS = (
    "<|start|>system<|message|>You are ChatGPT.\nCurrent date: 2025-03-09\n\n"
    "Reasoning: medium\n\n# Valid channels: analysis, commentary, final.<|end|>"
)
LLAMA3 = "<s><|start_header_id|>system<|end_header_id|>\n\nToday Date: 09 Mar 2025\n\n"

# family: (a question alone, a conversation with a system prompt)
GOLDEN = {
    "chatml": (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nHello!<|im_end|>\n<|im_start|>user\n Bye\n<|im_end|>\n"
        "<|im_start|>assistant\n",
    ),
    "llama2": (
        "<s>[INST] Hi [/INST]",
        "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello! </s><s>[INST] Bye [/INST]",
    ),
    "llama3": (
        LLAMA3 + "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        LLAMA3 + "Be brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nHello!<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
    "llama4": (
        "<s><|header_start|>user<|header_end|>\n\nHi<|eot|>"
        "<|header_start|>assistant<|header_end|>\n\n",
        "<s><|header_start|>system<|header_end|>\n\nBe brief.<|eot|>"
        "<|header_start|>user<|header_end|>\n\nHi<|eot|>"
        "<|header_start|>assistant<|header_end|>\n\nHello!<|eot|>"
        "<|header_start|>user<|header_end|>\n\n Bye\n<|eot|>"
        "<|header_start|>assistant<|header_end|>\n\n",
    ),
    "mistral": (
        "<s>[INST] Hi [/INST]",
        "<s>[INST] Be brief.\n\nHi [/INST] Hello!</s>[INST]  Bye\n [/INST]",
    ),
    "mistral_system": (
        "<s>[SYSTEM_PROMPT]You are a friendly model. Today is 2025-03-09.[/SYSTEM_PROMPT]"
        "[INST]Hi[/INST]",
        "<s>[SYSTEM_PROMPT]Be brief.[/SYSTEM_PROMPT][INST]Hi[/INST]Hello!</s>[INST] Bye\n[/INST]",
    ),
    "gemma": (
        "<s><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n",
        "<s><start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n"
        "<start_of_turn>model\nHello!<end_of_turn>\n"
        "<start_of_turn>user\nBye<end_of_turn>\n<start_of_turn>model\n",
    ),
    "gemma_dropping": (
        "<s><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n",
        "<s><start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n"
        "<start_of_turn>model\nHello!<end_of_turn>\n"
        "<start_of_turn>user\n Bye\n<end_of_turn>\n<start_of_turn>model\n",
    ),
    "phi": (
        "<|user|>\nHi<|end|>\n<|assistant|>\n",
        "<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\nHello!<|end|>\n"
        "<|user|>\n Bye\n<|end|>\n<|assistant|>\n",
    ),
    "granite": (
        "<|start_of_role|>system<|end_of_role|>Knowledge Cutoff Date: April 2024.\n"
        "Today's Date: March 09, 2025.<|end_of_text|>\n"
        "<|start_of_role|>user<|end_of_role|>Hi<|end_of_text|>\n"
        "<|start_of_role|>assistant<|end_of_role|>",
        "<|start_of_role|>system<|end_of_role|>Be brief.<|end_of_text|>\n"
        "<|start_of_role|>user<|end_of_role|>Hi<|end_of_text|>\n"
        "<|start_of_role|>assistant<|end_of_role|>Hello!<|end_of_text|>\n"
        "<|start_of_role|>user<|end_of_role|> Bye\n<|end_of_text|>\n"
        "<|start_of_role|>assistant<|end_of_role|>",
    ),
    "deepseek_r1": (
        "<s><｜User｜>Hi<｜Assistant｜><think>\n",
        "<s>Be brief.<｜User｜>Hi<｜Assistant｜>Hello!<｜end▁of▁sentence｜>"
        "<｜User｜> Bye\n<｜Assistant｜><think>\n",
    ),
    "qwen3": (
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nHello!<|im_end|>\n<|im_start|>user\n Bye\n<|im_end|>\n"
        "<|im_start|>assistant\n",
    ),
    "gpt_oss": (
        OSS + "<|start|>user<|message|>Hi<|end|><|start|>assistant",
        OSS + "<|start|>developer<|message|># Instructions\n\nBe brief.\n\n<|end|>"
        "<|start|>user<|message|>Hi<|end|>"
        "<|start|>assistant<|channel|>final<|message|>Hello!<|end|>"
        "<|start|>user<|message|> Bye\n<|end|><|start|>assistant",
    ),
    "glm": (
        "[gMASK]<sop><|user|>\nHi<|assistant|>",
        "[gMASK]<sop><|system|>\nBe brief.<|user|>\nHi<|assistant|>\n<think></think>\nHello!"
        "<|user|>\n Bye\n<|assistant|>",
    ),
    "command_r": (
        "<s><|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>You are Command.<|END_OF_TURN_TOKEN|>"
        "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>Hi<|END_OF_TURN_TOKEN|>"
        "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
        "<s><|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>Be brief.<|END_OF_TURN_TOKEN|>"
        "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>Hi<|END_OF_TURN_TOKEN|>"
        "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>Hello!<|END_OF_TURN_TOKEN|>"
        "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>Bye<|END_OF_TURN_TOKEN|>"
        "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
    ),
    "smollm3": (
        SMOL + "/think\n\n<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
        SMOL + "/think\n\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nHello!<|im_end|>\n<|im_start|>user\n Bye\n<|im_end|>\n"
        "<|im_start|>assistant\n",
    ),
    "smolvlm": (
        "<|im_start|>User: Hi<end_of_utterance>\nAssistant:",
        "<|im_start|>System: Be brief.<end_of_utterance>\nUser: Hi<end_of_utterance>\n"
        "Assistant: Hello!<end_of_utterance>\nUser:  Bye\n<end_of_utterance>\nAssistant:",
    ),
    "headless": (
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nHello!<|im_end|>\n<|im_start|>user\n Bye\n<|im_end|>\n"
        "<|im_start|>assistant\n",
    ),
}


@pytest.mark.parametrize("family", GOLDEN)
def test_family(family: str) -> None:
    """Each family's prompt is what its format documents, with and without a system prompt."""
    found = [stage(family).render(talk, {}, SENTINEL).text for talk in (USER, TALK)]
    assert found == list(GOLDEN[family])


def test_every_template_is_tested() -> None:
    """No template lies in the folder without a golden prompt."""
    assert {path.stem for path in FOLDER.glob("*.jinja")} == set(GOLDEN)


@pytest.mark.parametrize(
    ("family", "variables", "end", "opened_by"),
    [
        ("qwen3", {"enable_thinking": False}, "assistant\n<think>\n\n</think>\n\n", ""),
        ("qwen3", {"enable_thinking": True}, "<|im_start|>assistant\n", ""),
        ("deepseek_r1", {}, "<｜Assistant｜><think>\n", "<think>"),
        ("glm", {"enable_thinking": False}, "Hi/nothink<|assistant|>\n<think></think>", ""),
        ("smollm3", {"enable_thinking": False}, "assistant\n<think>\n\n</think>\n", ""),
        ("granite", {"thinking": True}, 'assistant {"thinking": true}<|end_of_role|>', ""),
        ("gpt_oss", {"reasoning_effort": "high"}, "Hi<|end|><|start|>assistant", ""),
    ],
)
def test_thinking(family: str, variables: dict[str, object], end: str, opened_by: str) -> None:
    """Template variables turn thinking on and off, and an open block is noticed."""
    rendered = stage(family).render(USER, variables, SENTINEL)
    assert rendered.text.endswith(end)
    assert rendered.opened_by == opened_by


def test_variables() -> None:
    """A template tells which variables it reads; a variable reaches it, also a structured one."""
    assert template("qwen3").variables == {"tools", "enable_thinking"}
    assert (
        "Reasoning: high\n" in stage("gpt_oss").render(USER, {"reasoning_effort": "high"}, "9").text
    )
    controls = {"controls": {"length": "kurz, schön"}}
    text = stage("granite").render(USER, controls, SENTINEL).text
    assert '\n{\n  "length": "kurz, schön"\n}<|end_of_text|>' in text


@pytest.mark.parametrize(
    ("family", "notes"),
    [
        ("mistral", (turns.FOLDED,)),
        ("gemma", (turns.FOLDED,)),
        ("gemma_dropping", (turns.FOLDED,)),
        ("headless", (turns.HEADER_ADDED,)),
        ("mistral_system", ()),
        ("chatml", ()),
        ("smolvlm", ()),
    ],
)
def test_notes(family: str, notes: tuple[str, ...]) -> None:
    """What was rearranged is told, and nothing is told where nothing was."""
    assert stage(family).render(TALK, {}, SENTINEL).notes == notes


def test_neighbors_are_joined_only_where_needed() -> None:
    """Two questions in a row stay apart unless the template insists on alternation."""
    twice = [Message("user", "One."), Message("user", "Two.")]
    joined = stage("gemma").render(twice, {}, SENTINEL)
    assert "user\nOne.\n\nTwo.<end_of_turn>" in joined.text
    assert joined.notes == (turns.MERGED,)
    assert stage("qwen3").render(twice, {}, SENTINEL).text.count("<|im_start|>user") == 2


def test_folding_and_joining() -> None:
    """A template that refuses both gets both, and no text is lost."""
    talk = [Message("system", "S1"), Message("system", "S2"), *USER, Message("user", "Ho")]
    rendered = stage("mistral").render(talk, {}, SENTINEL)
    assert rendered.text == "<s>[INST] S1\n\nS2\n\nHi\n\nHo [/INST]"
    assert rendered.notes == (turns.FOLDED, turns.MERGED)


def test_system_prompt_alone() -> None:
    """A system prompt without a question becomes the question where there is no system turn."""
    rendered = stage("gemma").render([Message("system", "Be brief.")], {}, SENTINEL)
    assert "<start_of_turn>user\nBe brief.<end_of_turn>" in rendered.text


def test_what_cannot_be_mended_is_refused() -> None:
    """The template's own words reach the user, on one line, without control bytes."""
    source = "{{ raise_exception('No\n\x1b[31mway') }}"
    with pytest.raises(errors.BadTemplate) as caught:
        Stage(ChatTemplate(source)).render(USER, {}, SENTINEL)
    assert caught.value.message == "The chat template refuses this conversation: No ␛[31mway"
    assert "--chat-template-file" in caught.value.hint


def test_dropped_text_is_told() -> None:
    """A template that shows only the last message does not pass for a good one."""
    rendered = Stage(ChatTemplate("{{ messages[-1].content }}")).render(TALK[1:], {}, SENTINEL)
    assert rendered.notes == (turns.DROPPED,)


PARTIAL = [*USER, Message("assistant", " One, ")]


@pytest.mark.parametrize(
    ("family", "text"),
    [
        ("chatml", "Hi<|im_end|>\n<|im_start|>assistant\n One, "),
        ("llama2", "<s>[INST] Hi [/INST] One, "),
        ("llama3", "<|start_header_id|>assistant<|end_header_id|>\n\nOne, "),
        ("gemma", "<start_of_turn>model\nOne, "),
        ("qwen3", "<|im_start|>assistant\n<think>\n\n</think>\n\n One, "),
        ("deepseek_r1", "<｜User｜>Hi<｜Assistant｜> One, "),
        ("gpt_oss", "<|start|>assistant<|channel|>final<|message|> One, "),
        ("smolvlm", "User: Hi<end_of_utterance>\nAssistant:  One, "),
    ],
)
def test_continuing(family: str, text: str) -> None:
    """A partial answer is continued exactly where it ends, with no end mark after it."""
    rendered = stage(family).render_open(PARTIAL, {}, SENTINEL)
    assert rendered.text.endswith(text)
    assert rendered.opened_by == ""


@pytest.mark.parametrize(
    ("family", "text", "opened_by"),
    [
        ("qwen3", "<|im_start|>assistant\n<think>\nHm, so", "<think>"),
        ("deepseek_r1", "<｜Assistant｜><think>\nHm, so", "<think>"),
        (
            "gpt_oss",
            "<|start|>assistant<|channel|>analysis<|message|>Hm, so",
            "<|channel|>analysis<|message|>",
        ),
    ],
)
def test_continuing_thoughts(family: str, text: str, opened_by: str) -> None:
    """An answer that was stopped while thinking goes on thinking."""
    talk = [*USER, Message("assistant", "")]
    rendered = stage(family).render_open(talk, {}, SENTINEL, "Hm, so")
    assert rendered.text.endswith(text)
    assert rendered.opened_by == opened_by


@pytest.mark.parametrize("header", ["A:<think>\n\n</think>\n\n", "A:</think>", "A:"])
def test_continuing_thoughts_plainly(header: str) -> None:
    """Where a template shows no thoughts they follow its header, in a block that is still open."""
    source = "{{ messages[0].content }}{% if add_generation_prompt %}" + header + "{% endif %}"
    talk = [*USER, Message("assistant", "")]
    rendered = Stage(ChatTemplate(source)).render_open(talk, {}, SENTINEL, "Hm, so")
    assert (rendered.text, rendered.opened_by) == ("HiA:<think>\nHm, so", "<think>")
    assert turns.CONTINUED_PLAINLY in rendered.notes


def test_template_that_refuses_an_empty_answer() -> None:
    """Thoughts without an answer are continued also where an answer must have text."""
    source = (
        "{% for m in messages %}{{ m.content or raise_exception('empty') }}{% endfor %}"
        "{{ '[THINK]' if add_generation_prompt }}"
    )
    talk = [*USER, Message("assistant", "")]
    rendered = Stage(ChatTemplate(source)).render_open(talk, {}, SENTINEL, "Hm")
    assert (rendered.text, rendered.opened_by) == ("Hi[THINK]Hm", "[THINK]")


def test_an_answer_with_thoughts_is_continued() -> None:
    """Thoughts before a partial answer are kept where the template shows them."""
    rendered = stage("qwen3").render_open(PARTIAL, {}, SENTINEL, "Count.")
    assert rendered.text.endswith("assistant\n<think>\nCount.\n</think>\n\n One, ")
