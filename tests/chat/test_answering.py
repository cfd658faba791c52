"""An answer on its way: pieces become one message, however it ends."""

import dataclasses

from localchat.chat import events, messages
from localchat.chat.answering import Answer
from localchat.chat.messages import Message
from localchat.engine import wire


def streaming(text: str = "", reasoning: str = "", stats: wire.Stats | None = None) -> Message:
    """Make the message that an answer fills."""
    made = messages.new("chat", "parent", "assistant", text, is_streaming=True)
    return dataclasses.replace(made, reasoning=reasoning, stats=stats)


def text(piece: str, tokens: int = 1) -> wire.Text:
    """Make an event of the engine with a piece of text."""
    return wire.Text(1, piece, wire.Stats(prompt_tokens=9, tokens=tokens, seconds=tokens / 10))


def test_pieces_are_told_and_joined() -> None:
    """Every piece is passed on with what was measured so far, thinking told apart."""
    answer = Answer(streaming())
    told = [
        each
        for piece in ("<thi", "nk>Hm.</th", "ink>Yes", ".")
        for each in answer.take(text(piece))
    ]
    finished = wire.Finished(1, "stop", wire.Stats(prompt_tokens=9, tokens=5), seed=3)
    told += answer.take(finished)
    said = [(each.kind, each.text) for each in told if isinstance(each, events.Said)]
    assert [("reasoning", "Hm."), ("answer", "Yes"), ("answer", ".")] == said
    rest, message = answer.end("stop")
    assert ([], "Yes.", "Hm.", "stop", 3) == (
        rest,
        message.text,
        message.reasoning,
        message.ending,
        message.seed,
    )
    assert message.stats == finished.stats and not message.is_streaming


def test_what_was_held_back_is_part_of_an_answer_that_broke_off() -> None:
    """Half a mark that never was one is text, and is told."""
    answer = Answer(streaming())
    answer.take(text("a < b"))
    answer.take(text(" <thi"))
    broken = Answer(streaming())
    broken.take(text("<thi"))
    rest, message = broken.end("error", "The engine stopped.")
    assert ["<thi"] == [each.text for each in rest if isinstance(each, events.Said)]
    assert ("<thi", "error", "The engine stopped.") == (
        message.text,
        message.ending,
        message.error,
    )
    assert "a < b <thi" == answer.end("cancelled")[1].text


def test_engine_knows_best_why_an_answer_ended() -> None:
    """An answer that was complete when somebody stopped it is complete."""
    answer = Answer(streaming())
    answer.take(wire.Finished(1, "length", wire.Stats()))
    assert "length" == answer.end("cancelled")[1].ending


def test_thinking_that_the_prompt_began_is_thinking() -> None:
    """Where the template opens the block, the first text is a thought already."""
    answer = Answer(streaming())
    assert [] == answer.take(wire.Prompt(1, 9, 0, 100, opened_by="<think>"))
    answer.take(text("Hm.</think>Yes"))
    assert ("Yes", "Hm.") == (answer.so_far.text, answer.so_far.reasoning)


def test_continued_answer_adds_up() -> None:
    """Text, tokens and seconds of both parts count; the first part's prompt is the answer's."""
    first = wire.Stats(prompt_tokens=9, ttft_seconds=0.5, tokens=10, seconds=1.0)
    answer = Answer(streaming("One, ", stats=first))
    answer.take(text("two", tokens=5))
    answer.take(wire.Finished(1, "stop", wire.Stats(prompt_tokens=19, tokens=5, seconds=0.5)))
    message = answer.end("stop")[1]
    assert "One, two" == message.text
    expected = wire.Stats(prompt_tokens=9, ttft_seconds=0.5, tokens=15, seconds=1.5)
    assert expected == message.stats


def test_files_of_an_answer_stay() -> None:
    """Parts other than text are kept where they were."""
    image = messages.Part("image", "data", "picture.png")
    answer = Answer(dataclasses.replace(streaming(), parts=(image,)))
    answer.take(text("See."))
    assert (image, messages.Part("text", "See.")) == answer.end("stop")[1].parts
