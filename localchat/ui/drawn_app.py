"""An app that draws what it has put off."""

from textual.app import App


class DrawnApp(App[None]):
    """Tells its screens when a batch of updates is over, which Textual (8) does not.

    What came in the middle of it, such as a footer that was made anew, was not drawn until
    something else happened on the screen.
    """

    def check_idle(self) -> None:
        """Let the screens, too, see to what they have put off."""
        super().check_idle()
        for screen in self.screen_stack:
            screen.check_idle()
