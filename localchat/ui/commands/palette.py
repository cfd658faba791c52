"""The command palette (Ctrl+P): the same commands by their names, those that are possible here."""

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode
from textual.types import IgnoreReturnCallbackType

from localchat.ui.commands import keys, obeying
from localchat.ui.commands.command import Command

if TYPE_CHECKING:
    from localchat.ui.app import LocalchatApp


class CommandProvider(Provider):
    """Finds commands by their titles and what they do."""

    async def discover(self) -> Hits:
        """Offer every command that is possible now."""
        for command in self._possible():
            yield DiscoveryHit(command.title, self._run(command), help=_help(command))

    async def search(self, query: str) -> Hits:
        """Offer the commands that fit what is typed."""
        matcher = self.matcher(query)
        for command in self._possible():
            score = max(matcher.match(command.title), matcher.match(command.help) * 0.8)
            if score > 0:
                title = matcher.highlight(command.title)
                yield Hit(score, title, self._run(command), command.title, help=_help(command))

    def _possible(self) -> Iterator[Command]:
        for command in cast("LocalchatApp", self.app).command_list:
            is_named = bool(command.words) or command.in_footer
            if not is_named or command.is_fixed or command.must_have_argument:
                continue
            if obeying.is_possible(self._here, command):
                yield command

    @property
    def _here(self) -> DOMNode:
        return self.focused or self.screen

    def _run(self, command: Command) -> IgnoreReturnCallbackType:
        return functools.partial(obeying.run, self._here, command)


def _help(command: Command) -> str:
    shown = [*(keys.spoken(key) for key in command.keys), *(f"/{word}" for word in command.words)]
    # The palette reads markup in it.
    return Content(" · ".join([command.help, *shown[:3]])).markup
