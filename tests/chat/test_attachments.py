"""Files beside a message: what is read of them, and that what cannot be read is told."""

import asyncio
import os
import sys
from pathlib import Path

import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localchat import errors
from localchat.chat import attachments, decoding, draft_text, pdf
from localchat.chat.drafts import Draft
from localchat.chat.messages import Part
from tests.chat import pdfs
from tests.conftest import MakeEngine


async def _refusal(path: Path) -> str:
    """What is said of a file that cannot be attached."""
    with pytest.raises(errors.AttachmentError) as caught:
        await attachments.read(path)
    error = caught.value
    assert "\n" not in error.message + error.hint
    return f"{error.message} {error.hint}".strip()


async def test_text_is_read_whole(tmp_path: Path) -> None:
    """A text is there to the last letter, under its name within the working folder."""
    file = tmp_path / "src" / "größe.py"
    file.parent.mkdir()
    file.write_bytes("print('é')\r\n\tx = 1\n".encode())

    read = await attachments.read(file, tmp_path)

    assert read.note == ""
    assert read.part == Part("file", "print('é')\n\tx = 1\n", "src/größe.py", "text/x-python")


async def test_file_elsewhere_has_its_name_alone(tmp_path: Path) -> None:
    """The folders of a file outside the working folder are nobody's business."""
    file = tmp_path / "notes.txt"
    file.write_text("x")

    read = await attachments.read(file, tmp_path / "work")

    assert read.part.name == "notes.txt"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
async def test_usual_encodings_need_no_note(tmp_path: Path, encoding: str) -> None:
    """UTF-8, and UTF-16 and UTF-32 with their mark, are read without a guess."""
    file = tmp_path / "a.txt"
    file.write_bytes("Grüße, 世界, 🙂\n".encode(encoding))

    read = await attachments.read(file)

    assert (read.part.text, read.note) == ("Grüße, 世界, 🙂\n", "")


async def test_latin_1_is_a_guess_and_said_to_be(tmp_path: Path) -> None:
    """What is no UTF-8 is read as Latin-1, as Windows writes it, with a note."""
    file = tmp_path / "old.txt"
    file.write_bytes("caf\xe9 – “quoted” 5 €".encode("cp1252"))

    read = await attachments.read(file)

    assert (read.part.text, read.note) == ("café – “quoted” 5 €", "read as Latin-1")


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_refused(content: bytes) -> None:
    """Whatever the bytes, there is a text that can be stored and sent, or a ValueError."""
    try:
        text, _ = decoding.decode(content)
    except ValueError:
        return

    assert text.encode() is not None
    assert "\x00" not in text and "\r" not in text


@given(
    st.text(st.characters(exclude_categories=("Cc", "Cs"))).filter(
        lambda text: text[:1] != "\ufeff"
    )
)
def test_text_comes_back_as_it_was(text: str) -> None:
    """Every text without control characters survives UTF-8."""
    assert decoding.decode(text.encode()) == (text, "")


async def test_binary_files_are_refused(tmp_path: Path) -> None:
    """Pictures, programs and archives are refused in one sentence, whatever they are called."""
    for number, content in enumerate((b"\x89PNG\r\n\x1a\n\x00", b"\x7fELF\x02", bytes(range(32)))):
        file = tmp_path / f"{number}.txt"
        file.write_bytes(content * 9)

        assert await _refusal(file) == (
            f"{number}.txt is a binary file. Only text, code and PDF can be attached."
        )


async def test_zero_byte_after_the_beginning_is_found(tmp_path: Path) -> None:
    """A file that turns out to be binary later on is refused as well."""
    file = tmp_path / "late.txt"
    file.write_bytes(b"text " * 4000 + b"\x00")

    assert (await _refusal(file)).startswith("late.txt is a binary file.")


async def test_large_files_are_refused_with_both_sizes(tmp_path: Path) -> None:
    """What is too large is not cut: it is refused, with its size and the limit."""
    file = tmp_path / "big.log"
    file.write_bytes(b"line\n" * (attachments.MOST_TEXT_BYTES // 4))

    assert await _refusal(file) == (
        "big.log has 5.0 MiB, and at most 4.0 MiB can be attached. Attach a part of it."
    )


async def test_empty_missing_and_folders_are_told(tmp_path: Path) -> None:
    """Each of the simple mistakes has its own sentence."""
    (tmp_path / "empty.txt").write_text(" \n")

    assert await _refusal(tmp_path / "empty.txt") == "empty.txt is empty."
    assert await _refusal(tmp_path / "gone.txt") == (
        f"There is no file {tmp_path}/gone.txt. Type @ to look for it."
    )
    assert await _refusal(tmp_path) == f"{tmp_path.name} is a folder. Attach the files in it."


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions and pipes")
async def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe, which nobody may ever write to, is refused at once."""
    os.mkfifo(tmp_path / "pipe")

    said = await asyncio.wait_for(_refusal(tmp_path / "pipe"), 5)

    assert said == "pipe is not a file that can be read."


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
async def test_forbidden_file_is_told(tmp_path: Path) -> None:
    """A file of somebody else's says why it cannot be read."""
    file = tmp_path / "secret.txt"
    file.write_text("x")
    file.chmod(0)

    assert await _refusal(file) == "secret.txt cannot be read: Permission denied."


async def test_hostile_name_is_made_harmless(tmp_path: Path) -> None:
    """Control characters of a file's name reach neither the part nor the sentences."""
    file = tmp_path / "a\x1b]0;x\x07\n.txt"
    file.write_text("text")

    assert (await attachments.read(file)).part.name == "a␛]0;x␇ .txt"


async def test_pdf_has_its_pages(tmp_path: Path) -> None:
    """The text of each page stands under its number, and the pages are counted."""
    file = pdfs.write(tmp_path / "paper.pdf", ["First page", "", "Third page"])

    read = await attachments.read(file)

    assert read.part.text == "[page 1 of 3]\nFirst page\n\n[page 3 of 3]\nThird page"
    assert read.part.media_type == "application/pdf"
    assert read.note == "1 of 3 pages have no text"
    assert attachments.pages(read.part) == 3
    assert attachments.pages(Part("file", read.part.text, "a.txt", "text/plain")) == 0


async def test_scan_without_text_is_told(tmp_path: Path) -> None:
    """A PDF of pictures says that it has no text, and how many pages."""
    file = pdfs.write(tmp_path / "scan.pdf", ["", ""])

    assert await _refusal(file) == (
        "scan.pdf has 2 pages but no text. It may be a scan: only text can be read."
    )


async def test_locked_and_damaged_pdfs_are_told(tmp_path: Path) -> None:
    """A password and damage are told apart."""
    writer = pypdf.PdfWriter(clone_from=pdfs.write(tmp_path / "plain.pdf", ["Text"]))
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(tmp_path / "locked.pdf")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing of the kind")

    assert await _refusal(tmp_path / "locked.pdf") == (
        "locked.pdf is locked with a password. Save it without one, then attach that."
    )
    assert await _refusal(tmp_path / "broken.pdf") == (
        "broken.pdf is damaged, or a kind of PDF that cannot be read. Attach its text instead."
    )


async def test_pdf_that_takes_for_ever_is_given_up(tmp_path: Path) -> None:
    """A file that keeps its reader busy without end costs only the patience."""
    command = (sys.executable, "-c", "import time; time.sleep(60)")

    with pytest.raises(errors.AttachmentError, match="could not be read within 0 seconds"):
        await pdf.read(tmp_path / "slow.pdf", 0.2, command)


async def test_reader_of_pdfs_sees_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that reads a stranger's file is not given the user's tokens."""
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    code = "import json, os; print(json.dumps({'pages': [str('HF_TOKEN' in os.environ)]}))"

    assert await pdf.read(tmp_path / "a.pdf", 20, (sys.executable, "-c", code)) == ("False",)


@pytest.mark.parametrize(
    ("text", "is_large"),
    [("x" * 2000, False), ("x" * 2001, True), ("a\n" * 29 + "a", False), ("a\n" * 30 + "a", True)],
)
def test_large_pastes(text: str, is_large: bool) -> None:
    """More than 2,000 characters or more than 30 lines are large."""
    assert attachments.is_large(text) == is_large


def test_pasted_texts_are_told_apart() -> None:
    """Each has a name of its own, and only they can be put back into the message."""
    first = attachments.pasted("one")
    second = attachments.pasted("two", (first,))

    assert (first.name, second.name) == ("pasted text", "pasted text 2")
    assert attachments.is_pasted(second)
    assert not attachments.is_pasted(Part("file", "x", "pasted text.txt"))


@given(
    st.text(max_size=30) | st.just('{"localchat-draft": '),
    st.lists(
        st.builds(Part, st.just("file"), st.text(max_size=20), st.text(max_size=9)), max_size=3
    ),
)
def test_drafts_are_kept_as_one_text(text: str, files: list[Part]) -> None:
    """A draft and its files come back as they were; without files the text is kept plainly."""
    draft = Draft(text, tuple(files))

    assert draft_text.read(draft_text.write(draft)) == draft


def test_damaged_draft_is_shown() -> None:
    """What cannot be read as a draft is not lost."""
    damaged = '{"localchat-draft": "text", "files": [{"na'

    assert draft_text.read(damaged) == Draft(damaged)


async def test_cost_is_what_the_file_adds(fake_engine: MakeEngine, tmp_path: Path) -> None:
    """The tokens of a file are those of the message with it, less those without it."""
    engine = fake_engine()
    await engine.load(tmp_path / "fake.gguf")

    # The scripted worker counts a token for each four characters and five for a message.
    tokens = await attachments.cost(engine.count, Part("file", "x" * 400, "a.txt"))

    assert 100 <= tokens <= 105
