"""`localchat search`, and what `show` and `fit` say of a repository of the Hub."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from localchat import errors
from localchat.library import reference
from tests import architectures
from tests.cli import command, hubs
from tests.fake_hub import FakeFile, FakeHub, FakeRepo
from tests.model_parts import Size

_LONG = "somebody-with-a-name/a-model-whose-name-is-longer-than-the-column-GGUF"


@pytest.fixture(scope="module")
def weightless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two quantizations of a model of a real size, whose weights nobody will read."""
    folder = tmp_path_factory.mktemp("offered")
    size = Size(layers=28, width=1024, heads=16, kv_heads=8, head_dims=128, feed_forward=3072)
    for label, quant in (("Q8_0", "Q8_0"), ("Q4_K_M", "Q4_K")):
        architectures.write_sparse(folder / f"model-{label}.gguf", "qwen3", size, quant)
    return folder


@pytest.fixture
def hub(weightless: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A Hub with a few repositories, which this process may ask."""
    offered = (
        FakeFile(path.name, path, stated_sha256=str(number) * 64)
        for number, path in enumerate(sorted(weightless.iterdir()))
    )
    planned = FakeRepo("maker/qwen-GGUF", tuple(offered), downloads=3_200_000)
    small = FakeRepo(
        "maker/small-GGUF",
        downloads=812,
        likes=9,
        last_modified="2026-03-01T00:00:00.000Z",
        gguf={"total": 600_000_000, "architecture": "qwen3", "context_length": 40960},
    )
    large = FakeRepo(_LONG, downloads=20_400, is_gated=True, gguf={"total": 70_600_000_000})
    with FakeHub(planned, small, large) as found:
        for name, value in hubs.online(found).items():
            monkeypatch.setenv(name, value)
        yield found


def test_results_are_a_table_for_80_columns(hub: FakeHub) -> None:
    """Names are never cut, figures are short, gated repositories are marked."""
    done = command.run("search", "GGUF", variables=hubs.online(hub))
    assert (0, "") == (done.code, done.err)
    assert [] == [line for line in done.out.splitlines() if len(line) > 80]
    rows = [line.split() for line in done.out.splitlines()]
    assert ["maker/qwen-GGUF", "3.2M", "0", "2026-01-01"] == rows[1]
    assert [_LONG, "*"] == rows[2]
    assert ["70.6B", "20.4k", "0", "2026-01-01"] == rows[3]
    assert ["maker/small-GGUF", "0.6B", "812", "9", "2026-03-01"] == rows[4]
    assert "localchat fit maker/qwen-GGUF" in done.out


@pytest.mark.usefixtures("hub")
def test_json_is_a_list_of_repositories() -> None:
    """With every figure that the Hub gives."""
    found = json.loads(hubs.here("search", "small", "--json"))
    assert [
        {
            "repo": "maker/small-GGUF",
            "author": "maker",
            "downloads": 812,
            "likes": 9,
            "updated": "2026-03-01T00:00:00+00:00",
            "gated": False,
            "private": False,
            "parameters": 600_000_000,
            "architecture": "qwen3",
            "trained_context_tokens": 40960,
            "tags": ["gguf", "text-generation"],
        }
    ] == found


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    ("words", "repos"),
    [
        (("GGUF", "--sort", "date"), ["maker/small-GGUF", "maker/qwen-GGUF", _LONG]),
        (("GGUF", "--limit", "1"), ["maker/qwen-GGUF"]),
        (("GGUF", "--max-size", "8B"), ["maker/qwen-GGUF", "maker/small-GGUF"]),
        (("--author", "maker"), ["maker/qwen-GGUF", "maker/small-GGUF"]),
        (("nothing-like-it",), []),
    ],
)
def test_filters(words: tuple[str, ...], repos: list[str]) -> None:
    """The author, the size, the order and how many."""
    found = json.loads(hubs.here("search", *words, "--json"))
    assert sorted(repos) == sorted(each["repo"] for each in found)
    assert repos[:1] == [each["repo"] for each in found][:1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "There is nothing to look for."),
        (("x", "--max-size", "8"), '--max-size must be a number of weights as 8B, not "8"'),
        (("x", "--limit", "0"), "--limit must be a whole number"),
        (("x", "--sort", "size"), "--sort: invalid choice"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(words: tuple[str, ...], message: str) -> None:
    """Before the Hub is asked."""
    with pytest.raises(errors.UsageError) as caught:
        hubs.here("search", *words)
    assert message in caught.value.message


def test_a_repository_is_planned_exactly_from_its_headers(weightless: Path, hub: FakeHub) -> None:
    """`fit` has the very numbers of the file itself, for a few kilobytes; again for none."""
    machine = str(command.ROOT / "tests" / "machines" / "macbook-air-m2-16gb.toml")
    words = ("--machine", machine, "-c", "8192", "--json")
    found = json.loads(hubs.here("fit", "maker/qwen-GGUF", *words))["options"]
    assert ["Q8_0", "Q4_K_M"] == list(dict.fromkeys(each["quant"] for each in found))
    served, whole = hub.served_bytes(), (weightless / "model-Q4_K_M.gguf").stat().st_size
    assert 0 < served < whole / 100
    file = json.loads(hubs.here("fit", str(weightless / "model-Q4_K_M.gguf"), *words))["options"]
    of_quant = [each for each in found if each["quant"] == "Q4_K_M"]
    assert [each["memory"] for each in file] == [each["memory"] for each in of_quant]
    assert of_quant == json.loads(hubs.here("fit", "maker/qwen-GGUF:q4_k_m", *words))["options"]
    assert served == hub.served_bytes()


@pytest.mark.usefixtures("hub")
def test_show_tells_of_a_repository() -> None:
    """Its shape, its commit and its files, with exact sizes, and how to get it."""
    about = json.loads(hubs.here("show", "https://huggingface.co/maker/qwen-GGUF", "--json"))
    assert ("maker/qwen-GGUF", "qwen3", 8192) == (
        about["repo"], about["architecture"], about["trained_context_tokens"]
    )  # fmt: skip
    assert ["Q8_0", "Q4_K_M"] == [each["quant"] for each in about["files"]]
    assert about["commit"] and not about["gated"] and about["has_chat_template"]
    said = hubs.here("show", "maker/qwen-GGUF")
    assert "localchat pull maker/qwen-GGUF" in said
    assert [] == [line for line in said.splitlines() if len(line) > 80]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("user/repo", "user/repo"),
        ("user/repo:q4_k_m", "user/repo:q4_k_m"),
        ("hf.co/user/repo@Q4_K_M", "user/repo:Q4_K_M"),
        ("hf://user/repo", "user/repo"),
        ("https://huggingface.co/user/repo/", "user/repo"),
        ("https://huggingface.co/user/repo/blob/main/a/b-Q8_0.gguf", "user/repo:a/b-Q8_0.gguf"),
        ("mistral-7b@Q4_K_S", "bartowski/Mistral-7B-Instruct-v0.3-GGUF:Q4_K_S"),
        ("models/file.gguf", None),
        ("../user/repo", None),
        ("no-such-model", None),
        ("a b", None),
    ],
)
def test_what_means_a_repository(typed: str, name: str | None) -> None:
    """Every spelling that people paste; paths and other words are none."""
    found = reference.parse(typed)
    assert name == (found.name if found else None)
