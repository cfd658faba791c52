"""What of a conversation is sent when it is longer than the context: pure arithmetic.

Nothing is cut: messages are sent whole or left out, an answer together with the question before
it, and what is left out is said. Knows no tokenizer: token counts are handed in.
"""

from dataclasses import dataclass

from localchat.chat.settings import Overflow


@dataclass(frozen=True, slots=True)
class ContextUse:
    """What sending a draft now would take."""

    prompt_tokens: int
    """Of all that would be sent: system prompt, summary, messages and the draft."""
    context_tokens: int
    left_out: tuple[str, ...] = ()
    """The messages of the branch that would not be sent, oldest first."""
    policy: Overflow = "stop"
    summary_id: str = ""
    """The summary that would be sent in place of what is left out; empty for none."""

    @property
    def share(self) -> float:
        """How much of the context it takes; over 1 when it is too long."""
        return self.prompt_tokens / self.context_tokens if self.context_tokens else 0.0

    @property
    def fits(self) -> bool:
        """Whether it could be sent: there has to be room for an answer."""
        return self.prompt_tokens < self.context_tokens
