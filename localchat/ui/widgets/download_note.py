"""The short note of downloads in a bar at the top; a click leads to the downloads."""

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from localchat.ui.downloads import DownloadDesk
from localchat.ui.widgets import download_words


class NotesDownloads(Widget):
    """A bar that says how downloads go, in an app that has a desk for them."""

    notes_downloads = True
    """False where the screen is about downloads anyway."""
    downloads_note: reactive[str] = reactive("")

    def on_mount(self) -> None:
        """Listen."""
        if (desk := self._desk) is not None:
            desk.subscribe(self)
            self.on_download_desk_changed()

    def on_download_desk_changed(self) -> None:
        """Keep the note true."""
        if (desk := self._desk) is not None and self.notes_downloads:
            self.downloads_note = download_words.brief(desk.all())

    @property
    def _desk(self) -> DownloadDesk | None:
        desk = getattr(self.app, "downloads", None)
        return desk if isinstance(desk, DownloadDesk) else None

    @property
    def drawn_note(self) -> Content:
        """The note, with room before it; nothing while there are no downloads."""
        if not self.downloads_note:
            return Content("")
        markup = "[$primary @click=app.show_downloads]$note[/]"
        return Content.assemble("   ", Content.from_markup(markup, note=self.downloads_note))
