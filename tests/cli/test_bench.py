"""`localchat bench`: what was measured beside what was predicted."""

import json
import signal
import time
from pathlib import Path

import pytest

from localchat.cli import bench_report
from localchat.cli.bench_report import Round, Run
from localchat.engine import wire
from localchat.fit import candidates, memory, speed
from localchat.fit.params import EngineParams
from localchat.machine import detect
from localchat.models import gguf
from tests import ggufs
from tests.cli import command
from tests.fake_worker import LOADED

_QUICK = ("-n", "24", "-p", "48", "-r", "2", "-c", "512", "-t", "1")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model with random weights."""
    return ggufs.write(tmp_path_factory.mktemp("models") / "small.gguf")


def test_a_run_tells_rates_and_memory_beside_their_predictions(file: Path, home: Path) -> None:
    """The JSON is a list of runs, and the measurements make the next prediction a measured one."""
    first = command.run("bench", str(file), "--json", *_QUICK)
    second = command.run("bench", str(file), "--json", *_QUICK)

    assert (0, 0) == (first.code, second.code), first.err
    (run,) = first.json
    assert ("small.gguf", 2, 1, 0) == (
        Path(run["path"]).name, run["rounds"], run["threads"], run["gpu_layers"],
    )  # fmt: skip
    assert run["tokens_per_second_least"] <= run["tokens_per_second"]
    assert run["tokens_per_second"] <= run["tokens_per_second_most"]
    assert run["prompt_tokens_per_second"] > 0 and run["ttft_seconds"] > 0
    assert 38 <= run["prompt_tokens"] <= 58
    taken = run["memory"]
    assert taken["real_bytes"] == pytest.approx(taken["predicted_bytes"], rel=0.02)
    assert taken["peak_bytes"] > taken["real_bytes"]
    assert "estimate" == run["predicted_speed"]["basis"]
    assert "measured here" == second.json[0]["predicted_speed"]["basis"]
    assert (home / "state" / "measurements.json").is_file()


def test_people_get_lines_and_pipes_get_no_control_characters(file: Path) -> None:
    """Each figure stands beside its prediction."""
    done = command.run("bench", str(file), *_QUICK)
    assert 0 == done.code
    assert ["memory", "prompt", "answer", "first token"] == [
        line.strip().split("  ")[0] for line in done.out.splitlines()[1:]
    ]
    assert 3 == done.out.count("predicted") - done.out.count(", predicted")
    assert "\x1b" not in done.out + done.err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("bench", "-r", "0"), 2, "must be a whole number"),
        (("bench", "-n", "many"), 2, "must be a whole number"),
        (("bench", "no-such-model"), 3, "There is no model"),
        (("bench", "--probe", "no-such-model"), 3, "There is no model"),
    ],
)
def test_what_cannot_be_is_a_sentence(words: tuple[str, ...], code: int, told: str) -> None:
    """Wrong numbers and unknown models end before an engine is started."""
    done = command.run(*words, script={})
    assert (code, "") == (done.code, done.out)
    assert told in done.err


def test_ctrl_c_keeps_what_was_measured(file: Path, tmp_path: Path) -> None:
    """The rounds so far are printed as complete JSON, and the exit code says interrupted."""
    log = tmp_path / "commands"
    script = {"answers": ["word " * 30], "rate": 200, "log": str(log)}
    process = command.start("bench", str(file), "--json", "-r", "1000", script=script)
    deadline = time.monotonic() + command.PATIENCE_SECONDS
    while not log.exists() or log.read_text().count('"generate"') < 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=command.PATIENCE_SECONDS)
    assert 130 == process.returncode
    (run,) = json.loads(out)
    assert 0 < run["rounds"] < 1000
    assert run["tokens_per_second"] > 0


@pytest.mark.slow
def test_the_machine_is_measured_without_a_model(home: Path) -> None:
    """`--probe` teaches the speed of every model in the format that most downloads have."""
    done = command.run("bench", "--probe", "--json", "-t", "1", seconds=120)
    assert 0 == done.code, done.err
    assert 2 == len(done.json)
    assert all(row["bytes_per_second"] > 0 and row["format"] == "Q4_K" for row in done.json)
    assert 2 == len(json.loads((home / "state" / "measurements.json").read_text())["measurements"])


@pytest.mark.slow
def test_the_speed_of_a_file_is_probed(file: Path) -> None:
    """`--probe FILE` measures copies of it, and the next bench stands on that."""
    probed = command.run("bench", "--probe", str(file), "--json", "-t", "1", seconds=120)
    ran = command.run("bench", str(file), "--json", *_QUICK)
    assert ["small.gguf"] == [row["model"].split(":")[0] for row in probed.json]
    assert "probed" == ran.json[0]["predicted_speed"]["basis"]


def run_of(file: Path, rounds: tuple[Round, ...]) -> Run:
    """A run with these rounds."""
    header = gguf.read_header(file)
    candidate = candidates.from_header(header, file.stat().st_size, model="small", path=file)
    params, hardware = EngineParams(), detect.detect()
    footprint = memory.footprint(candidate, params, hardware)
    said = speed.estimate(candidate, footprint, params, hardware)
    return Run(file, candidate, LOADED, "build", footprint, said, rounds)


def test_medians_count(file: Path) -> None:
    """One slow round does not move the figures, and stays visible in the range."""
    rounds = [wire.Stats(40, 0, 0.2, 0.3, 11, seconds) for seconds in (1.0, 1.1, 9.0)]
    found = bench_report.as_json(run_of(file, tuple(map(Round.of, rounds))), 0.5)
    assert 9.091 == found["tokens_per_second"]
    assert 10 / 9 == pytest.approx(found["tokens_per_second_least"])
    assert 200 == found["prompt_tokens_per_second"]
    assert 0.5 == found["busy_share"]


def test_answers_without_a_rate_are_told_as_unknown(file: Path) -> None:
    """A model that stops after one token has no rate: null, and a dash for people."""
    run = run_of(file, (Round.of(wire.Stats(40, 0, 0.2, 0.3, 1, 0.0)),))
    assert None is bench_report.as_json(run, 0.0)["tokens_per_second"]
    assert "answer       - tokens/s" in bench_report.as_text(run)
