"""What a command is. Plain values: linear mode reads them too, without Textual."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """Something the reader can have done: by a key, from the palette, or by a slash word."""

    id: str
    """Its name in `[keys]` of config.toml, as "chat.stop"; also the id of its binding."""
    title: str
    """What the footer and the palette call it."""
    help: str
    """What it does, in a few words, on the help page."""
    action: str = ""
    """The action of the screen or widget, {key} standing for the key; empty: keys only told."""
    keys: tuple[str, ...] = ()
    slash: str = ""
    """Its words after a slash, the first one shown, with blanks between: "quit bye"."""
    argument: str = ""
    """What follows the word: "NAME", in brackets where it may be left out: "[N]"."""
    group: str = ""
    """Its heading on the help page."""
    in_footer: bool = False
    place: str = ""
    """The screen or widget whose keys they are; empty: what stands before the dot of the id."""
    is_fixed: bool = False
    """Its keys cannot be set by the reader."""
    is_priority: bool = False
    """Its keys come before those of the box that has the focus."""
    key_display: str = ""
    """How the footer shows its key, unless the reader set another."""

    @property
    def where(self) -> str:
        """The place whose keys they are."""
        return self.place or self.id.partition(".")[0]

    @property
    def words(self) -> tuple[str, ...]:
        """The words after a slash that mean it."""
        return tuple(self.slash.split())

    @property
    def must_have_argument(self) -> bool:
        """Whether the word alone says too little."""
        return bool(self.argument) and not self.argument.startswith("[")
