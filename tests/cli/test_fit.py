"""`localchat fit`: what it prints, and what it refuses."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from localchat import errors, paths
from localchat.cli import arguments, fit, sizes
from tests.cli import command
from tests.models import files

_AIR = str(command.ROOT / "tests" / "machines" / "macbook-air-m2-16gb.toml")
_DOLPHIN = "dolphin-2.6-mistral-7b-dpo"
_GIB = 2**30


def _printed(*words: str) -> str:
    """What the command prints, without a process of its own."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert 0 == fit.run(arguments.parse(["fit", *words]))
    return out.getvalue()


def _fit(*words: str) -> Any:
    return json.loads(_printed(*words, "--machine", _AIR, "--json"))


def _picked(found: Any, name: str) -> list[tuple[str, int, str]]:
    return [
        (each["quant"], each["context_tokens"], each["kv_type"])
        for each in found["options"]
        if name in each["picks"]
    ]


@pytest.mark.parametrize("more", [(), ("--budget", "7GiB")])
def test_the_model_case(more: tuple[str, ...]) -> None:
    """A 7B Mistral on a 16 GB M2, as it stands and with 7 GiB to use."""
    found = _fit(_DOLPHIN, *more)
    assert [("Q4_K_S", 16384, "f16")] == _picked(found, "longest context")
    assert [("Q6_K", 8192, "f16")] == _picked(found, "best quality")
    assert {("Q6_K", 16384, "q8_0"), ("Q4_K_S", 32768, "q8_0")} <= set(_picked(found, "q8_0 KV"))
    by_pick = {each["picks"][0]: each for each in found["options"] if each["picks"]}
    longest, best = by_pick["longest context"], by_pick["best quality"]
    assert 6.0 == pytest.approx(longest["memory"]["total_bytes"] / _GIB, rel=0.02)
    assert 6.7 == pytest.approx(best["memory"]["total_bytes"] / _GIB, rel=0.02)
    speed = longest["speed"]
    assert speed["tokens_per_second_low"] <= 20 <= speed["tokens_per_second_high"]


def test_json_has_the_documented_fields() -> None:
    """Machine, budget, and options with everything that a choice is made of."""
    found = _fit(_DOLPHIN, "--budget", "7GiB")
    assert ["machine", "budget_bytes", "options"] == list(found)
    assert ("MacBook Air M2, 16 GB", 7 * _GIB) == (found["machine"]["name"], found["budget_bytes"])
    option = found["options"][0]
    assert [
        "model", "quant", "context_tokens", "kv_type", "gpu_layers", "memory",
        "quality_loss_percent", "speed", "fits", "max_context_tokens", "picks", "reason",
    ] == list(option)  # fmt: skip
    assert [
        "weights_bytes", "kv_bytes", "compute_bytes", "total_bytes", "runtime_bytes", "by_device",
        "basis",
    ] == list(option["memory"])  # fmt: skip
    assert ["tokens_per_second_low", "tokens_per_second_high", "basis"] == list(option["speed"])
    for each in found["options"]:
        memory = each["memory"]
        parts = memory["weights_bytes"] + memory["kv_bytes"] + memory["compute_bytes"]
        assert parts == memory["total_bytes"] == sum(memory["by_device"].values())
        assert (each["fits"] == "now") == (memory["total_bytes"] <= 7 * _GIB)


def test_one_context_gives_it_to_every_quantization_and_cache() -> None:
    """Fitting or not, those that another dominates too."""
    found = _fit(_DOLPHIN, "-c", "16384")
    assert 12 * 2 == len(found["options"])
    assert {16384} == {each["context_tokens"] for each in found["options"]}
    assert {"now", "if you close apps"} <= {each["fits"] for each in found["options"]}


def test_cache_types_and_layers_are_obeyed() -> None:
    """-ctk and -ctv name the only cache, -ngl the layers."""
    found = _fit("mistral-7b:Q4_K_M", "-ctk", "q8_0", "-ctv", "q8_0", "-ngl", "10", "-c", "4096")
    assert [("Q4_K_M", 4096, "q8_0", 10)] == [
        (each["quant"], each["context_tokens"], each["kv_type"], each["gpu_layers"])
        for each in found["options"]
    ]


@pytest.mark.parametrize(
    ("typed", "model", "quant"),
    [
        ("mistral-7b", "mistral-7b", None),
        ("Mistral 7B Instruct v0.3", "mistral-7b", None),
        ("bartowski/Mistral-7B-Instruct-v0.3-GGUF", "mistral-7b", None),
        ("hf.co/bartowski/Mistral-7B-Instruct-v0.3-GGUF:Q5_K_M", "mistral-7b", "Q5_K_M"),
        ("dolphin-mistral@q4_k_s", _DOLPHIN, "Q4_K_S"),
    ],
)
def test_names_that_mean_a_model(typed: str, model: str, quant: str | None) -> None:
    """Ids, aliases, titles and repositories, with a quantization behind a colon or an at sign."""
    found = _fit(typed, "-c", "8192")["options"]
    assert {model} == {each["model"] for each in found}
    if quant:
        assert {quant} == {each["quant"] for each in found}


def test_the_whole_catalogue_is_ranked() -> None:
    """Picks of every model, the first to take first; what cannot run is at the end."""
    found = _fit()
    fits = [each["fits"] for each in found["options"]]
    assert "now" == fits[0] and "no" == fits[-1]
    assert len({each["model"] for each in found["options"]}) > 60
    assert all(each["fits"] == "now" for each in found["options"] if each["picks"])
    # The built-in model is here, and no repository's.
    assert "guide" in {each["model"] for each in found["options"]}


def test_the_ranking_says_what_is_too_slow_and_what_has_no_room() -> None:
    """Below the table, with the reason why the first is first."""
    machines = command.ROOT / "tests" / "machines"
    said = " ".join(_printed("--machine", str(machines / "mini-pc-n100-16gb.toml")).split())
    for part in (
        " is first: Tier ",
        "Too slow to recommend: ",
        "With apps closed also: ",
        " models too large for this machine, from ",
    ):
        assert part in said, part
    slow = said.partition("Too slow to recommend: ")[2].partition(",")[0]
    assert slow not in said.partition("Too slow")[0]


def test_safer_levels_leave_more() -> None:
    """The budget falls with each level."""
    budgets = [
        _fit("guide", "--level", level)["budget_bytes"] for level in ("tight", "normal", "safe")
    ]
    assert sorted(budgets, reverse=True) == budgets and len(set(budgets)) == 3


def test_a_file_or_its_header_is_planned(tmp_path: Path) -> None:
    """A header alone is planned as the whole file that it declares."""
    guide = paths.guide_model()
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(guide.read_bytes()[:200_000])
    whole, header = (_fit(str(file))["options"][0] for file in (guide, cut))
    assert whole["memory"]["weights_bytes"] == header["memory"]["weights_bytes"]
    assert str(cut) == header["model"]


def test_text_is_aligned_and_plain() -> None:
    """For people: at most 80 columns, no escape codes without a terminal, picks marked."""
    for words in ((_DOLPHIN,), (), (_DOLPHIN, "-c", "8192"), ("llama-3.3-70b",)):
        said = _printed(*words, "--machine", _AIR)
        assert [] == [line for line in said.splitlines() if len(line) > 80]
        assert "\x1b" not in said
        assert "MacBook Air M2, 16 GB" in said and "7.22 GiB now" in said
    done = command.run("fit", _DOLPHIN, "--machine", _AIR, script={})
    assert (0, "") == (done.code, done.err)
    single = done.out
    rows = [line.split() for line in single.splitlines()]
    assert ["longest", "context", "Q4_K_S", "16k"] in [row[:4] for row in rows]
    assert "*6.0" in single and "Left out" in single and "estimate" in single


@pytest.mark.parametrize(
    ("words", "code", "message", "hint"),
    [
        (("mistrl-7b",), 3, 'There is no model "mistrl-7b".', "Did you mean mistral-7b"),
        (
            ("a/b",),
            6,
            "localchat is offline, and the Hugging Face Hub needs",
            "Leave out --offline",
        ),
        (("mistral-7b:Q9",), 3, "No Q9 of Mistral 7B Instruct v0.3 is known.", "Known are: Q8_0"),
        (("missing.gguf",), 3, 'There is no file "missing.gguf".', ""),
        (
            ("--budget", "7"),
            2,
            "--budget must be at least 1 MiB, with its unit",
            "See `localchat f",
        ),
        (("--budget", "many"), 2, "--budget must be a size such as 7GiB", "See `localchat fit --h"),
        (("--level", "lax"), 2, "--level", "See `localchat fit --help`."),
        (("--machine", "missing.toml"), 2, "missing.toml cannot be read", "Give --machine"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    words: tuple[str, ...], code: int, message: str, hint: str
) -> None:
    """And a second one that says what to do next."""
    with pytest.raises(errors.LocalchatError) as caught:
        fit.run(arguments.parse(["fit", *words]))
    assert code == caught.value.exit_code
    assert message in caught.value.message
    assert caught.value.hint.startswith(hint)


def test_a_file_that_is_no_chat_model_is_refused(tmp_path: Path) -> None:
    """With the exit code of bad models."""
    odd = tmp_path / "odd.gguf"
    odd.write_bytes(b"GGUX" + bytes(100))
    projector = files.write(
        tmp_path / "mmproj.gguf", metadata=[files.text("general.architecture", "clip")]
    )
    for file, message in ((odd, "is not a GGUF file"), (projector, "not a model to chat with")):
        with pytest.raises(errors.BadModel) as caught:
            fit.run(arguments.parse(["fit", str(file), "--machine", _AIR]))
        assert message in caught.value.message


def test_this_machine_is_planned_for_without_a_profile() -> None:
    """With the GPUs that the engine has: the scripted one has none."""
    done = command.run("fit", "qwen3-0.6b", "--json", script={})
    assert 0 == done.code
    assert {0} == {each["gpu_layers"] for each in json.loads(done.out)["options"]}


def test_without_an_engine_a_file_is_sized_by_formula(tmp_path: Path) -> None:
    """And a note says so."""
    worker = json.dumps([str(tmp_path / "no-such-program")])
    variables = {"LOCALCHAT_WORKER": worker}
    done = command.run("fit", "guide", variables=variables)
    assert 0 == done.code
    assert "Sizes are by formula" in done.out
    found = command.run("fit", "guide", "--json", variables=variables).json
    assert {"formula"} == {each["memory"]["basis"] for each in found["options"]}


def test_a_file_is_sized_by_the_real_engine() -> None:
    """llama.cpp's dry run says what the built-in model takes here."""
    found = command.run("fit", "guide", "--json").json
    assert {"dry run"} == {each["memory"]["basis"] for each in found["options"]}


@pytest.mark.parametrize(
    ("typed", "n_bytes"),
    [
        ("7GiB", 7 * _GIB),
        ("7 GB", 7_000_000_000),
        ("7000MB", 7_000_000_000),
        ("6.5g", int(6.5 * _GIB)),
        ("6,5 gib", int(6.5 * _GIB)),
        ("7516192768", 7 * _GIB),
    ],
)
def test_sizes_are_read_as_people_write_them(typed: str, n_bytes: int) -> None:
    """Decimal and binary units, with a blank or without."""
    assert n_bytes == sizes.parse(typed)


@pytest.mark.parametrize("typed", ["", "7", "GiB", "-7GiB", "7XB", "1e9GiB", "nan", "7 7GiB"])
def test_what_is_no_size_is_refused(typed: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=r"size such|at least|less than"):
        sizes.parse(typed)
