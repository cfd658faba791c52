"""Where files live. `LOCALCHAT_HOME` moves everything; the only room that knows platformdirs."""

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Paths:
    """Every folder and file that localchat uses."""

    config_file: Path
    models: Path
    """The models folder: a GGUF put here is listed on the first screen."""
    state: Path
    """Logs of the engine, and what was learned about this machine."""

    @property
    def chats_file(self) -> Path:
        """Every chat of this user, in one database beside the models folder."""
        return self.models.parent / "chats.db"

    @property
    def personas(self) -> Path:
        """The user's own ways to answer, one file each."""
        return self.config_file.parent / "personas"

    @property
    def engine_logs(self) -> Path:
        """One log for each engine process, the newest few kept."""
        return self.state / "engine"

    @property
    def safe_mode_file(self) -> Path:
        """Engine builds that crash on this machine unless extra buffers are off."""
        return self.state / "safe-mode.json"

    @property
    def dry_runs(self) -> Path:
        """Stand-ins for models that are being sized; empty but for that moment."""
        return self.state / "dry-runs"

    @property
    def measurements_file(self) -> Path:
        """How fast models were seen to answer on this machine."""
        return self.state / "measurements.json"

    @property
    def library_file(self) -> Path:
        """What the headers of the models on this disk say, so that each is read once."""
        return self.state / "library.json"

    @property
    def hashes_file(self) -> Path:
        """Hashes of model files that are not named by theirs, so that each is made once."""
        return self.state / "hashes.json"

    @property
    def downloads_file(self) -> Path:
        """Downloads that were wanted and are not here yet."""
        return self.state / "downloads.json"

    @property
    def remote_headers(self) -> Path:
        """Headers of models on the Hub that were looked at; the oldest go by themselves."""
        return self.state / "headers"

    @property
    def prompt_history_file(self) -> Path:
        """Messages sent before, which Up brings back."""
        return self.state / "prompts.jsonl"

    @property
    def copies(self) -> Path:
        """What could not be put on a clipboard; the newest few kept."""
        return self.state / "copies"


def paths() -> Paths:
    """Find where files live for this user; creates nothing."""
    home = os.environ.get("LOCALCHAT_HOME")
    if home:
        root = Path(home).expanduser().absolute()
        return Paths(root / "config.toml", root / "models", root / "state")
    dirs = platformdirs.PlatformDirs("localchat", appauthor=False)
    return Paths(
        Path(dirs.user_config_dir) / "config.toml",
        Path(dirs.user_data_dir) / "models",
        Path(dirs.user_state_dir),
    )


def private_folder(folder: Path) -> Path:
    """Make a folder that only this user can read, and give it back."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def asset(name: str) -> Path:
    """Find a file that ships with localchat: in an installed package, or beside the source tree."""
    installed = _PACKAGE / "assets" / name
    return installed if installed.exists() else _PACKAGE.parent / "assets" / name


def guide_model() -> Path:
    """Find the built-in model."""
    return asset("guide.gguf")


def write_atomically(file: Path, content: str) -> None:
    """Replace a small private file so that a reader sees the old content or the new, never half.

    Raises OSError when the folder cannot be written.
    """
    private_folder(file.parent)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    part.replace(file)
