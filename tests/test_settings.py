"""Settings: what may be set, where, and what is said about anything else."""

import dataclasses
import math
from pathlib import Path

import pytest

from localchat import errors, settings
from localchat.settings import KINDS, TABLES, Settings


def _file(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_every_setting_has_a_kind_and_a_table() -> None:
    """The three lists of settings agree."""
    names = [field.name for field in dataclasses.fields(Settings) if field.name != "keys"]
    assert sorted(KINDS) == sorted(names)
    assert sorted(key for keys in TABLES.values() for key in keys) == sorted(names)


def test_nothing_set_is_nothing_known(tmp_path: Path) -> None:
    """A missing file and an empty environment leave everything open."""
    assert settings.read(tmp_path / "none.toml", {"PATH": "/bin"}) == Settings()


def test_reads_every_table(tmp_path: Path) -> None:
    """Values of each kind arrive; a whole number stands for a number."""
    file = _file(
        tmp_path,
        """
        [engine]
        ctx_size = 8192
        gpu_layers = "auto"
        cache_type_k = "q8_0"
        mmap = false
        [chat]
        system = "Be brief."
        temp = 1
        seed = -1
        [ui]
        theme = "nord"
        """,
    )
    assert settings.read(file, {}) == Settings(
        ctx_size=8192,
        gpu_layers=-1,
        cache_type_k="q8_0",
        mmap=False,
        system="Be brief.",
        temp=1.0,
        seed=-1,
        theme="nord",
    )


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    """The order is flag, environment, file."""
    file = _file(tmp_path, "[chat]\ntemp = 0.1\ntop_k = 1\nseed = 1\n")
    found = settings.read(file, {"LOCALCHAT_TEMP": "0.2", "LOCALCHAT_TOP_K": "2"})
    found = settings.overlay(found, {"temp": 0.3, "top_k": None})
    assert (found.temp, found.top_k, found.seed) == (0.3, 2, 1)


def test_reads_the_environment(tmp_path: Path) -> None:
    """Each kind can be written as a text; an empty variable is one that is not set."""
    environment = {
        "LOCALCHAT_MODEL": "guide",
        "LOCALCHAT_MLOCK": "Yes",
        "LOCALCHAT_MMAP": "0",
        "LOCALCHAT_GPU_LAYERS": "all",
        "LOCALCHAT_FLASH_ATTN": "off",
        "LOCALCHAT_PREDICT": "64",
        "LOCALCHAT_THEME": "",
        "LOCALCHAT_HOME": "/x",
    }
    assert settings.read(tmp_path / "none", environment) == Settings(
        model="guide", mlock=True, mmap=False, gpu_layers=-1, flash_attn="off", predict=64
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[engine]\nctx_size = 'big'",
            "engine.ctx_size must be a whole number from 0 to 16,777,216",
        ),
        ("[engine]\nctx_size = 4096.5", 'not "4096.5".'),
        ("[engine]\nctx_size = true", 'not "True".'),
        ("[engine]\nmlock = 1", 'engine.mlock must be true or false, not "1".'),
        ("[engine]\ngpu_layers = -2", "from -1 to 10,000, or auto, or all"),
        ("[engine]\nflash_attn = true", 'must be auto, on or off, not "True".'),
        ("[engine]\ncache_type_k = 'q9'", "must be f32, f16, bf16"),
        ("[chat]\ntemp = -0.1", 'chat.temp must be a number from 0 to 10, not "-0.1".'),
        ("[chat]\ntemp = nan", 'not "nan".'),
        ("[chat]\ntop_p = inf", 'not "inf".'),
        ("[chat]\ntop_p = 7", "from 0 to 1"),
        ("[chat]\nseed = 4294967296", "from -1 to 4,294,967,295"),
        ("[chat]\nsystem = ['a']", "chat.system must be a text"),
        ("[chat]\nctx_size = 1", 'there is no setting "chat.ctx_size".'),
        ("temp = 1", 'there is no setting "temp".'),
        ("[chats]\ntemp = 1", 'there is no setting "chats".'),
        ("[chat\n", "is not valid TOML"),
        ("[chat]\nsystem = '\x1b]52'", "is not valid TOML"),
    ],
)
def test_wrong_values_are_named(text: str, message: str, tmp_path: Path) -> None:
    """The error names the file, the key and what is allowed, in one line."""
    file = _file(tmp_path, text)
    with pytest.raises(errors.SettingsError) as caught:
        settings.read(file, {})
    assert message in caught.value.message
    assert str(file) in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.exit_code == 2


def test_unknown_keys_get_the_nearest_name(tmp_path: Path) -> None:
    """A slip of the pen is met with the right spelling, anything else with the list."""
    with pytest.raises(errors.SettingsError) as near:
        settings.read(_file(tmp_path, "[engine]\nctxsize = 1"), {})
    assert near.value.hint == "Did you mean ctx_size?"
    with pytest.raises(errors.SettingsError) as table:
        settings.read(_file(tmp_path, "[engin]\nthreads = 1"), {})
    assert table.value.hint == "Did you mean [engine]?"
    with pytest.raises(errors.SettingsError) as far:
        settings.read(_file(tmp_path, "[ui]\nxyzzy = 1"), {})
    assert far.value.hint == "There are theme, history, linear."


def test_reads_keys_with_and_without_quotes(tmp_path: Path) -> None:
    """`[keys]` takes one key or several for a command, whose id may stand in quotes or not."""
    file = _file(tmp_path, '[keys]\n"chat.stop" = "ctrl+x"\nchat.new = ["f5", "f6"]\n')
    found = settings.read(file, {})
    assert found.keys == {"chat.stop": ("ctrl+x",), "chat.new": ("f5", "f6")}


@pytest.mark.parametrize("value", ["1", "[]", "[1]", "true"])
def test_keys_must_be_texts(value: str, tmp_path: Path) -> None:
    """Anything but keys is refused, naming the command."""
    file = _file(tmp_path, f'[keys]\n"chat.stop" = {value}\n')
    with pytest.raises(errors.SettingsError, match=r'keys\.chat\.stop must be a key such as "ctrl'):
        settings.read(file, {})


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [("10 MB/s", 10_000_000), ("1.5MiB/s", 1_572_864), ("500k", 500_000), ("0", 0)],
)
def test_rates_are_written_with_their_unit(text: str, n_bytes: int) -> None:
    """A rate is read with decimal and binary units, with or without the second."""
    assert settings.Rate().parse(text) == n_bytes


@pytest.mark.parametrize("text", ["fast", "-1", "10 MB/min", "1e99", "9999999 GB/s", "10 ib"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    """Anything else says what a rate looks like."""
    with pytest.raises(ValueError, match="a rate such as 10 MB/s"):
        settings.Rate().parse(text)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """A file in another encoding is named, with no traceback."""
    file = tmp_path / "config.toml"
    file.write_bytes(b"[chat]\nsystem = '\xff'\n")
    with pytest.raises(errors.SettingsError, match="is not valid TOML"):
        settings.read(file, {})


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    """A file that cannot be read is an error of the settings."""
    with pytest.raises(errors.SettingsError, match="cannot be read"):
        settings.read(tmp_path, {})


@pytest.mark.parametrize(
    ("variable", "text", "allowed"),
    [
        ("LOCALCHAT_TEMP", "hot", "a number from 0 to 10"),
        ("LOCALCHAT_TEMP", "nan", "a number from 0 to 10"),
        ("LOCALCHAT_THREADS", "-1", "a whole number from 0 to 1,024"),
        ("LOCALCHAT_THREADS", "1.5", "a whole number from 0 to 1,024"),
        ("LOCALCHAT_MLOCK", "maybe", "true or false"),
        ("LOCALCHAT_CACHE_TYPE_V", "q3", "f32, f16"),
    ],
)
def test_wrong_variables_are_named(variable: str, text: str, allowed: str, tmp_path: Path) -> None:
    """The error names the variable and what is allowed."""
    with pytest.raises(errors.SettingsError) as caught:
        settings.read(tmp_path / "none", {variable: text})
    assert caught.value.message.startswith(f"{variable} must be {allowed}")
    assert caught.value.message.endswith(f'not "{text}".')


def test_ranges_include_their_ends() -> None:
    """The limits themselves are allowed."""
    assert settings.Number(0, 1).parse("1") == 1.0
    assert settings.Whole(-1, 5).parse("-1") == -1
    assert math.isclose(settings.Number(0.1, 10).check(0.1), 0.1)
