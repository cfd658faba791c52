"""Those who listen to a chat: each is told every event, until it has heard enough."""

from collections.abc import Callable

from localchat.chat.events import ChatEvent

Listener = Callable[[ChatEvent], None]


class Listeners:
    """Callbacks, in the order in which they came."""

    def __init__(self) -> None:
        self._every: list[Listener] = []

    def add(self, callback: Listener) -> Callable[[], None]:
        """Call back with every event from now on; returns what ends that."""
        self._every.append(callback)

        def remove() -> None:
            if callback in self._every:
                self._every.remove(callback)

        return remove

    def tell(self, event: ChatEvent) -> None:
        """Tell everybody; whoever leaves meanwhile is told this one still."""
        for listener in tuple(self._every):
            listener(event)
