"""`localchat run` with a scripted engine: streams, JSON, flags and settings."""

import json
from pathlib import Path

import pytest

from localchat.engine import wire
from tests.cli import command


def _generate(log: Path) -> wire.Generate:
    """The request that the engine got."""
    commands = [wire.decode_command(line) for line in log.read_text().splitlines()]
    (found,) = [each for each in commands if isinstance(each, wire.Generate)]
    return found


def _load(log: Path) -> wire.Load:
    commands = [wire.decode_command(line) for line in log.read_text().splitlines()]
    (found,) = [each for each in commands if isinstance(each, wire.Load)]
    return found


def test_stdout_carries_the_answer_alone(model: Path) -> None:
    """The answer ends with one line break; nothing else is on stdout, nothing at all on stderr."""
    done = command.run("run", str(model), "Hi", script={"answers": ["Hello there."]})
    assert done == command.Done(0, "Hello there.\n", "")


def test_an_answer_to_a_pipe_is_exact(model: Path) -> None:
    """What the model wrote reaches a pipe byte by byte, whatever it is."""
    text = "a\x1b[31mred\x07 \u202eabc é 😀\tx\n"
    done = command.run("run", str(model), "Hi", script={"answers": [text]})
    assert done.out == text


def test_json_is_one_object_with_every_field(model: Path) -> None:
    """The fields are those of the documentation, the settings those in effect."""
    script = {"answers": ["<think>hm</think>Fine."], "rate": 100}
    arguments = ("run", str(model), "Hi", "--json", "--temp", "0.5", "--seed", "7", "-n", "99")
    done = command.run(*arguments, script=script)
    assert (done.code, done.err) == (0, "")
    found = done.json
    assert list(found) == ["text", "reasoning", "finish_reason", "stats", "model", "settings"]
    assert found["text"] == "Fine."
    assert found["reasoning"] == "hm"
    assert found["finish_reason"] == "stop"
    assert found["model"] == "tiny"
    assert list(found["stats"]) == [
        "prompt_tokens",
        "cached_tokens",
        "prompt_seconds",
        "ttft_seconds",
        "tokens",
        "seconds",
        "tokens_per_second",
    ]
    assert found["stats"]["tokens"] == 6
    assert found["stats"]["tokens_per_second"] == 100
    expected = {
        "path": str(model),
        "temperature": 0.5,
        "top_k": 40,
        "min_p": 0.05,
        "seed": 1,
        "max_tokens": 99,
        "context_tokens": 4096,
        "kv_type_k": "f16",
    }
    assert {key: found["settings"][key] for key in expected} == expected


def test_stdin_stands_before_the_prompt(model: Path, tmp_path: Path) -> None:
    """Piped text, a blank line, then what was typed."""
    log = tmp_path / "log"
    script = {"log": str(log)}
    done = command.run("run", str(model), "Summarize", script=script, piped="one\ntwo\n")
    assert done.code == 0
    assert _generate(log).messages == (wire.Message("user", "one\ntwo\n\nSummarize"),)


@pytest.mark.parametrize("arguments", [("-p", "Hi"), ("Hi",)])
def test_the_prompt_may_be_an_option(
    arguments: tuple[str, ...], model: Path, tmp_path: Path
) -> None:
    """-p is the same as the second argument; the model may be an option too."""
    for named in ((str(model),), ("-m", str(model))):
        log = tmp_path / f"log{len(named)}"
        assert command.run("run", *named, *arguments, script={"log": str(log)}).code == 0
        assert _generate(log).messages == (wire.Message("user", "Hi"),)


def test_stdin_alone_is_the_prompt(model: Path, tmp_path: Path) -> None:
    """With one argument the prompt comes from stdin; bytes that are no UTF-8 are replaced."""
    log = tmp_path / "log"
    done = command.run("run", str(model), script={"log": str(log)}, piped=b"What\xff?\n")
    assert done.code == 0
    assert _generate(log).messages == (wire.Message("user", "What\ufffd?"),)


def test_every_flag_reaches_the_engine(model: Path, tmp_path: Path) -> None:
    """llama.cpp's spellings, also between the positional arguments."""
    log, template = tmp_path / "log", tmp_path / "chat.jinja"
    template.write_text("{{ messages }}")
    line = (
        f"run {model} -c 2048 -t 3 -ngl all -fa on -ctk q8_0 -ctv q4_0 --mlock --no-mmap Hi "
        "-n 5 --temp 0 --top-k 1 --top-p 0.5 --min-p 0.1 --repeat-penalty 1.1 "
        "--frequency-penalty 0.2 --presence-penalty -0.3 --seed 42 -sys Brief --stop A --stop B "
        f"--think off --chat-template-file {template} --verbose-prompt --offline --force"
    )
    assert command.run(*line.split(), script={"log": str(log)}).code == 0
    assert _load(log).params == wire.EngineParams(
        context_tokens=2048,
        threads=3,
        gpu_layers=-1,
        kv_type_k="q8_0",
        kv_type_v="q4_0",
        flash_attention="on",
        mmap=False,
        mlock=True,
        chat_template="{{ messages }}",
    )
    request = _generate(log)
    assert request.sampling == wire.Sampling(0.0, 1, 0.5, 0.1, 1.1, None, 0.2, -0.3, 42)
    assert request.max_tokens == 5
    assert request.stop == ("A", "B")
    assert request.template_variables == {"enable_thinking": False}
    assert request.verbose_prompt is True
    assert request.messages == (wire.Message("system", "Brief"), wire.Message("user", "Hi"))


def test_a_json_schema_is_given_as_such_or_as_a_file(model: Path, tmp_path: Path) -> None:
    """In llama.cpp's spelling; a file with and without @; a broken one starts no engine."""
    schema, file = '{"type": "integer"}', tmp_path / "schema.json"
    file.write_text(schema)
    for number, given in enumerate((schema, f"@{file}", str(file))):
        log = tmp_path / f"log{number}"
        done = command.run(
            "run", str(model), "Hi", "--json-schema", given, script={"log": str(log)}
        )
        assert done.code == 0
        assert _generate(log).json_schema == schema
    log = tmp_path / "none"
    assert command.run("run", str(model), "Hi", "-j", "{", script={"log": str(log)}).code == 2
    assert not log.exists()


@pytest.mark.parametrize(
    ("arguments", "variables", "budget"),
    [
        ("--think on --reasoning-budget 300", {"enable_thinking": True}, 300),
        ("--reasoning-budget 0", {"enable_thinking": False}, 0),
        ("--reasoning-budget -1", {}, 0),
        ("--think high", {"reasoning_effort": "high"}, 0),
    ],
)
def test_thinking_is_said_in_the_templates_words(
    arguments: str, variables: dict[str, object], budget: int, model: Path, tmp_path: Path
) -> None:
    """Whether, how hard and how long the model thinks."""
    log = tmp_path / "log"
    done = command.run("run", str(model), "Hi", *arguments.split(), script={"log": str(log)})
    assert done.code == 0
    request = _generate(log)
    assert request.template_variables == variables
    assert request.thinking_budget_tokens == budget


def test_settings_stand_in_for_flags(model: Path, tmp_path: Path, home: Path) -> None:
    """config.toml, then the environment, then the flag; threads are this machine's by default."""
    home.mkdir()
    (home / "config.toml").write_text("[chat]\ntemp = 0.1\ntop_k = 5\nmin_p = 0.2\n")
    log = tmp_path / "log"
    variables = {"LOCALCHAT_TOP_K": "6", "LOCALCHAT_MIN_P": "0.3", "LOCALCHAT_MODEL": str(model)}
    arguments = ("run", "--min-p", "0.4", "-p", "Hi")
    assert command.run(*arguments, script={"log": str(log)}, variables=variables).code == 0
    assert _generate(log).sampling == wire.Sampling(temperature=0.1, top_k=6, min_p=0.4)
    assert _load(log).params.threads >= 1


def test_reasoning_goes_to_stderr(model: Path) -> None:
    """Thinking is not part of the answer."""
    script = {"answers": ["<think>Let me see.</think>Yes."]}
    done = command.run("run", str(model), "Hi", script=script)
    assert done == command.Done(0, "Yes.\n", "Let me see.\n")


def test_statistics_are_shown_on_demand(model: Path) -> None:
    """Without a terminal the line of statistics comes with --stats only."""
    done = command.run("run", str(model), "Hi", "--stats", script={"answers": ["12345678"]})
    assert done.out == "12345678\n"
    assert done.err == "2 tokens, 1000 tokens/s, first token after 0.2 s, 64 prompt tokens\n"


def test_memory_that_was_not_locked_is_reported(model: Path) -> None:
    """--mlock says what really happened, the limit, and how to raise it."""
    done = command.run("run", str(model), "Hi", "--mlock", script={})
    assert done.err.startswith("Not locked in memory; the limit is 8.0 MiB. ")


def test_the_loads_notes_are_told(model: Path) -> None:
    """What the engine changed to make the model fit is on stderr."""
    done = command.run("run", str(model), "Hi", script={"memory_tokens": 2048})
    assert done.code == 0
    assert done.err.splitlines()[0].startswith("Note: Memory ran out: ")


def test_files_are_private(model: Path, home: Path) -> None:
    """Folders are for this user alone, and so are the engine's logs, whatever the umask was."""
    assert command.run("run", str(model), "Hi", script={}).code == 0
    made = [home, *home.rglob("*")]
    assert len(made) > 2
    assert [path for path in made if path.stat().st_mode & 0o077] == []


def test_the_exact_prompt_is_shown_on_stderr(model: Path) -> None:
    """--verbose-prompt writes text and tokens, and nothing of it to stdout."""
    script = {"answers": ["Yes."]}
    done = command.run("run", str(model), "Hi", "--verbose-prompt", script=script)
    assert done.out == "Yes.\n"
    assert done.err.startswith("--- prompt, 64 tokens ---\n")
    assert done.err.endswith("--- end of prompt ---\n")


def test_json_is_a_single_line_of_ascii(model: Path) -> None:
    """The object is safe to show on a terminal: no control characters, no bidi controls."""
    script = {"answers": ["\x1b]52;c;eA==\x07 \u202e é"]}
    done = command.run("run", str(model), "Hi", "--json", script=script)
    assert done.out.count("\n") == 1
    assert done.out.isascii()
    assert json.loads(done.out)["text"] == script["answers"][0]
