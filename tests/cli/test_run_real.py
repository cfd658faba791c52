"""`localchat run` and `doctor` with llama.cpp itself, on the built-in model."""

import json
from pathlib import Path

import pytest

from localchat import paths
from tests import ggufs
from tests.cli import command
from tests.engine import json_schemas
from tests.models import files

_QUESTION = "What is Q4_K_S?"


@pytest.fixture(scope="module", autouse=True)
def guide() -> None:
    """These tests need the engine and the built-in model."""
    pytest.importorskip("llama_cpp")
    assert paths.guide_model().is_file()


def test_the_guide_answers() -> None:
    """The first command of the manual gives a sensible answer, and nothing else on stdout."""
    done = command.run("run", "guide", _QUESTION)
    assert done.code == 0
    assert "4" in done.out
    assert "bit" in done.out
    assert done.out.count("\n") == 1


def test_json_measures_the_answer() -> None:
    """The object carries what the engine measured, and the settings that were in effect."""
    done = command.run("run", "guide", _QUESTION, "--json", "--temp", "0", "-c", "1024", "-t", "1")
    found = json.loads(done.out)
    assert found["finish_reason"] == "stop"
    assert "bit" in found["text"]
    assert found["reasoning"] == ""
    stats = found["stats"]
    assert stats["prompt_tokens"] > 3
    assert stats["cached_tokens"] == 0
    assert stats["tokens"] > 5
    assert 0 < stats["prompt_seconds"] <= stats["ttft_seconds"] + 0.001
    rate = (stats["tokens"] - 1) / stats["seconds"]
    assert stats["tokens_per_second"] == pytest.approx(rate, rel=0.01)
    settings = found["settings"]
    assert settings["path"] == str(paths.guide_model())
    assert (settings["context_tokens"], settings["threads"]) == (1024, 1)
    assert settings["temperature"] == 0.0
    assert isinstance(found["model"], str)


def test_stdin_is_part_of_the_question() -> None:
    """`echo text | localchat run guide "Summarize"` answers."""
    done = command.run("run", "guide", "Summarize", piped="text\n")
    assert done.code == 0
    assert done.out.strip()


def test_the_same_question_gives_the_same_answer_at_temperature_0() -> None:
    """Greedy answers do not change from run to run."""
    answers = {command.run("run", "guide", "hello", "--temp", "0").out for _ in range(2)}
    assert len(answers) == 1


def test_a_limit_of_tokens_ends_the_answer() -> None:
    """-n counts tokens, and the end is told as one by length."""
    found = json.loads(command.run("run", "guide", _QUESTION, "-n", "3", "--json").out)
    assert (found["finish_reason"], found["stats"]["tokens"]) == ("length", 3)


def test_a_stop_string_is_left_out() -> None:
    """The answer ends before it."""
    found = json.loads(command.run("run", "guide", _QUESTION, "--stop", "bit", "--json").out)
    assert found["finish_reason"] == "stop"
    assert "bit" not in found["text"]


def test_the_exact_prompt_is_shown() -> None:
    """--verbose-prompt shows the template's markers and the tokens' numbers on stderr."""
    done = command.run("run", "guide", "Hi", "--verbose-prompt")
    # The Guide's template gives it questions in lower case.
    assert "<|im_start|>user\nhi<|im_end|>" in done.err
    assert "--- tokens ---" in done.err
    assert "--- end of prompt ---" in done.err


def test_another_template_is_used(tmp_path: Path) -> None:
    """--chat-template-file replaces the model's own; one that cannot be parsed has a sentence."""
    template = tmp_path / "mine.jinja"
    template.write_text("{% for m in messages %}Q: {{ m.content }}\nA:{% endfor %}")
    arguments = ("run", "guide", "Hi", "--chat-template-file", str(template), "-n", "4")
    done = command.run(*arguments, "--verbose-prompt")
    assert done.code == 0
    assert "Q: Hi\nA:" in done.err
    template.write_text("{% if %}")
    broken = command.run(*arguments)
    assert (broken.code, broken.out) == (8, "")
    assert len(broken.err.splitlines()) <= 2


def test_bad_model_files_end_with_their_codes(tmp_path: Path) -> None:
    """Missing, text, truncated, unknown architecture: one sentence each, stdout empty."""
    text = tmp_path / "text.gguf"
    text.write_text("not a model")
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(paths.guide_model().read_bytes()[:1_000_000])
    metadata = (files.text("general.architecture", "warp9"), files.text("general.name", "Warp"))
    unknown = files.write(tmp_path / "unknown.gguf", metadata=metadata)
    expected = {
        tmp_path / "missing.gguf": (3, "missing.gguf"),
        text: (8, "is not a GGUF file"),
        cut: (8, "is truncated: it should have"),
        unknown: (8, "warp9"),
    }
    for path, (code, words) in expected.items():
        done = command.run("run", str(path), "Hi")
        assert (done.code, done.out) == (code, ""), done.err
        assert words in done.err
        assert done.err.startswith("localchat: ")
        assert len(done.err.splitlines()) <= 2


def test_a_prompt_longer_than_the_context_has_its_own_code() -> None:
    """Code 7, with the numbers."""
    done = command.run("run", "guide", "Sum up", "-c", "256", piped="many words " * 500)
    assert (done.code, done.out) == (7, "")
    assert "256" in done.err


def test_doctor_passes_with_the_real_engine() -> None:
    """On a machine where the tests run, nothing fails, and the self-test has measured a rate."""
    done = command.run("doctor", "--json", seconds=120)
    assert done.code == 0, done.out
    found = json.loads(done.out)
    assert found["engine"]["engine"].startswith("llama-cpp-python ")
    assert found["devices"]
    (check,) = [each for each in found["checks"] if each["id"] == "self-test"]
    assert check["status"] == "ok"
    assert "tokens/s" in check["message"]


@pytest.mark.parametrize(
    ("name", "limit"), [("a record", "1"), ("a tree", "12"), ("anything", "150")]
)
@pytest.mark.parametrize("model", ["guide", "noise"])
def test_json_of_a_schema_is_what_stdout_gets(
    model: str, name: str, limit: str, tmp_path: Path
) -> None:
    """The Guide and a model of random weights alike, wherever the limit falls."""
    file = "guide" if model == "guide" else str(ggufs.write(tmp_path / "noise.gguf"))
    schema = json_schemas.SCHEMAS[name]
    options = ("--json-schema", json.dumps(schema), "-n", limit, "--temp", "1", "--seed", limit)
    done = command.run("run", file, "Who are you?", *options)
    assert done.code == 0
    json_schemas.check(done.out, schema)
