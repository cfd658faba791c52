"""What is sent of a conversation that is too long: whole turns, by the policy, with the numbers."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as some

from localchat import errors
from localchat.chat import context, messages, overflow, prompting
from localchat.chat.context import Plan, Room
from localchat.chat.messages import Message, Part
from localchat.chat.overflow import Planning
from localchat.chat.settings import Overflow
from localchat.chat.tree import Summary

SYSTEM_TOKENS = 10
SUMMARY_TOKENS = 20


def turns(*sizes: int, last: int = 5) -> tuple[Message, ...]:
    """Make a branch of questions and answers of so many tokens each, and a last question."""
    branch: list[Message] = []
    for number, size in enumerate(sizes):
        branch.append(_message("user", f"q{number}", size))
        branch.append(_message("assistant", f"a{number}", size))
    return (*branch, _message("user", "last", last))


def _message(role: str, name: str, tokens: int) -> Message:
    return Message(name, "chat", None, role, (Part("text", "x" * tokens),))  # type: ignore[arg-type]


def follow(planning: Planning, count: Callable[[Plan], int] | None = None) -> Plan:
    """Follow a plan with a tokenizer for which every letter is a token."""
    try:
        candidate = next(planning)
        while True:
            candidate = planning.send((count or tokens)(candidate))
    except StopIteration as chosen:
        found: Plan = chosen.value
        return found


def tokens(plan: Plan) -> int:
    """Count the letters of what a plan sends."""
    summary = SUMMARY_TOKENS if plan.summary else 0
    return SYSTEM_TOKENS + summary + sum(len(message.text) for message in plan.sent)


def names(sent: Sequence[Message]) -> list[str]:
    """Name what is sent."""
    return [message.id for message in sent]


@pytest.mark.parametrize("policy", ["stop", "roll", "summarize"])
def test_what_fits_is_sent_whole(policy: Overflow) -> None:
    """Nothing is left out as long as there is room, whatever the policy."""
    branch = turns(20, 20, 20)
    plan = follow(overflow.plan(branch, Room(200, 50), policy))
    assert Plan(branch, prompt_tokens=135) == plan


def test_stop_refuses_with_the_numbers() -> None:
    """What is longer than the context is refused, and the way out is named."""
    with pytest.raises(errors.ContextOverflow) as refused:
        follow(overflow.plan(turns(50, 50), Room(200, 50), "stop"))
    assert (215, 200) == (refused.value.prompt_tokens, refused.value.context_tokens)
    assert (
        "The conversation with this message has 215 tokens; the context holds 200 and needs room "
        "for an answer." == refused.value.message
    )
    assert "summarized" in refused.value.hint


def test_stop_uses_the_reserve() -> None:
    """Only what leaves no room at all is refused: a short answer may be enough."""
    plan = follow(overflow.plan(turns(45, 45), Room(200, 50), "stop"))
    assert (195, ()) == (plan.prompt_tokens, plan.left_out)


@pytest.mark.parametrize("policy", ["stop", "roll", "summarize"])
def test_message_too_long_by_itself_is_refused(policy: Overflow) -> None:
    """No policy makes room for a message that is longer than the context."""
    for branch in (turns(last=300), turns(10, 10, 10, last=300)):
        with pytest.raises(errors.ContextOverflow) as refused:
            follow(overflow.plan(branch, Room(200, 50), policy))
        assert refused.value.prompt_tokens >= 310 and refused.value.context_tokens == 200


def test_roll_keeps_the_first_turn_and_the_newest() -> None:
    """The oldest turns after the first go, whole, until there is room for some more."""
    plan = follow(overflow.plan(turns(10, 10, 10, 10, 10, 10), Room(160, 40), "roll"))
    assert ["q0", "a0", "q4", "a4", "q5", "a5", "last"] == names(plan.sent)
    assert ("q1", "a1", "q2", "a2", "q3", "a3") == plan.left_out
    assert 75 == plan.prompt_tokens


def test_roll_leaves_out_the_same_as_before_while_that_is_enough() -> None:
    """The engine finds the same beginning again until the next cut."""
    branch = turns(10, 10, 10, 10, 10, 10)
    cut = {context.LEFT_OUT: ["q1", "a3"]}
    answered = Message("a6", "chat", None, "assistant", (Part("text", "x" * 10),), settings=cut)
    longer = (*branch, answered, _message("user", "next", 5))
    plan = follow(overflow.plan(longer, Room(160, 40), "roll"))
    assert ("q1", "a1", "q2", "a2", "q3", "a3") == plan.left_out
    assert 90 == plan.prompt_tokens
    assert plan.left_out == context.left_out_of(answered, longer)


def test_roll_sends_everything_again_when_there_is_room() -> None:
    """A model with a larger context sees what was left out for the one before."""
    cut = {context.LEFT_OUT: ["q1", "a1"]}
    answered = Message("a3", "chat", None, "assistant", (Part("text", "x"),), settings=cut)
    branch = (*turns(10, 10, 10), answered, _message("user", "next", 5))
    assert () == follow(overflow.plan(branch, Room(4000, 1000), "roll")).left_out


def test_roll_refuses_when_the_first_turn_and_the_last_are_too_long() -> None:
    """What the policy promises to keep is kept, or nothing is sent."""
    with pytest.raises(errors.ContextOverflow) as refused:
        follow(overflow.plan(turns(90, 5, 5, last=20), Room(200, 50), "roll"))
    assert 210 == refused.value.prompt_tokens
    assert "the first turn and this message have 210 tokens" in refused.value.message


def test_summary_stands_for_the_oldest_turns() -> None:
    """What does not fit is to be summarized, in whole turns, before anything is sent."""
    branch = turns(10, 10, 10, 10, 10, 10)
    plan = follow(overflow.plan(branch, Room(160, 40), "summarize"))
    assert plan.summarize_through == plan.left_out[-1] == "a3"
    assert ["q4", "a4", "q5", "a5", "last"] == names(plan.sent)
    summary = Summary("s", "chat", "a3", "A summary.")
    after = follow(overflow.plan(branch, Room(160, 40), "summarize", (summary,)))
    assert ("", summary, plan.left_out) == (after.summarize_through, after.summary, plan.left_out)
    assert plan.sent == after.sent


def test_newest_summary_of_the_branch_counts() -> None:
    """A summary of another branch, or an older one, is not sent."""
    branch = turns(10, 10)
    old, new = Summary("1", "chat", "a0", "Old."), Summary("2", "chat", "a1", "New.")
    elsewhere = Summary("3", "chat", "gone", "Other.")
    plan = follow(overflow.plan(branch, Room(400, 40), "summarize", (new, old, elsewhere)))
    assert (new, ["last"]) == (plan.summary, names(plan.sent))


def test_other_policies_know_no_summaries() -> None:
    """Choosing another policy brings the messages back."""
    summary = Summary("1", "chat", "a0", "Old.")
    plan = follow(overflow.plan(turns(10, 10), Room(400, 40), "stop", (summary,)))
    assert (None, ()) == (plan.summary, plan.left_out)


def test_questions_stay_with_their_answers() -> None:
    """Greetings, double questions and double answers belong to the turn that they are in."""
    roles = ["assistant", "user", "assistant", "user", "user", "assistant", "assistant", "user"]
    branch = [_message(role, str(place), 1) for place, role in enumerate(roles)]
    groups = [[message.id for message in turn] for turn in context.exchanges(branch)]
    assert [["0", "1", "2"], ["3", "4", "5", "6"], ["7"]] == groups


def test_summary_follows_the_system_prompt() -> None:
    """The template gets one system message with both."""
    branch = (messages.new("1", None, "user", "And now?"),)
    plan = Plan(branch, summary=Summary("1", "1", "x", "We spoke of cats."))
    found = prompting.messages(plan, "Be brief.")
    assert [
        ("system", "Be brief.\n\nSummary of the conversation so far:\nWe spoke of cats."),
        ("user", "And now?"),
    ] == [(message.role, message.text) for message in found]


sizes = some.lists(some.integers(1, 60), max_size=12)


@given(
    sizes, some.integers(1, 60), some.integers(60, 500), some.sampled_from(["roll", "summarize"])
)
def test_nothing_is_cut_and_nothing_is_forgotten(
    lengths: list[int], last: int, size: int, policy: Overflow
) -> None:
    """What is sent and what is left out are the branch, in whole turns, within the context."""
    branch = turns(*lengths, last=last)
    try:
        plan = follow(overflow.plan(branch, context.room(size), policy))
    except errors.ContextOverflow as refused:
        assert refused.prompt_tokens >= size
        return
    assert sorted(names(branch)) == sorted((*names(plan.sent), *plan.left_out))
    assert plan.prompt_tokens < size
    whole = tokens(Plan(branch))
    assert bool(plan.left_out) <= (whole > context.room(size).prompt_tokens)
    for question, answer in zip(branch[:-1:2], branch[1:-1:2], strict=True):
        assert (question.id in plan.left_out) == (answer.id in plan.left_out)
    assert branch[-1] in plan.sent
    if policy == "roll":
        assert branch[0] in plan.sent and tokens(plan) == plan.prompt_tokens
    else:
        assert plan.left_out == tuple(names(branch)[: len(plan.left_out)])
        assert plan.summarize_through == (plan.left_out[-1] if plan.left_out else "")
