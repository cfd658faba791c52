"""`localchat` alone: the chat screens, put together."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from localchat import paths
from localchat.cli import options
from localchat.machine import detect, profile
from localchat.machine.hardware import Hardware
from localchat.models import folder, gguf
from localchat.models.folder import LocalModel
from localchat.ui import run as ui


def run(given: argparse.Namespace) -> int:
    """Open the screens, and a model at once when one was named.

    Raises UsageError without a terminal, ProfileError for a machine's file that cannot be read,
    ModelNotFound or BadModel for a model that cannot be opened.
    """
    chosen = options.effective_settings(given)
    models, guide = paths.paths().models, paths.guide_model()

    def list_models() -> Sequence[LocalModel]:
        return folder.find_models(models, guide)

    # Another machine's profile is read once, so that a mistake in it is told before the screens.
    other = profile.read(Path(given.machine).expanduser()) if given.machine else None

    def machine() -> Hardware:
        return other or detect.detect()

    # LOCALCHAT_MODEL is for `run`, which needs a model; here the first screen offers them.
    open_path = folder.resolve(given.model, models, guide) if given.model else None
    if open_path is not None:
        gguf.check(open_path)
    return ui.run(
        options.engine(),
        list_models=list_models,
        detect=machine,
        is_simulated=other is not None,
        models_folder=models,
        chat_settings=options.chat_settings(chosen, given),
        engine_params=options.engine_params(chosen, given.chat_template_file),
        theme=chosen.theme or "",
        open_path=open_path,
    )
