"""What is on this disk, in the models screen: whoever put it there, and how it goes."""

import dataclasses
from pathlib import Path

import pytest
from textual.pilot import Pilot

from localchat.engine.prober import Prober
from localchat.library import parts
from localchat.library.cache import Cache
from localchat.library.values import RemoteFile
from localchat.ui.app import LocalchatApp
from localchat.ui.screens.confirm import ConfirmScreen
from localchat.ui.shelf import Entry
from localchat.ui.widgets.browser import Browser
from localchat.ui.widgets.model_list import ModelList, Rows
from tests import hub_demo
from tests.conftest import MakeEngine
from tests.fake_hub import FakeHub
from tests.library import disks
from tests.ui import hosts, hub_hosts

SIZE = (160, 44)
REPO = "maker/tiny-GGUF"


async def _go_to(pilot: Pilot[None], title: str) -> None:
    """Put the cursor on the row of this title."""
    await hosts.open_models(pilot)
    screen = pilot.app.screen
    models, browser = screen.query_one(ModelList), screen.query_one(Browser)
    await hosts.wait_until(pilot, lambda: title in _titles(models))
    rows = [line.title if isinstance(line, Entry) else "" for line in models.lines]
    screen.query_one(Rows).highlighted = rows.index(title)
    await hosts.wait_until(
        pilot, lambda: browser.entry is not None and browser.entry.title == title
    )


def _titles(models: ModelList) -> list[str]:
    return [line.title for line in models.lines if isinstance(line, Entry)]


async def _show_disk(pilot: Pilot[None]) -> None:
    """Show only what is on this disk."""
    await hosts.open_models(pilot, "built in")
    await hosts.press(pilot, "f", "f", "f")
    await hosts.shows(pilot, "on this disk · by")


async def test_everything_on_the_disk_is_listed(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """Models of every program, duplicates once, with what they take, where, and what is free."""
    cache, ollama = disks.HubCache(tmp_path / "hub"), disks.OllamaStore(tmp_path / "ollama")
    same = disks.model("Twice")
    disks.put(tmp_path / "models" / "twice-Q4_K_M.gguf", same)
    cache.add(REPO, "twice-Q4_K_M.gguf", same)
    cache.add(REPO, "once-Q8_0.gguf", disks.model("Once"))
    ollama.add("registry.ollama.ai/library/herd/3b", disks.model("Herd"))
    app = hub_hosts.make_app(fake_engine(), tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await hosts.shows(pilot, "16 KiB on this disk, 120.00 GiB free")
        await _show_disk(pilot)
        models = app.screen.query_one(ModelList)
        # Before their headers are read, models are named after their files.
        await hosts.wait_until(
            pilot, lambda: sorted(_titles(models)) == ["Guide", "Once", "Twice", "herd:3b"]
        )
        await hosts.wait_until(pilot, lambda: _has_row(pilot, "herd:3b", "Ollama today"))
        await _go_to(pilot, "Twice")
        await hosts.shows(pilot, "models folder +1", f"Hugging Face cache, as {REPO}:Q4_K_M")


def _has_row(pilot: Pilot[None], *words: str) -> bool:
    rows = [" ".join(line.split()) for line in hosts.screen_text(pilot).splitlines()]
    return any(all(each in row for each in words) for row in rows)


async def test_model_is_removed_after_a_question(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """The question says what is freed and who else uses it; Esc keeps it, Enter removes it."""
    pointer = disks.HubCache(tmp_path / "hub").add(REPO, "once-Q8_0.gguf", disks.model("Once"))
    app = hub_hosts.make_app(fake_engine(), tmp_path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await _go_to(pilot, "Once")
        await hosts.press(pilot, "x")
        await hosts.shows(pilot, "8 KiB will be free again.", "transformers")
        await hosts.press(pilot, "escape")
        await hosts.wait_until(pilot, lambda: not isinstance(app.screen, ConfirmScreen))
        assert pointer.is_file()
        await hosts.focuses(pilot, Rows)
        await hosts.press(pilot, "delete")
        await hosts.wait_until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await hosts.press(pilot, "enter")
        await hosts.shows(pilot, "Removed Once: ")
        models = app.screen.query_one(ModelList)
        await hosts.wait_until(pilot, lambda: "Once" not in _titles(models))

    assert not pointer.exists()


async def test_models_of_other_programs_stay(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """What another program keeps is not removed; how that is done there is told."""
    blob = disks.OllamaStore(tmp_path / "ollama").add(
        "registry.ollama.ai/library/herd/3b", disks.model("Herd")
    )
    app = hub_hosts.make_app(fake_engine(), tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await _go_to(pilot, "herd:3b")
        await hosts.press(pilot, "x")
        refusal = "herd:3b cannot be removed here: Ollama keeps this model."
        await hosts.shows(pilot, refusal, "ollama rm herd:3b")

    assert blob.is_file()


async def test_unfinished_download_goes_on(
    fake_engine: MakeEngine, tmp_path: Path, home: Path
) -> None:
    """It is a row that says how far it came; Enter goes on with it, and loads it in the end."""
    home.mkdir()
    log = home / "commands"
    repo = hub_demo.guide(tmp_path / "offered")
    (fake,) = repo.files
    file = RemoteFile(repo.id, repo.commit, fake.path, fake.size_bytes, fake.sha256, fake.sha256)
    cache = Cache(tmp_path / "hub")
    cache.blob(file).parent.mkdir(parents=True)
    with parts.Part(cache, file) as part:
        part.note("")
        part.append(fake.read(0, fake.size_bytes // 2))
    with FakeHub(repo) as hub:
        app = hub_hosts.make_app(fake_engine(log=str(log)), tmp_path, hub)
        async with app.run_test(size=SIZE) as pilot:
            await _go_to(pilot, f"{repo.id}:Q8_0")
            await hosts.shows(pilot, "50 % here", "Enter: go on with it")
            await hosts.press(pilot, "enter")
            await hosts.open_chat(pilot)

    assert "/guide-Q8_0.gguf" in log.read_text()
    assert hub.served_bytes() <= fake.size_bytes - fake.size_bytes // 2


@pytest.mark.slow
async def test_machine_is_measured(fake_engine: MakeEngine, tmp_path: Path, home: Path) -> None:
    """`m` measures this machine and keeps it; Esc stops that."""
    file = tmp_path / "measurements.json"
    setup = dataclasses.replace(
        hub_hosts.make_setup(tmp_path),
        make_prober=lambda: Prober(home / "logs", home / "safe-mode.json"),
        measurements_file=file,
    )
    app = LocalchatApp(fake_engine(), setup)
    async with app.run_test(size=SIZE) as pilot:
        await hosts.open_models(pilot, "built in")
        await hosts.press(pilot, "m")
        await hosts.shows(pilot, "Measuring this machine")
        await hosts.press(pilot, "escape")
        await hosts.shows(pilot, "Measuring was stopped.")
        assert not file.exists()
        await hosts.press(pilot, "m")
        await hosts.shows(pilot, "of weights a second", seconds=400)

    assert file.exists()


async def test_another_machine_cannot_be_measured(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """On a profile, `m` says why it measures nothing."""
    app = hub_hosts.make_app(fake_engine(), tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await hosts.open_models(pilot, "built in")
        await hosts.press(pilot, "m")
        await hosts.shows(pilot, "Only the machine that localchat runs on can be measured.")
