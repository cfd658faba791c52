"""Personas as files: what ships, what the user writes, and what cannot be."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from localchat import errors
from localchat.chat import personas
from localchat.chat.personas import Persona
from localchat.chat.settings import ChatSettings
from localchat.engine import wire

_USUAL = ChatSettings(system="Be kind.", sampling=wire.Sampling(temperature=0.8, top_k=40))


def test_every_persona_that_ships_can_be_used(tmp_path: Path) -> None:
    """Each has a name, says what it is for, and changes how answers are made."""
    found, problems = personas.read(tmp_path / "none")
    assert () == problems
    assert 5 <= len(found)
    for each in found:
        assert each.about.endswith(".")
        assert each.name == personas.apply(each, _USUAL).persona
        assert _USUAL.system != personas.apply(each, _USUAL).system


def test_a_persona_sets_only_what_it_says() -> None:
    """The rest stays as the user has it everywhere."""
    chosen = personas.apply(Persona("A", values={"temp": 0.1, "predict": -1}), _USUAL)
    assert ("Be kind.", 0.1, 40, 0) == (
        chosen.system, chosen.sampling.temperature, chosen.sampling.top_k, chosen.max_tokens,
    )  # fmt: skip


def test_what_a_chat_has_otherwise_becomes_a_persona_and_back(tmp_path: Path) -> None:
    """Through a file; saving it again replaces that file."""
    chosen = ChatSettings(
        system='Say "hi"\nand \\ go', sampling=wire.Sampling(temperature=0.2, seed=7),
        stop=("END", "\n\n"), thinking="off", overflow="roll", thinking_budget_tokens=99,
    )  # fmt: skip
    made = personas.of_settings("Küche 厨房", chosen, ChatSettings(), "For recipes.")
    personas.save(tmp_path, made)
    saved = personas.save(tmp_path, made)
    assert [saved.file] == list(tmp_path.glob("*.toml"))
    found, problems = personas.read(tmp_path)
    assert () == problems
    back = personas.apply(personas.find("küche 厨房", found), ChatSettings())
    assert chosen == dataclasses.replace(back, persona="")


def test_ones_own_takes_the_place_of_one_that_ships(tmp_path: Path) -> None:
    """Under the same name, in whatever case; deleted, the other is back."""
    mine = personas.save(tmp_path, Persona("CODER", values={"system": "Rust only."}))
    found, _ = personas.read(tmp_path)
    assert "Rust only." == personas.find("coder", found).values["system"]
    personas.remove(mine)
    found, _ = personas.read(tmp_path)
    assert personas.find("coder", found).file is None


def test_a_file_with_a_mistake_is_told_and_hides_no_other(tmp_path: Path) -> None:
    """The sentence names the file and the key."""
    (tmp_path / "a.toml").write_text('name = "A"\ntemp = "hot"\n')
    (tmp_path / "b.toml").write_text('name = "B"\nwarmth = 3\n')
    (tmp_path / "c.toml").write_text("name =")
    (tmp_path / "d.toml").write_text("temp = 0.5\n")
    found, problems = personas.read(tmp_path)
    assert [True, True, True] == [
        name in problem and word in problem
        for (name, word), problem in zip(
            [("a.toml", "temp"), ("b.toml", "warmth"), ("c.toml", "TOML")], problems, strict=True
        )
    ]
    assert "d" in [each.name for each in found]


def test_what_ships_cannot_be_deleted(tmp_path: Path) -> None:
    """And the sentence says what to do in its place."""
    found, _ = personas.read(tmp_path)
    with pytest.raises(errors.SettingsError, match="ships with localchat"):
        personas.remove(personas.find("Coder", found))


def test_an_unknown_name_is_told_with_those_there_are(tmp_path: Path) -> None:
    """As a mistake of the command line."""
    found, _ = personas.read(tmp_path)
    with pytest.raises(errors.UsageError) as caught:
        personas.find("Pirate", found)
    assert "Concise" in caught.value.hint


@limits(max_examples=150)
@given(st.text(max_size=80), st.text(max_size=80))
def test_any_name_and_system_prompt_survive_the_file(
    tmp_path_factory: pytest.TempPathFactory, name: str, system: str
) -> None:
    """Nothing is written outside the folder, and a name without a letter is refused or kept."""
    folder = tmp_path_factory.mktemp("personas")
    try:
        saved = personas.save(folder, Persona(name, values={"system": system}))
    except errors.SettingsError:
        return
    assert saved.file is not None and saved.file.parent == folder
    found, problems = personas.read(folder)
    assert () == problems
    read = personas.find(saved.name, found)
    assert system.encode("utf-8", "replace") == str(read.values["system"]).encode("utf-8")
