"""`localchat` alone: the chat screens, put together."""

import argparse
import dataclasses
import functools
import os
from collections.abc import Sequence
from pathlib import Path

from localchat import paths
from localchat.cli import continuing, options, question, stored
from localchat.engine import wire
from localchat.hub import access
from localchat.library import cache
from localchat.machine import detect, gpus, memlock, profile, reconcile
from localchat.machine.hardware import Hardware
from localchat.models import folder
from localchat.paths import Paths
from localchat.settings import Settings
from localchat.ui import run as ui
from localchat.ui import stock
from localchat.ui.downloads import Terms
from localchat.ui.setup import Setup


def run(given: argparse.Namespace) -> int:
    """Open the screens, and a model at once when one was named.

    Raises UsageError without a terminal, ProfileError for a machine that cannot be read,
    ModelNotFound or BadModel for a model that cannot be opened.
    """
    chosen = options.effective_settings(given)
    places = paths.paths()
    # Another machine's profile is read once, so that a mistake in it is told before the screens.
    other = profile.read(Path(given.machine).expanduser()) if given.machine else None
    # LOCALCHAT_MODEL is for `run`, which needs a model; here the first screen offers them.
    params = options.engine_params(chosen, given.chat_template_file)
    open_path = _named(given, params) if given.model else None
    if given.continue_last and open_path is None and other is None:
        open_path = continuing.last_model(places.chats_file)
    if other is not None:
        # The default is this computer's.
        params = dataclasses.replace(params, threads=chosen.threads or 0)
    setup = dataclasses.replace(
        _setup(given, chosen, places),
        engine_params=params,
        open_path=open_path,
    )
    if other is not None:
        setup = _simulated(setup, other)
    return ui.run(options.engine(), setup, chosen.theme or "")


def _setup(given: argparse.Namespace, chosen: Settings, places: Paths) -> Setup:
    """Put together what the screens are given on this computer."""
    guide = paths.guide_model()
    usual = options.chat_settings(chosen, given)
    downloads = cache.here(os.environ, Path.home())
    return Setup(
        list_models=lambda: (folder.describe(guide, is_guide=True),),
        scan_library=stored.scan,
        make_prober=options.prober,
        detect=_this_machine,
        asks_engine=True,
        lock_limit_bytes=memlock.lock_limit_bytes(),
        measurements_file=places.measurements_file,
        models_folder=places.models,
        chat_settings=options.with_persona(usual, chosen, given, places.personas),
        usual_settings=usual,
        personas_folder=places.personas,
        access=access.of_environment(offline=given.offline),
        headers_folder=places.remote_headers,
        cache=downloads,
        free_bytes=functools.partial(stock.free_bytes, downloads.folder),
        terms=Terms(chosen.at_once or Terms().at_once, chosen.limit or 0),
        journal=places.downloads_file,
        prompt_history_file=None if chosen.history is False else places.prompt_history_file,
        chats_file=places.chats_file,
        hashes_file=places.hashes_file,
        continues=given.continue_last,
        rest_after_seconds=60 * (chosen.keep_alive or 0),
        keys=chosen.keys,
        config_file=places.config_file,
    )


def _simulated(setup: Setup, other: Hardware) -> Setup:
    """Look at another machine: nothing is loaded, measured or remembered."""
    return dataclasses.replace(
        setup,
        make_prober=None,
        detect=lambda _: other,
        is_simulated=True,
        asks_engine=False,
        lock_limit_bytes=None,
        measurements_file=None,
    )


def _named(given: argparse.Namespace, params: wire.EngineParams) -> Path:
    path = question.on_disk(given.model)
    if path is not None:
        return path
    # Loaded only here: what needs the network is not for those who have the model.
    from localchat.cli import pull

    return pull.when_needed(given.model, params, offline=given.offline, yes=None, force=given.force)


def _this_machine(devices: Sequence[wire.Device] | None) -> Hardware:
    shown = gpus.find_gpus()
    found = detect.detect(shown)
    return found if devices is None else reconcile.reconcile(found, devices, shown).hardware
