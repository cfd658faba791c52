"""Which model answered: its file's hash, found by name or made once."""

import asyncio
import hashlib
import shutil
from pathlib import Path

from localchat import paths
from localchat.chat import marks as marks_
from localchat.chat.marks import Marks
from localchat.chat.messages import ModelMark


async def test_hash_is_made_once_and_remembered(tmp_path: Path, home: Path) -> None:
    """A small model is hashed at first sight; another program reads that from the file."""
    model = _model(tmp_path)
    expected = ModelMark("Model", "Q8_0", hashlib.sha256(model.read_bytes()).hexdigest(), "m.gguf")
    remembered = home / "hashes.json"
    assert expected == await Marks(remembered).mark(model, "Model")
    before = remembered.stat().st_mtime_ns
    assert expected == await Marks(remembered).mark(model, "Model")
    assert before == remembered.stat().st_mtime_ns


async def test_changed_file_has_another_hash(tmp_path: Path) -> None:
    """What was remembered is true only of the file as it was."""
    model = _model(tmp_path)
    marks = Marks(None)
    first = await marks.mark(model, "Model")
    model.write_bytes(model.read_bytes() + b"more")
    second = await marks.mark(model, "Model")
    assert first.sha256 != second.sha256 == hashlib.sha256(model.read_bytes()).hexdigest()


async def test_file_named_by_its_hash_is_not_read(tmp_path: Path) -> None:
    """The name of a blob in the Hub's cache is the hash."""
    blob = tmp_path / ("ab" * 32)
    blob.write_bytes(b"not a model")
    link = tmp_path / "m.gguf"
    link.symlink_to(blob)
    assert ModelMark("Model", "", "ab" * 32, "m.gguf") == await Marks(None).mark(link, "Model")


async def test_file_that_is_gone_has_a_name(tmp_path: Path) -> None:
    """An answer is never held up for its mark."""
    mark = await Marks(None).mark(tmp_path / "gone.gguf", "Model")
    assert ModelMark("Model", file_name="gone.gguf") == mark


async def test_large_file_is_hashed_when_nobody_is_answered(tmp_path: Path, home: Path) -> None:
    """Its first answers have no hash; the work waits while an answer comes."""
    model = tmp_path / "large.gguf"
    with model.open("wb") as handle:
        handle.truncate(marks_.SMALL_BYTES + 1)
    marks = Marks(home / "hashes.json")
    marks.pause()
    assert "" == (await marks.mark(model, "Model")).sha256
    marks.go_on()
    expected = hashlib.sha256(model.read_bytes()).hexdigest()
    async with asyncio.timeout(20):
        while expected != (await marks.mark(model, "Model")).sha256:
            await asyncio.sleep(0.05)
    marks.close()


def _model(folder: Path) -> Path:
    return Path(shutil.copy(paths.guide_model(), folder / "m.gguf"))
