"""The header reader: what it reads, and that nothing it is given can hurt."""

import io
import random
import struct
import time
from pathlib import Path
from typing import Any

import pytest

from localchat import errors
from localchat.models import cursor, gguf
from localchat.models.header import Array
from tests.models import files
from tests.models.files import BOOL, F32, Q4_0, STRING, UINT32, UINT64, Parts


def _parse(raw: bytes) -> Any:
    return gguf.parse(io.BytesIO(raw), "x.gguf", len(raw))


def test_reads_what_the_gguf_package_writes(tmp_path: Path) -> None:
    """Every property of a file by another writer comes out as it went in."""
    metadata = {
        "general.name": "Tiny Llama",
        "general.file_type": 15,
        "llama.context_length": 2048,
        "llama.block_count": 3,
        "llama.rope.freq_base": 10000.0,
        "general.tags": ["chat", "tiny"],
        "tokenizer.chat_template": "{{ messages }}",
    }
    header = gguf.check(files.written_by_gguf(tmp_path / "t.gguf", metadata, n_words=5000))
    assert header.version == 3
    assert header.architecture == "llama"
    assert header.name == "Tiny Llama"
    assert header.quant == "Q4_K_M"
    assert header.trained_context_tokens == 2048
    assert header.layers == 3
    assert header.chat_template == "{{ messages }}"
    assert header.parameters == 1024
    assert header.tensor_bytes == 512 * 4 + 512 * 2
    assert header.file_bytes <= (tmp_path / "t.gguf").stat().st_size
    assert header.metadata["general.tags"] == Array("string", 2, ("chat", "tiny"))
    assert header.metadata["tokenizer.ggml.tokens"] == Array("string", 5000, None)
    assert header.metadata["tokenizer.ggml.scores"] == Array("float32", 5000, None)
    assert [tensor.name for tensor in header.tensors] == ["token_embd.weight", "output.weight"]
    assert [tensor.shape for tensor in header.tensors] == [(64, 8), (64, 8)]


def test_a_large_vocabulary_is_read_in_well_under_a_second() -> None:
    """150,000 tokens with their merges and scores cost a fraction of a second."""
    words = b"".join(files.string(f"token{number}") for number in range(150_000))
    metadata = (
        *files.LLAMA,
        files.array("tokenizer.ggml.tokens", STRING, 150_000, words),
        files.array("tokenizer.ggml.merges", STRING, 150_000, words),
        files.array("tokenizer.ggml.token_type", files.INT32, 150_000, bytes(600_000)),
    )
    raw = Parts(metadata=metadata).raw()
    started = time.process_time()
    header = _parse(raw)
    assert time.process_time() - started < 0.7
    assert header.name == "Tiny"
    assert header.metadata["tokenizer.ggml.merges"].length == 150_000


def test_a_source_may_give_its_bytes_in_drops() -> None:
    """A source that returns three bytes at a time is read as well as one that returns all."""
    raw = Parts().raw()

    class Drops(io.BytesIO):
        def read(self, n_bytes: int | None = -1, /) -> bytes:
            return super().read(min(n_bytes or 0, 3))

    assert gguf.parse(Drops(raw), "x", len(raw)) == _parse(raw)


def test_version_2_is_read() -> None:
    """Version 2 has the same layout."""
    assert _parse(Parts(version=2).raw()).version == 2


@pytest.mark.parametrize(
    ("file_type", "quant"), [((), "F32"), ((files.number("general.file_type", 1024 + 18),), "Q6_K")]
)
def test_quant_name_falls_back_to_the_format_of_most_bytes(
    file_type: tuple[bytes, ...], quant: str
) -> None:
    """A file that does not state its type is named by its tensors; a guessed type counts."""
    metadata = (files.text("general.architecture", "llama"), *file_type)
    assert _parse(Parts(metadata=metadata).raw()).quant == quant


_BAD: dict[str, tuple[dict[str, Any] | bytes, str]] = {
    "empty": (b"", "x.gguf is not a GGUF file: it is empty."),
    "text": (b"Hello, I am a text file", 'x.gguf is not a GGUF file: it starts with "Hell".'),
    "two bytes": (b"GG", 'x.gguf is not a GGUF file: it starts with "GG".'),
    "control bytes": (b"\x1b]0;x", 'x.gguf is not a GGUF file: it starts with "␛]0;".'),
    "only the magic": (b"GGUF", "truncated"),
    "half a version": (b"GGUF\x03\x00", "truncated"),
    "version 1": ({"version": 1}, "GGUF version 1"),
    "version 0": ({"version": 0}, "GGUF version 0"),
    "a version to come": ({"version": 9}, "GGUF version 9"),
    "big endian": ({"version": 0x03000000}, "big-endian"),
    "many metadata entries": ({"n_metadata": 65_536}, "claims 65,536 metadata entries"),
    "more entries than there are": ({"n_metadata": 9}, ""),
    "fewer entries than there are": ({"n_metadata": 2}, ""),
    "many tensors": ({"n_tensors": 100_001}, "claims 100,001 tensors"),
    "2^63 tensors": ({"n_tensors": 2**63}, "claims 9,223,372,036,854,775,808 tensors"),
    "more tensors than there are": ({"n_tensors": 3}, ""),
    "duplicate key": ({"metadata": (*files.LLAMA, files.LLAMA[0])}, "appears twice"),
    "empty key": ({"metadata": (files.text("", "x"),)}, "a key is empty"),
    "long key": ({"metadata": (files.text("k" * 65_536, "x"),)}, "a key of 65,536 bytes"),
    "key beyond the end": (
        {"metadata": (struct.pack("<Q", 60_000) + b"abc",), "data_bytes": 0},
        "truncated",
    ),
    "unknown value type": ({"metadata": (files.entry("k", 13, bytes(8)),)}, "unknown type 13"),
    "array of arrays": ({"metadata": (files.array("k", 9, 1, bytes(64)),)}, "unknown type 9"),
    "endless array": (
        {"metadata": (files.array("k", STRING, 2**60, b""),)},
        "array items",
    ),
    "many arrays": (
        {"metadata": tuple(files.array(f"k{n}", 0, 10**6, bytes(10**6)) for n in range(5))},
        "5,000,000 array items",
    ),
    "array beyond the end": ({"metadata": (files.array("k", UINT64, 10**6, b""),)}, "truncated"),
    "strings beyond the end": (
        {"metadata": (files.array("k", STRING, 10**6, bytes(8000)),)},
        "",
    ),
    "huge string in an array": (
        {"metadata": (files.array("k", STRING, 2000, struct.pack("<Q", 2**63)),)},
        "a text of 9,223,372,036,854,775,808 bytes",
    ),
    "huge text": (
        {"metadata": (files.entry("k", STRING, struct.pack("<Q", 17 * 2**20)),)},
        "a text of 17,825,792 bytes",
    ),
    "huge template": (
        {"metadata": (files.text("tokenizer.chat_template", "x" * (2**20 + 1)),)},
        "a chat template of 1,048,577 bytes",
    ),
    "alignment 0": ({"metadata": (files.number("general.alignment", 0),)}, "alignment is 0"),
    "alignment 24": ({"metadata": (files.number("general.alignment", 24),)}, "power of two"),
    "alignment 2 GiB": (
        {"metadata": (files.number("general.alignment", 2**31),)},
        "alignment is 2147483648",
    ),
    "alignment in words": ({"metadata": (files.text("general.alignment", "32"),)}, "alignment"),
    "alignment true": (
        {"metadata": (files.entry("general.alignment", BOOL, b"\x01"),)},
        "alignment is True",
    ),
    "duplicate tensor": (
        {"tensors": (files.tensor("a", (8,), F32, 0), files.tensor("a", (8,), F32, 32))},
        "the tensor 'a' appears twice",
    ),
    "overlapping tensors": (
        {"tensors": (files.tensor("a", (8,), F32, 0), files.tensor("b", (8,), F32, 0))},
        "the tensor 'b' is not where it should be",
    ),
    "five dimensions": ({"tensors": (files.tensor("a", (1,) * 5, F32, 0),)}, "5 dimensions"),
    "4 billion dimensions": (
        {"tensors": (files.string("a") + b"\xff\xff\xff\xff",)},
        "4,294,967,295 dimensions",
    ),
    "overflowing shape": (
        {"tensors": (files.tensor("a", (2**40, 2**40), F32, 0),)},
        "a tensor with 1.21e+24 numbers",
    ),
    "negative dimension": (
        {"tensors": (files.tensor("a", (2**64 - 1, 0), F32, 0),)},
        "a tensor with",
    ),
    "half a block": ({"tensors": (files.tensor("a", (33,), Q4_0, 0),)}, "blocks of Q4_0"),
    "unknown format": ({"tensors": (files.tensor("a", (32,), 99, 0),)}, "number format 99"),
    "removed format": ({"tensors": (files.tensor("a", (32,), 4, 0),)}, "number format 4"),
    "long tensor name": (
        {"tensors": (files.tensor("a" * 64, (32,), F32, 0),)},
        "a tensor's name of 64 bytes",
    ),
    "weights beyond the end": ({"data_bytes": 100}, "is truncated: it should have"),
}


@pytest.mark.parametrize("case", _BAD)
def test_a_bad_header_gives_one_sentence(case: str, tmp_path: Path) -> None:
    """Each kind of damage is named, in one line, and costs no more than a moment."""
    parts, words = _BAD[case]
    path = tmp_path / "x.gguf"
    path.write_bytes(parts if isinstance(parts, bytes) else Parts(**parts).raw())
    started = time.process_time()
    with pytest.raises(errors.BadModel) as caught:
        gguf.read_header(path)
    assert time.process_time() - started < 2
    assert words in caught.value.message
    assert caught.value.message.endswith(".")
    assert "\n" not in caught.value.message
    assert caught.value.hint.endswith(".")


def test_a_header_of_more_than_64_mib_is_refused(tmp_path: Path) -> None:
    """Texts that are each allowed may not add up to more than the cap; the file is sparse."""
    raw = Parts(n_metadata=6, metadata=(), tensors=()).raw()[:24]
    path = tmp_path / "x.gguf"
    with path.open("wb") as handle:
        handle.write(raw)
        for number in range(6):
            head = files.string(f"k{number}") + struct.pack("<IQ", STRING, 15 * 2**20)
            handle.write(head)
            handle.seek(15 * 2**20, io.SEEK_CUR)
        handle.truncate()
    with pytest.raises(errors.BadModel, match=r"larger than 64\.0 MiB"):
        gguf.read_header(path)


def test_truncation_tells_both_sizes(tmp_path: Path) -> None:
    """A download that stopped half-way says how much there is and how much there should be."""
    path = files.write(tmp_path / "half.gguf")
    whole = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(errors.BadModel) as caught:
        gguf.read_header(path)
    expected = f"half.gguf is truncated: it should have {whole:,} bytes, and has {whole - 10:,}."
    assert caught.value.message == expected


def test_mutations_raise_nothing_but_bad_model() -> None:
    """400 random damages to a sound header are read, or refused as BadModel, in bounded time."""
    words = b"".join(files.string(f"w{number}") for number in range(1500))
    metadata = (
        *files.LLAMA,
        files.array("tokenizer.ggml.tokens", STRING, 1500, words),
        files.array("llama.heads", UINT32, 4, bytes(16)),
    )
    sound = Parts(metadata=metadata).raw()
    chance = random.Random(20240601)
    refused = 0
    started = time.process_time()
    for _ in range(400):
        raw = bytearray(sound)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(raw) - 800)
            width = chance.choice((1, 2, 4, 8))
            raw[at : at + width] = chance.choice(
                (chance.randbytes(width), b"\xff" * width, bytes(width))
            )
        if chance.random() < 0.3:
            del raw[chance.randrange(len(raw)) :]
        try:
            header = _parse(bytes(raw))
        except errors.BadModel:
            refused += 1
        else:
            # Properties hold for whatever was read.
            assert isinstance(header.quant + header.not_a_chat_model + header.name, str)
            assert header.parameters >= 0
            assert header.file_bytes >= header.data_offset_bytes
    assert refused > 100
    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ((files.text("general.architecture", "clip"),), "vision or audio part"),
        (
            (files.text("general.architecture", "llama"), files.text("general.type", "mmproj")),
            "vision or audio part",
        ),
        (
            (files.text("general.architecture", "llama"), files.text("general.type", "adapter")),
            "LoRA adapter",
        ),
        ((files.text("adapter.type", "lora"),), "LoRA adapter"),
        ((files.text("general.type", "imatrix"),), "importance matrix"),
        ((files.text("general.architecture", "nomic-bert"),), "embedding model"),
        (
            (files.text("general.architecture", "qwen3"), files.number("qwen3.pooling_type", 3)),
            "embedding model",
        ),
        (
            (files.text("general.architecture", "qwen3"), files.number("qwen3.pooling_type", 4)),
            "reranker",
        ),
        ((files.text("general.architecture", "eagle3"),), "draft model"),
        ((files.text("general.architecture", "llada"),), "diffusion"),
        ((files.text("general.architecture", "wavtokenizer-dec"),), "audio"),
        (
            (*files.LLAMA, files.number("split.no", 1), files.number("split.count", 3)),
            "part 2 of 3",
        ),
        ((files.text("general.name", "x"),), "which architecture"),
    ],
)
def test_files_of_another_kind_are_told_apart(
    metadata: tuple[bytes, ...], words: str, tmp_path: Path
) -> None:
    """A sound GGUF that is no chat model is refused with what it is."""
    path = files.write(tmp_path / "x.gguf", metadata=metadata)
    with pytest.raises(errors.BadModel, match=words):
        gguf.check(path)


def test_a_vocabulary_without_weights_is_no_model(tmp_path: Path) -> None:
    """A file without tensors is told apart."""
    path = files.write(tmp_path / "x.gguf", tensors=(), data_bytes=0)
    with pytest.raises(errors.BadModel, match="vocabulary only"):
        gguf.check(path)


def test_a_first_part_needs_the_others(tmp_path: Path) -> None:
    """The first part of a split model is refused while another part is missing."""
    first = files.write(tmp_path / "m-00001-of-00003.gguf")
    files.write(tmp_path / "m-00002-of-00003.gguf")
    with pytest.raises(errors.BadModel, match=r"of 3 files of a model: part 3 of 3 is missing\."):
        gguf.check(first)
    files.write(tmp_path / "m-00003-of-00003.gguf")
    assert gguf.check(first).name == "Tiny"


def test_what_cannot_be_opened_is_not_found(tmp_path: Path) -> None:
    """A missing file, a folder and a name that no file can have are all ModelNotFound."""
    for path in (tmp_path / "none.gguf", tmp_path, Path("a\0b")):
        with pytest.raises(errors.ModelNotFound) as caught:
            gguf.read_header(path)
        assert caught.value.message.endswith(".")


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    """A named pipe would block the program for ever; it is refused unopened."""
    import os

    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(tmp_path / "pipe.gguf")
    with pytest.raises(errors.BadModel, match="not a regular file"):
        gguf.read_header(tmp_path / "pipe.gguf")


def test_caps_are_those_that_were_promised() -> None:
    """The caps of the reader, in one place."""
    caps = (cursor.MAX_HEADER_BYTES, cursor.MAX_STRING_BYTES, gguf.MAX_TEMPLATE_BYTES)
    assert caps == (64 * 2**20, 16 * 2**20, 2**20)
    assert (gguf.MAX_METADATA, gguf.MAX_TENSORS) == (65_535, 100_000)
