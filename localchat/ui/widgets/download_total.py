"""All downloads together in one line: how far, how fast, how long; and how they are limited."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from localchat import units
from localchat.library.values import DownloadProgress
from localchat.ui.downloads import Terms
from localchat.ui.widgets import download_words

if TYPE_CHECKING:
    from localchat.hub.queue import Download


class DownloadTotal(Widget):
    """The sum on the left, the terms on the right."""

    together: reactive[DownloadProgress | None] = reactive(None)
    terms: reactive[Terms] = reactive(Terms())

    def show(self, downloads: "Sequence[Download]", terms: Terms) -> None:
        """Add up what is open."""
        self.together = download_words.total(downloads)
        self.terms = terms

    def render(self) -> RenderResult:
        """Draw one line; the sum matters more."""
        left = Content("")
        if self.together is not None:
            share = download_words.share(self.together.fraction)
            words = download_words.figures(self.together)
            left = Content.assemble((f"{share}  ", "bold"), (words, "$foreground-muted"))
        for words in (limits(self.terms), short_limit(self.terms)):
            right = Content.styled(words, "$foreground-muted")
            gap = self.size.width - left.cell_length - right.cell_length
            if gap >= 2:
                return Content.assemble(left, " " * gap, right)
        return left.truncate(self.size.width, ellipsis=True)


def short_limit(terms: Terms) -> str:
    """Say only what keeps downloads slow.

    >>> short_limit(Terms()), short_limit(Terms(1, 5 << 20))
    ('', '≤ 5.0 MiB/s')
    """
    return f"≤ {units.human_bytes(terms.bytes_per_second)}/s" if terms.bytes_per_second else ""


def limits(terms: Terms) -> str:
    """Say how downloads are limited.

    >>> limits(Terms()), limits(Terms(1, 5 << 20))
    ('2 at once · no limit', '1 at once · at most 5.0 MiB/s')
    """
    rate = f"at most {units.human_bytes(terms.bytes_per_second)}/s"
    return f"{terms.at_once} at once · {rate if terms.bytes_per_second else 'no limit'}"
