"""`localchat show`: what is known of a model."""

import contextlib
import io
from pathlib import Path

from localchat import paths
from localchat.cli import arguments, show
from localchat.models import catalogue
from tests.cli import command
from tests.models import files


def test_a_model_of_the_catalogue() -> None:
    """Its shape, its license, its files with what they lose, and the sources of all that."""
    found = command.run("show", "mistral-7b", "--json", script={}).json
    known = catalogue.find("mistral-7b")
    assert known is not None
    assert ("mistral-7b", "llama", 32768) == (
        found["id"], found["architecture"], found["trained_context_tokens"]
    )  # fmt: skip
    assert (128 * 1024, known.license) == (found["kv_bytes_per_token"], found["license"])
    assert list(known.sources) == found["sources"]
    by_quant = {each["quant"]: each for each in found["files"]}
    assert 4_370_000_000 == by_quant["Q4_K_M"]["file_bytes"]
    low, high = (by_quant["Q4_K_M"][f"quality_loss_percent_{end}"] for end in ("low", "high"))
    assert 0 < low < by_quant["Q4_K_M"]["quality_loss_percent"] < high
    assert by_quant["Q2_K"]["floor_reason"]


def test_the_text_is_for_people() -> None:
    """At most 80 columns, no escape codes, every file on a line."""
    done = command.run("show", "gemma-3-4b", script={})
    assert (0, "") == (done.code, done.err)
    assert "\x1b" not in done.out
    assert [] == [line for line in done.out.splitlines() if len(line) > 80]
    for part in ("Gemma 3 4B it", "license", "20 KiB of KV cache a token", "1,024", "Q4_K_M"):
        assert part in done.out, part


def test_a_local_file() -> None:
    """What its header says, and whether it has a chat template."""
    found = command.run("show", "guide", "--json", script={}).json
    assert ("guide", True, True) == (found["id"], found["has_chat_template"], found["is_whole"])
    assert paths.guide_model().stat().st_size == found["files"][0]["file_bytes"]
    assert ["the file's header"] == found["sources"]


def test_a_header_alone_says_that_it_is_one(tmp_path: Path) -> None:
    """The weights are not here."""
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(paths.guide_model().read_bytes()[:200_000])
    done = command.run("show", str(cut), script={})
    assert "only its header is here" in done.out


def test_untrusted_text_is_made_safe(tmp_path: Path) -> None:
    """A name in a file cannot command the terminal."""
    metadata = [entry for entry in files.LLAMA if b"general.name" not in entry] + [
        files.text("general.name", "\x1b]52;c;x\x07evil")
    ]
    odd = files.write(tmp_path / "odd.gguf", metadata=metadata)
    air = str(command.ROOT / "tests" / "machines" / "macbook-air-m2-16gb.toml")
    for words in (("show", str(odd)), ("fit", str(odd), "--machine", air)):
        done = command.run(*words, script={})
        assert 0 == done.code, done.err
        assert "evil" in done.out
        assert "\x1b" not in done.out and "\x07" not in done.out


def test_every_model_of_the_catalogue_can_be_shown() -> None:
    """Hybrids, mixtures and latent attention too."""
    for model in catalogue.catalogue():
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            assert 0 == show.run(arguments.parse(["show", model.id]))
        assert "weights" in out.getvalue()
        assert [] == [line for line in out.getvalue().splitlines() if len(line) > 80]


def test_an_unknown_model_has_near_names() -> None:
    """And the exit code of models that are not found."""
    done = command.run("show", "mistrl-7b", script={})
    assert 3 == done.code
    assert "Did you mean mistral-7b" in done.err
