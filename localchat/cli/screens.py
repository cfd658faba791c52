"""`localchat` alone: the chat screens, put together."""

import argparse
from collections.abc import Sequence

from localchat import paths
from localchat.cli import options
from localchat.machine import detect
from localchat.models import folder, gguf
from localchat.models.folder import LocalModel
from localchat.ui import run as ui


def run(given: argparse.Namespace) -> int:
    """Open the screens, and a model at once when one was named.

    Raises UsageError without a terminal, ModelNotFound or BadModel for a model that cannot be
    opened.
    """
    chosen = options.effective_settings(given)
    models, guide = paths.paths().models, paths.guide_model()

    def list_models() -> Sequence[LocalModel]:
        return folder.find_models(models, guide)

    def describe_machine() -> str:
        return detect.detect().summary

    # LOCALCHAT_MODEL is for `run`, which needs a model; here the first screen offers them.
    open_path = folder.resolve(given.model, models, guide) if given.model else None
    if open_path is not None:
        gguf.check(open_path)
    return ui.run(
        options.engine(),
        list_models=list_models,
        describe_machine=describe_machine,
        models_folder=models,
        chat_settings=options.chat_settings(chosen, given),
        engine_params=options.engine_params(chosen, given.chat_template_file),
        theme=chosen.theme or "",
        open_path=open_path,
    )
