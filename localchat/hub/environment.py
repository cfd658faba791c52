"""How huggingface_hub is set up; it reads its settings once, when it is imported.

Most of localchat asks the Hub without it. What does import it calls `prepare` first.
"""

import os
from collections.abc import MutableMapping
from typing import Final

# No question that nobody asked: no usage report, no look-up of new versions, no token from a place
# that `access` did not read, no bars drawn over the screen.
_SETTINGS: Final = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_SYMLINKS_WARNING": "1",
}


def prepare(environment: MutableMapping[str, str] = os.environ) -> None:
    """Set what huggingface_hub reads when it is imported, where the user has not set it."""
    for name, value in _SETTINGS.items():
        environment.setdefault(name, value)
