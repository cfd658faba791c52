"""Everything that may go wrong and be shown to a user, and the exit code of each.

LocalchatError
├── UsageError            the command line or a setting is wrong
│   ├── SettingsError     names the file and the key
│   └── ProfileError      a machine's profile; names the file and the key
├── ModelNotFound         no such file, or an empty name
│   └── HubNotFound       the Hub has no such repository, revision or file
├── DoesNotFit            the model needs more memory than there is
├── ContextOverflow       the prompt is longer than the context
├── BadModel              not a GGUF, truncated, or not supported by this engine
│   └── BadTemplate       the chat template cannot be used
├── Cancelled             the user stopped it
├── NetworkError          no answer from the network, or none that can be used
│   ├── RateLimited       the Hub asks to wait; says for how long
│   └── DownloadFailed    what came is not what was promised; holds both hashes
├── Offline               offline, and what is needed is not on this disk
├── HubRefused            the Hub refuses: gated, private, or the token is wrong
├── DiskFull              no room for what was asked; says how much is missing
├── AttachmentError       a file cannot be put beside a message
├── StoreError            the chats cannot be read or written
├── ChatsUnwritten        chats could not be written into a file
├── ChatsUnreadable       a file of chats is damaged, or of no program that localchat knows
├── CatalogueError        a file of facts in assets/ is damaged; names the file and the key
└── EngineError
    ├── EngineMissing     llama-cpp-python cannot be imported
    ├── LoadFailed        the engine refused the model for another reason
    └── EngineLost        the engine's process died

Knows nothing about terminals: `message` says what happened, `hint` what to do next, each in one
sentence without a line break.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every `localchat` command."""

    OK = 0
    ERROR = 1
    USAGE = 2
    MODEL_NOT_FOUND = 3
    DOES_NOT_FIT = 4
    """Override with --force."""
    NETWORK = 5
    OFFLINE = 6
    """Offline, and what is needed is not on this disk."""
    CONTEXT_OVERFLOW = 7
    BAD_MODEL = 8
    REFUSED = 9
    """The Hub refuses: gated model, or a token is needed."""
    INTERRUPTED = 130
    """Ctrl-C; what was answered so far has been printed."""


class LocalchatError(Exception):
    """The base of every error a user may see."""

    exit_code = ExitCode.ERROR

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(LocalchatError):
    """The command line asks for something that cannot be."""

    exit_code = ExitCode.USAGE


class SettingsError(UsageError):
    """The settings file or an environment variable holds a value that cannot be used."""


class ProfileError(UsageError):
    """A machine's profile cannot be read, or holds a value that cannot be."""


class ModelNotFound(LocalchatError):
    """The model is not where the user said."""

    exit_code = ExitCode.MODEL_NOT_FOUND


class DoesNotFit(LocalchatError):
    """Memory is not enough for the model with these settings."""

    exit_code = ExitCode.DOES_NOT_FIT


class ContextOverflow(LocalchatError):
    """The prompt has more tokens than the context can hold; 0 where the numbers are not known."""

    exit_code = ExitCode.CONTEXT_OVERFLOW

    def __init__(
        self, message: str, hint: str = "", *, prompt_tokens: int = 0, context_tokens: int = 0
    ) -> None:
        super().__init__(message, hint)
        self.prompt_tokens = prompt_tokens
        self.context_tokens = context_tokens


class BadModel(LocalchatError):
    """The file is not a model that this engine can run."""

    exit_code = ExitCode.BAD_MODEL


class BadTemplate(BadModel):
    """The chat template is missing, cannot be parsed, or refuses the conversation."""


class Cancelled(LocalchatError):
    """The user stopped a load or a download."""

    exit_code = ExitCode.INTERRUPTED


class NetworkError(LocalchatError):
    """The network gave no answer, or none that can be used."""

    exit_code = ExitCode.NETWORK


class RateLimited(NetworkError):
    """The Hub asks to wait before the next request; `wait_seconds` is None when it does not say."""

    def __init__(self, message: str, hint: str = "", *, wait_seconds: float | None = None) -> None:
        super().__init__(message, hint)
        self.wait_seconds = wait_seconds


class DownloadFailed(NetworkError):
    """What came is not what was promised: its content, its size, or an unsafe name.

    `expected_sha256` and `actual_sha256` are empty where it is not about the content.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        expected_sha256: str = "",
        actual_sha256: str = "",
    ) -> None:
        super().__init__(message, hint)
        self.expected_sha256 = expected_sha256
        self.actual_sha256 = actual_sha256


class Offline(LocalchatError):
    """What was asked for needs the network, which may not be used."""

    exit_code = ExitCode.OFFLINE


class HubRefused(LocalchatError):
    """The Hub does not let this user have it: gated, private, or the token is wrong."""

    exit_code = ExitCode.REFUSED


class HubNotFound(ModelNotFound):
    """The Hub has no such repository, revision or file."""


class DiskFull(LocalchatError):
    """There is no room on the disk; `missing_bytes` is 0 when it is not known how much."""

    def __init__(self, message: str, hint: str = "", *, missing_bytes: int = 0) -> None:
        super().__init__(message, hint)
        self.missing_bytes = missing_bytes


class AttachmentError(LocalchatError):
    """A file cannot be put beside a message: missing, too large, binary, or without text."""


class ChatsUnwritten(LocalchatError):
    """Chats could not be written into a file."""


class ChatsUnreadable(LocalchatError):
    """A file of chats is damaged, or was written by a program that localchat does not know."""


class CatalogueError(LocalchatError):
    """A file of facts that ships with localchat is missing, or holds a value that cannot be."""


class StoreError(LocalchatError):
    """The file with the chats cannot be read or written, or has no such chat."""


class EngineError(LocalchatError):
    """The engine could not do what it was asked."""


class EngineMissing(EngineError):
    """llama-cpp-python is not installed for this Python, or its library cannot be loaded."""


class LoadFailed(EngineError):
    """The engine could not load a model that looks sound."""


class EngineLost(EngineError):
    """The engine's process died.

    `signal_name` is empty when it ended by itself; `during` is what it was doing.
    """

    def __init__(
        self, message: str, hint: str = "", *, signal_name: str = "", during: str = ""
    ) -> None:
        super().__init__(message, hint)
        self.signal_name = signal_name
        self.during = during
