"""A scrolling column that stays where the reader is, whatever happens above.

It follows its end until the reader leaves it, and again from there. Everywhere else the line at
the top of the view stays where it is: messages that come in above, unfold or grow move it in the
same frame, so that nothing jumps.
"""

from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.layout import DockArrangeResult
from textual.message import Message
from textual.scrollbar import ScrollBar
from textual.widget import Widget


class Scroller(VerticalScroll, can_focus=False):
    """Messages one under the other; its children are what is held in place."""

    class Moved(Message):
        """The view has moved, or there is more or less to see."""

    def __init__(self) -> None:
        super().__init__()
        self.follows = True
        """The end is kept in view."""
        self._tops: dict[Widget, int] = {}
        """Where the children began when they were arranged last."""

    @property
    def is_at_end(self) -> bool:
        """Whether the end is in view."""
        return self.scroll_y >= self.max_scroll_y

    def follow(self) -> None:
        """Go to the end, and stay there."""
        self.follows = True
        self.scroll_y = self.max_scroll_y

    def hold(self) -> None:
        """Stay here, whatever comes at the end."""
        self.follows = False

    def release_anchor(self) -> None:
        """The reader scrolls; at the very end, that changes nothing."""
        # Textual calls this for every scroll that is not its own.
        self.hold()
        super().release_anchor()
        self.call_after_refresh(self._follow_if_at_end)

    def arrange(self, size: Size, optimal: bool = False) -> DockArrangeResult:
        """Arrange the children, and keep in view what was."""
        result = super().arrange(size, optimal)
        tops = {placement.widget: placement.region.y for placement in result.placements}
        highest = max(0, result.spatial_map.total_region.bottom - size.height)
        if self.follows:
            self._put_at(highest)
        elif tops != self._tops:
            self._put_at(min(highest, max(0, self.scroll_y + self._shift(tops))))
        self._tops = tops
        return result

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Tell that the view has moved."""
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Moved())

    def _shift(self, tops: dict[Widget, int]) -> int:
        """Say how far what is at the top of the view has moved."""
        above = [child for child, top in self._tops.items() if top <= self.scroll_y]
        kept = [child for child in above if child in tops]
        if not kept:
            kept = [child for child in self._tops if child in tops]
            return tops[kept[0]] - self._tops[kept[0]] if kept else 0
        held = max(kept, key=lambda child: self._tops[child])
        return tops[held] - self._tops[held]

    def _put_at(self, y: float) -> None:
        if y == self.scroll_y:
            return
        # Called in the middle of laying out, where a scroll would ask for another layout.
        self.set_reactive(Scroller.scroll_y, y)
        self.set_reactive(Scroller.scroll_target_y, y)
        self.vertical_scrollbar.set_reactive(ScrollBar.position, y)
        self.post_message(self.Moved())

    def _follow_if_at_end(self) -> None:
        # The target tells a scroll that is only beginning from one that goes nowhere.
        if not self.follows and self.scroll_target_y >= self.max_scroll_y:
            self.follows = True
