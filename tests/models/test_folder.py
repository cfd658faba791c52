"""Which models are found on the disk, and what a MODEL argument means."""

from pathlib import Path

import pytest

from localchat import errors
from localchat.models import folder
from tests.models import files


@pytest.fixture
def guide(tmp_path: Path) -> Path:
    """A stand-in for the built-in model."""
    metadata = (files.text("general.architecture", "llama"), files.text("general.name", "Guide"))
    return files.write(tmp_path / "assets" / "guide.gguf", metadata=metadata)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A models folder with all sorts in it."""
    root = tmp_path / "models"
    files.write(root / "beta-Q4_K_S.gguf")
    files.write(root / "publisher" / "repo" / "Alpha.GGUF")
    files.write(root / "a" / "b" / "c" / "deep.gguf")
    files.write(root / "a" / "b" / "c" / "d" / "too-deep.gguf")
    files.write(root / ".cache" / "hidden.gguf")
    files.write(root / "whole-00001-of-00002.gguf")
    files.write(root / "whole-00002-of-00002.gguf")
    files.write(root / "holes-00001-of-00003.gguf")
    files.write(root / "tail-00002-of-00003.gguf", metadata=(*files.LLAMA, *_split(1, 3)))
    (root / "notes.gguf").write_text("These are my notes.")
    (root / "readme.txt").write_text("no model")
    (root / "loop").symlink_to(root, target_is_directory=True)
    return root


def _split(number: int, count: int) -> tuple[bytes, bytes]:
    return files.number("split.no", number), files.number("split.count", count)


def test_finds_the_guide_first_then_each_model_once(models: Path, guide: Path) -> None:
    """Three folders deep, hidden and looping folders left out, split models listed once."""
    found = folder.find_models(models, guide)
    assert [model.path.name for model in found] == [
        "guide.gguf",
        "Alpha.GGUF",
        "beta-Q4_K_S.gguf",
        "deep.gguf",
        "holes-00001-of-00003.gguf",
        "notes.gguf",
        "tail-00002-of-00003.gguf",
        "whole-00001-of-00002.gguf",
    ]
    assert [model.is_guide for model in found] == [True] + [False] * 7


def test_says_what_is_wrong_with_a_file(models: Path, guide: Path) -> None:
    """Files that cannot be opened are listed with the reason, the others without one."""
    problems = {model.path.name: model.problem for model in folder.find_models(models, guide)}
    assert {name for name, problem in problems.items() if not problem} == {
        "guide.gguf",
        "Alpha.GGUF",
        "beta-Q4_K_S.gguf",
        "deep.gguf",
        "whole-00001-of-00002.gguf",
    }
    assert problems["notes.gguf"] == 'notes.gguf is not a GGUF file: it starts with "Thes".'
    assert problems["holes-00001-of-00003.gguf"].endswith(
        "of a model: parts 2 and 3 of 3 are missing."
    )
    assert "is part 2 of 3 of a model" in problems["tail-00002-of-00003.gguf"]


def test_describes_what_the_header_says(models: Path) -> None:
    """Name, quantization, size and context come from the header."""
    path = models / "beta-Q4_K_S.gguf"
    assert folder.describe(path) == folder.LocalModel(
        path=path,
        name="Tiny",
        size_bytes=path.stat().st_size,
        architecture="llama",
        quant="Q4_K_S",
        parameters=128 + 512,
        trained_context_tokens=4096,
    )


def test_a_split_model_has_the_size_of_all_parts(models: Path) -> None:
    """Sizes are summed; the parameters of parts not read are not guessed."""
    first = models / "whole-00001-of-00002.gguf"
    second = models / "whole-00002-of-00002.gguf"
    model = folder.describe(first)
    assert model.size_bytes == first.stat().st_size + second.stat().st_size
    assert model.parameters == 0


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path, guide: Path) -> None:
    """Only the Guide is listed."""
    assert [model.name for model in folder.find_models(tmp_path / "none", guide)] == ["Guide"]


def test_a_missing_guide_is_listed_with_its_problem(tmp_path: Path) -> None:
    """An installation without the built-in model says so and does not fail."""
    (model,) = folder.find_models(tmp_path / "none", tmp_path / "guide.gguf")
    assert model.problem.startswith("There is no file ")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("beta-Q4_K_S.gguf", "beta-Q4_K_S.gguf"),
        ("beta-q4_k_s", "beta-Q4_K_S.gguf"),
        ("alpha", "Alpha.GGUF"),
        ("whole", "whole-00001-of-00002.gguf"),
        ("guide", "guide.gguf"),
    ],
)
def test_resolves_names(text: str, name: str, models: Path, guide: Path) -> None:
    """A model may be named by its file, with or without the ending, in any case."""
    assert folder.resolve(text, models, guide).name == name


def test_resolves_a_path(models: Path, guide: Path) -> None:
    """A path to a file is that file, wherever it is."""
    path = models / "readme.txt"
    assert folder.resolve(str(path), models, guide) == path


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("beta-Q4_K_M", 'There is no model "beta-Q4_K_M".', "Did you mean beta-Q4_K_S?"),
        ("giude", 'There is no model "giude".', "Did you mean guide?"),
        ("/none/x.gguf", 'There is no file "/none/x.gguf".', "MODEL is guide, a path"),
        ("what\x1b[2J", 'There is no model "what␛[2J".', "MODEL is guide, a path"),
        ("a\0b", 'There is no model "a␀b".', "MODEL is guide, a path"),
        ("x" * 5000, 'There is no model "xxx', "MODEL is guide, a path"),
    ],
)
def test_a_name_that_is_not_there_gets_a_hint(
    text: str, message: str, hint: str, models: Path, guide: Path
) -> None:
    """The error names what was asked for, made safe to show, and what is near."""
    with pytest.raises(errors.ModelNotFound) as caught:
        folder.resolve(text, models, guide)
    assert caught.value.message.startswith(message)
    assert caught.value.hint.startswith(hint)
