"""`localchat pull`, and `run` that pulls: over a Hub on loopback, from end to end."""

import hashlib
import json
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localchat import errors
from localchat.cli import fetching
from localchat.library.values import DownloadProgress, Phase
from tests import architectures
from tests.cli import command, hubs
from tests.fake_hub import FakeFile, FakeHub, FakeRepo
from tests.model_parts import Size
from tests.models import files


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[FakeHub]:
    """A Hub with one model in three quantizations."""
    with FakeHub(hubs.tiny(tmp_path / "offered", "Q8_0", "Q4_K_M", "Q2_K")) as found:
        yield found


def _ask(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands in this process ask a Hub."""
    for name, value in hubs.online(hub).items():
        monkeypatch.setenv(name, value)


def _cache(tmp_path: Path) -> Path:
    return tmp_path / "hugging-face" / "hub"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_pulled_model_runs_offline(tmp_path: Path, hub: FakeHub) -> None:
    """Pull one quantization, then chat with it by the same name without a network."""
    pulled = command.run("pull", f"{hubs.REPO}:Q4_K_M", variables=hubs.online(hub))
    assert 0 == pulled.code, pulled.err
    path = Path(pulled.out.rstrip("\n"))
    assert path.is_relative_to(_cache(tmp_path)) and "tiny-Q4_K_M.gguf" == path.name
    assert _sha256(tmp_path / "offered" / "tiny-Q4_K_M.gguf") == _sha256(path)
    assert f"{hubs.REPO}:Q4_K_M is here, 192 KiB, its checksum is right" in pulled.err
    assert "\r" not in pulled.err and "%" not in pulled.err
    asked = len(hub.requests())
    ran = command.run(
        "run", f"hf.co/{hubs.REPO}@q4_k_m", "Hi", "--offline", script={"answers": ["Hello."]},
        variables=hubs.online(hub),
    )  # fmt: skip
    assert command.Done(0, "Hello.\n", "") == ran
    assert asked == len(hub.requests())


def test_the_real_engine_answers_with_a_pulled_model(hub: FakeHub) -> None:
    """`run --yes` downloads what is not here and answers; the next run needs no network."""
    words = ("run", f"{hubs.REPO}:Q8_0", "Hi", "-n", "4", "--temp", "0", "--json")
    first = command.run(*words, "--yes", variables=hubs.online(hub))
    assert 0 == first.code, first.err
    again = command.run(*words, "--offline")
    assert (0, first.json["text"]) == (again.code, again.json["text"])


def test_without_a_quantization_the_pick_of_this_machine_is_taken(hub: FakeHub) -> None:
    """And a sentence says which and why."""
    done = command.run("pull", hubs.REPO, "--json", variables=hubs.online(hub))
    assert 0 == done.code, done.err
    assert "Q8_0" == done.json["quant"]
    assert "Q8_0 is the balanced pick for this machine: " in done.err


def test_json_is_one_object_with_every_field(
    tmp_path: Path, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when nothing had to come; then nothing is served a second time."""
    _ask(hub, monkeypatch)
    words = ("pull", f"{hubs.REPO}:Q2_K", "--json")
    found = json.loads(hubs.here(*words))
    assert ["path", "repo", "quant", "bytes", "sha256", "seconds", "files"] == list(found)
    source = tmp_path / "offered" / "tiny-Q2_K.gguf"
    assert (hubs.REPO, "Q2_K", source.stat().st_size, _sha256(source)) == (
        found["repo"], found["quant"], found["bytes"], found["sha256"]
    )  # fmt: skip
    served = hub.served_bytes()
    again, offline = (json.loads(hubs.here(*words, *more)) for more in ((), ("--offline",)))
    assert found["path"] == again["path"] == offline["path"]
    assert found["sha256"] == offline["sha256"]
    assert served == hub.served_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_ctrl_c_keeps_the_part_and_the_next_pull_goes_on(tmp_path: Path) -> None:
    """Exit code 130, one sentence how to go on, and no byte is fetched twice."""
    folder = tmp_path / "offered"
    model = files.write(folder / "big-Q4_K_M.gguf", data_bytes=3_000_000)
    repo = FakeRepo("maker/big-GGUF", (FakeFile(model.name, model),))
    with FakeHub(repo, bytes_per_second=400_000, send_buffer_bytes=65536) as hub:
        process = command.start("pull", "maker/big-GGUF:Q4_K_M", variables=hubs.online(hub))
        part = hubs.wait_for(process, _cache(tmp_path), 200_000)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=command.PATIENCE_SECONDS)
        assert (130, b"") == (process.returncode, out)
        assert "go on with: localchat pull maker/big-GGUF:Q4_K_M" in err.decode()
        kept = part.stat().st_size
        listed = command.run("list", "--json").json
        assert [] == listed["models"]
        assert [("maker/big-GGUF:Q4_K_M", kept, model.stat().st_size, True)] == [
            (each["name"], each["done_bytes"], each["bytes"], each["can_go_on"])
            for each in listed["partials"]
        ]
        hub.forget()
        hub.bytes_per_second = 0
        done = command.run("pull", "maker/big-GGUF:Q4_K_M", "--json", variables=hubs.online(hub))
        assert _sha256(model) == done.json["sha256"] == _sha256(Path(done.json["path"]))
        (sent,) = [each for each in hub.requests("cdn") if each.body_bytes > 1_000_000]
        assert model.stat().st_size - kept == sent.body_bytes


def test_what_another_program_has_is_not_downloaded(
    tmp_path: Path,
    hub: FakeHub,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The very file is found by its content, whatever it is called; another one is not taken."""
    _ask(hub, monkeypatch)
    offered = tmp_path / "offered" / "tiny-Q8_0.gguf"
    theirs = tmp_path / "user" / ".lmstudio" / "models" / "a" / "b"
    theirs.mkdir(parents=True)
    (theirs / "other.gguf").write_bytes(offered.read_bytes()[:-1] + b"\x01")
    words = ("pull", f"{hubs.REPO}:Q8_0", "--json")
    first = json.loads(hubs.here(*words))
    assert Path(first["path"]).is_relative_to(_cache(tmp_path))
    shutil.rmtree(_cache(tmp_path))
    (theirs / "same.gguf").write_bytes(offered.read_bytes())
    served = hub.served_bytes()
    again = json.loads(hubs.here(*words))
    assert (str(theirs / "same.gguf"), served) == (again["path"], hub.served_bytes())
    hubs.here(*words[:2])
    assert "is on this disk already, as a/b/same (LM Studio)." in capsys.readouterr().err


@hubs.needs_terminal
def test_run_asks_before_it_downloads(hub: FakeHub) -> None:
    """On a terminal: with the size; no is no, and the exit code says that nothing came of it."""
    words = ("run", f"{hubs.REPO}:Q4_K_M", "Hi")
    question = "Download 192 KiB? [Y/n]"
    script, variables = {"answers": ["Hello."]}, hubs.online(hub)
    refused = hubs.on_terminal(*words, typed="n\n", after=question, variables=variables)
    assert (130, "") == (refused.code, refused.out)
    assert "Nothing was downloaded." in refused.terminal
    agreed = hubs.on_terminal(
        *words, typed="\n", after=question, variables=variables, script=script
    )
    assert (0, "Hello.\n") == (agreed.code, agreed.out)


def test_without_a_terminal_run_downloads_only_when_told(hub: FakeHub) -> None:
    """One sentence says what to type, and nothing is asked of the Hub."""
    done = command.run("run", f"{hubs.REPO}:Q4_K_M", "Hi", script={}, variables=hubs.online(hub))
    assert (3, "") == (done.code, done.out)
    assert f"{hubs.REPO}:Q4_K_M is not on this disk." in done.err
    assert f"localchat pull {hubs.REPO}:Q4_K_M (or say --yes)" in done.err
    screens = command.run("-m", f"{hubs.REPO}:Q4_K_M", script={}, variables=hubs.online(hub))
    assert (3, "") == (screens.code, screens.out)
    assert [] == hub.requests()


@pytest.mark.parametrize(
    ("model", "code", "message"),
    [
        (f"{hubs.REPO}:Q9", 3, f"{hubs.REPO} has no Q9.\nIt has "),
        ("maker/none", 3, 'There is no repository "maker/none" on the Hub'),
        ("maker/empty", 3, "maker/empty has no GGUF files"),
        ("maker/gated:Q4_K_M", 9, "maker/gated is gated"),
        ("maker/odd:Q4_K_M", 8, 'does not know the architecture "frobnicate"'),
        ("maker/huge:Q4_K_M", 4, "more than this machine can give it"),
        ("mistrl-7b", 3, "Did you mean mistral-7b"),
    ],
)
def test_refusals_come_before_a_byte_of_weights(
    tmp_path: Path,
    hub: FakeHub,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    code: int,
    message: str,
) -> None:
    """Each with its own sentence and exit code, and nothing in the cache."""
    odd = files.write(
        tmp_path / "odd-Q4_K_M.gguf", metadata=[files.text("general.architecture", "frobnicate")]
    )
    sound = files.write(tmp_path / "sound-Q4_K_M.gguf")
    hub.add(
        FakeRepo("maker/empty", (FakeFile("README.md", b"hello", is_lfs=False),)),
        FakeRepo("maker/gated", (FakeFile(sound.name, sound),), is_gated=True),
        FakeRepo("maker/odd", (FakeFile(odd.name, odd),)),
        FakeRepo("maker/huge", (_huge(tmp_path),)),
    )
    _ask(hub, monkeypatch)
    with pytest.raises(errors.LocalchatError) as caught:
        hubs.here("pull", model)
    assert code == caught.value.exit_code
    assert message in f"{caught.value.message}\n{caught.value.hint}"
    assert not list(_cache(tmp_path).rglob("*.gguf"))


def _huge(folder: Path) -> FakeFile:
    """A model of far more memory than any machine has, in a file that takes no room."""
    size = Size(layers=200, width=32768, heads=128, kv_heads=8, feed_forward=131_072)
    path = architectures.write_sparse(folder / "huge-Q4_K_M.gguf", "llama", size, "Q4_K")
    # Nobody reads that much to hash it.
    return FakeFile(path.name, path, stated_sha256="a" * 64)


def test_a_network_that_is_down_is_said_so() -> None:
    """With the exit code of the network."""
    variables = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}
    done = command.run("pull", "maker/tiny-GGUF:Q4_K_M", variables=variables)
    assert (5, "") == (done.code, done.out)
    assert "takes no connection" in done.err


@pytest.mark.parametrize(
    ("phase", "speed", "left", "note"),
    [
        (Phase.DOWNLOADING, 123_456_789.0, 4000.0, ""),
        (Phase.DOWNLOADING, 0.0, None, "Nothing has come for 5 s."),
        (Phase.FINISHING, 0.0, None, ""),
    ],
)
def test_progress_fits_a_narrow_terminal(
    phase: Phase, speed: float, left: float | None, note: str
) -> None:
    """What is done, the speed and the time left, in less than 80 columns."""
    progress = DownloadProgress(phase, 123_456_789_012, 987_654_321_098, speed, left, note)
    line = fetching.line(progress)
    assert len(line) < 80
    assert "12%" in line
    assert ("117.7 MiB/s" in line and "1 h 6 min left" in line) == bool(speed)
    assert json.dumps(line).isascii()
