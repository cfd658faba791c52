"""`localchat` alone: the chat screens, put together."""

import argparse
from collections.abc import Sequence

from localchat import paths
from localchat.cli import options
from localchat.machine import detect
from localchat.models import folder
from localchat.models.folder import LocalModel
from localchat.ui import run as ui


def run(given: argparse.Namespace) -> int:
    """Open the screens, and a model at once when one was named.

    Raises UsageError without a terminal, ModelNotFound for a model that is not there.
    """
    chosen = options.effective_settings(given)
    models, guide = paths.paths().models, paths.guide_model()

    def list_models() -> Sequence[LocalModel]:
        return folder.find_models(models, guide)

    def describe_machine() -> str:
        return detect.detect().summary

    # LOCALCHAT_MODEL is for `run`, which needs a model; here the first screen offers them.
    wanted = given.model
    return ui.run(
        options.engine(),
        list_models=list_models,
        describe_machine=describe_machine,
        models_folder=models,
        chat_settings=options.chat_settings(chosen, given),
        engine_params=options.engine_params(chosen, given.chat_template_file),
        theme=chosen.theme or "",
        open_path=folder.resolve(wanted, models, guide) if wanted else None,
    )
