"""Headers of a repository: exact, for few bytes, and nothing a second time."""

import dataclasses
import io
import itertools
from collections.abc import Mapping
from pathlib import Path

import pytest

from localchat import errors, units
from localchat.fit import candidates
from localchat.hub import support
from localchat.hub.access import Access
from localchat.hub.client import HubClient
from localchat.hub.headercache import HeaderCache
from localchat.hub.headers import RemoteHeader
from localchat.hub.ranges import RemoteBytes
from localchat.hub.session import Timeouts
from localchat.hub.splicing import Whole, whole
from localchat.hub.support import Support
from localchat.library.values import RemoteFile
from localchat.models import gguf
from localchat.models.header import Header
from tests import architectures, gguf_files
from tests.fake_hub import FakeFile, FakeHub, FakeRepo, Fault
from tests.hub_content import COMMIT
from tests.models import files

QUANTS = {
    "Q2_K": "Q2_K", "Q3_K_M": "Q3_K", "Q4_0": "Q4_0", "Q4_1": "Q4_1", "Q4_K_M": "Q4_K",
    "Q5_0": "Q5_0", "Q5_K_M": "Q5_K", "Q6_K": "Q6_K", "Q8_0": "Q8_0", "IQ4_XS": "IQ4_XS",
    "IQ4_NL": "IQ4_NL", "F16": "F16",
}  # fmt: skip
"""Labels, and the number format of most tensors."""
NAME = "user/Model-GGUF"
SMALL_READ_BYTES = 128 * units.KIB
_numbers = itertools.count()


def sparse_repo(folder: Path, kind: str, vocabulary: int, layers: int | None = None) -> FakeRepo:
    """A repository of twelve quantizations in their true size, which take no room on the disk."""
    real = architectures.CLASSES[kind].real
    size = dataclasses.replace(real, vocabulary=vocabulary, layers=layers or real.layers)
    offered = []
    for label, form in QUANTS.items():
        head = None if label == "F16" else "Q6_K"
        path = architectures.write_sparse(folder / f"m-{label}.gguf", kind, size, form, head)
        offered.append(offer(path))
    return FakeRepo(NAME, tuple(offered))


def offer(path: Path) -> FakeFile:
    """Offer a file under a made-up hash: hashing gigabytes of nothing would take minutes."""
    return FakeFile(path.name, path, stated_sha256=f"{next(_numbers):064x}")


def small_repo(*contents: tuple[str, bytes]) -> FakeRepo:
    """A repository of small files."""
    return FakeRepo(NAME, tuple(FakeFile(name, content) for name, content in contents))


def model(*extra: bytes, name: str = "Tiny", form: int = files.Q4_K) -> bytes:
    """A small header with a vocabulary, and tensors of one of two formats."""
    words = b"".join(files.string(f"word{number}") for number in range(3000))
    metadata = (
        files.text("general.architecture", "llama"),
        files.text("general.name", name),
        files.number("llama.block_count", 1),
        files.number("llama.context_length", 4096),
        files.array("tokenizer.ggml.tokens", files.STRING, 3000, words),
    )
    size = 288 if form == files.Q4_K else 512 * 4
    tensors = (
        files.tensor("token_embd.weight", (256, 2), form, 0),
        files.tensor("output_norm.weight", (32,), files.F32, size),
    )
    parts = files.Parts((*metadata, *extra), tensors, data_bytes=size + 128)
    return parts.raw()


@pytest.mark.parametrize(
    ("kind", "vocabulary"),
    [
        ("llama", 16_000),
        ("qwen3moe", 16_000),
        pytest.param("qwen3", 151_936, marks=pytest.mark.slow),
    ],
)
def test_twelve_quantizations_cost_one_header_and_small_reads(
    tmp_path: Path, kind: str, vocabulary: int
) -> None:
    """Cold: the largest header and 128 KiB for each further one at most. Warm: nothing at all.

    Every header is equal to the one in the file.
    """
    repo = sparse_repo(tmp_path, kind, vocabulary)
    cache = tmp_path / "headers"
    with FakeHub(repo) as hub:
        with HubClient(Access(hub.endpoint), headers_folder=cache) as client:
            found = client.repo(NAME)
            cold = client.headers(found)
        true = {name: gguf.read_header(tmp_path / name) for name in (f.path for f in repo.files)}
        largest = max(header.data_offset_bytes for header in true.values())
        served = hub.served_bytes("cdn")
        assert len(QUANTS) == len(cold) == len(true)
        assert served <= largest + (len(QUANTS) - 1) * SMALL_READ_BYTES
        for remote in cold:
            expected = true[remote.quant.files[0].path]
            assert expected.tensors == remote.header.tensors
            assert dict(expected.metadata) == dict(remote.header.metadata)
            assert expected.data_offset_bytes == remote.header.data_offset_bytes
        hub.forget()
        with HubClient(Access(hub.endpoint), headers_folder=cache) as client:
            assert cold == client.headers(found)
            assert cold == client.headers(found)
        assert [] == hub.requests()


def test_the_grid_is_what_the_files_themselves_give(tmp_path: Path) -> None:
    """A candidate from the Hub equals the one made of the downloaded file, its names apart."""
    repo = sparse_repo(tmp_path, "llama", 4096, layers=4)
    with FakeHub(repo) as hub, HubClient(Access(hub.endpoint)) as client:
        grid = client.grid(client.repo(NAME))
    assert len(QUANTS) == len(grid.candidates)
    for candidate in grid.candidates:
        found = grid.offer(candidate)
        assert found is not None
        path = tmp_path / found.quant.files[0].path
        local = candidates.from_header(
            gguf.read_header(path), path.stat().st_size, model=NAME, path=path
        )
        named = dataclasses.replace(
            local, path=None, title=candidate.title, label=candidate.label, quant=candidate.quant
        )
        assert named == candidate
        assert found.quant.label == candidate.label


def test_what_a_quantization_says_differently_is_its_own() -> None:
    """Type, importance matrix and the order of the keys may differ; the rest is shared."""
    with_matrix = (
        files.number("general.file_type", 14),
        files.text("quantize.imatrix.file", "m.dat"),
        files.entry("quantize.imatrix.entries_count", 5, (224).to_bytes(4, "little")),
    )
    plain = (files.number("general.file_type", 0),)
    repo = small_repo(("m-Q4_K_S.gguf", model(*with_matrix)), ("m-F32.gguf", model(*plain, form=0)))
    with FakeHub(repo) as hub, HubClient(Access(hub.endpoint)) as client:
        found = client.repo(NAME)
        full, quantized = client.headers(found)
        assert ("F32", "Q4_K_S") == (full.header.quant, quantized.header.quant)
        assert 224 == quantized.header.number("quantize.imatrix.entries_count")
        assert "quantize.imatrix.file" not in full.header.metadata
        assert [False, True] == [each.has_imatrix for each in client.grid(found).candidates]


@pytest.mark.parametrize(
    "other",
    [
        model(name="Another"),
        model()[:-100],
        model(files.text("tokenizer.chat_template", "x" * 5000)),
        files.Parts().raw(),
    ],
    ids=["another name", "cut", "longer metadata", "other tensors"],
)
def test_a_file_that_is_not_alike_is_read_whole(other: bytes, tmp_path: Path) -> None:
    """Where the metadata or the tensors are others, or the size is, no header is made up."""
    repo = small_repo(("a-Q4_K_M.gguf", model()), ("b-Q8_0.gguf", other))
    with FakeHub(repo) as hub, HubClient(Access(hub.endpoint)) as client:
        by_file = {each.quant.files[0].path: each for each in client.headers(client.repo(NAME))}
    path = tmp_path / "b.gguf"
    path.write_bytes(other)
    try:
        expected = gguf.read_header(path)
    except errors.BadModel:
        # A file that is cut shows when it is loaded: its header is whole.
        expected = by_file["b-Q8_0.gguf"].header
        assert "Tiny" == expected.name
    assert expected == by_file["b-Q8_0.gguf"].header


def test_files_that_are_no_models_do_not_stop_the_others() -> None:
    """A web page among the files has a problem; the rest of the grid stands."""
    repo = small_repo(("a-Q4_K_M.gguf", model()), ("b-Q8_0.gguf", b"<!doctype html>" * 9))
    with FakeHub(repo) as hub, HubClient(Access(hub.endpoint)) as client:
        grid = client.grid(client.repo(NAME))
    problems = {offer.quant.label: offer.problem for offer in grid.offers}
    assert ("", True) == (problems["Q4_K_M"], "not a GGUF" in problems["Q8_0"])
    assert ["Q4_K_M"] == [candidate.label for candidate in grid.candidates]


def test_a_split_model_has_the_headers_of_all_its_parts(tmp_path: Path) -> None:
    """Every tensor of every part is in the candidate."""
    content = architectures.content("llama", architectures.CLASSES["llama"].tiny)
    paths = gguf_files.write_split(tmp_path / "m-F16.gguf", content, 8)
    assert len(paths) > 1
    repo = FakeRepo(NAME, tuple(FakeFile(path.name, path) for path in paths))
    with FakeHub(repo) as hub, HubClient(Access(hub.endpoint)) as client:
        found = client.repo(NAME)
        [remote] = client.headers(found)
        [candidate] = client.grid(found).candidates
    true = [gguf.read_header(path) for path in paths]
    assert [header.tensors for header in true] == [header.tensors for header in remote.parts]
    assert sum(header.parameters for header in true) == candidate.parameters
    assert sum(path.stat().st_size for path in paths) == candidate.file_bytes


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("wrong content range", "another piece"),
        ("one byte less", None),
        ("reset", "broke off"),
        ("early end", None),
        ("stall", None),
    ],
)
def test_a_piece_that_is_not_what_was_asked_for_is_refused(kind: str, words: str | None) -> None:
    """No header is made of bytes from another place, or of too few of them."""
    fault = Fault(kind, "cdn", at_byte=1000, times=-1)  # type: ignore[arg-type]
    with FakeHub(small_repo(("a-Q4_K_M.gguf", model()))) as hub:
        who = Access(hub.endpoint)
        with HubClient(who, Timeouts(read_seconds=1.5)) as client:
            found = client.repo(NAME)
            hub.fail(fault)
            with pytest.raises(errors.NetworkError, match=words):
                client.headers(found)


def test_a_server_without_ranges_is_read_from_the_start() -> None:
    """A whole file where a piece was asked for costs more bytes, and gives the same header."""
    content = model()
    with FakeHub(small_repo(("a-Q4_K_M.gguf", content))) as hub:
        hub.fail(Fault("ignore range", "cdn", times=-1))
        with HubClient(Access(hub.endpoint)) as client:
            [remote] = client.headers(client.repo(NAME))
    assert "Tiny" == remote.header.name


def test_an_address_that_is_no_longer_good_is_asked_for_again() -> None:
    """A signed address that has run out costs one more question, not the header."""
    repo = small_repo(("a-Q4_K_M.gguf", model()))
    with FakeHub(repo) as hub, HubClient(Access(hub.endpoint)) as client:
        remote = RemoteBytes(client.session, client.repo(NAME).quants[0].files[0])
        first = remote.read(0, 1000)
        hub.fail(Fault("status", "cdn", status=403))
        assert (1000, 1000) == (len(first), len(remote.read(1000, 1000)))


def test_a_kept_header_that_is_damaged_is_fetched_again(tmp_path: Path) -> None:
    """Whatever happened to the folder of headers, the answer is right."""
    repo = small_repo(("a-Q4_K_M.gguf", model()), ("a-F32.gguf", model(form=0)))
    with FakeHub(repo) as hub:

        def ask() -> tuple[RemoteHeader, ...]:
            with HubClient(Access(hub.endpoint), headers_folder=tmp_path / "h") as client:
                return client.headers(client.repo(NAME))

        expected = ask()
        for spoil in (b"", b"localchat header\n", b"\xff" * 5000):
            for path in (tmp_path / "h").iterdir():
                path.write_bytes(spoil)
            assert expected == ask()
        for path in (tmp_path / "h").iterdir():
            path.write_bytes(path.read_bytes()[:-7])
        assert expected == ask()
        assert not list((tmp_path / "h").glob("*.part"))


def test_the_folder_of_headers_stays_small(tmp_path: Path) -> None:
    """The oldest go when there are too many, and a folder that cannot be written is no error."""
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "h", tmp_path / "file" / "h"):
        cache = HeaderCache(folder, most_files=3)
        for number in range(5):
            file = RemoteFile(NAME, COMMIT, f"m{number}.gguf", len(model()), "", "")
            cache.keep_whole(file, _whole(model()))
    assert 3 == len(list((tmp_path / "h").iterdir()))


def _whole(content: bytes) -> Whole:
    header = gguf.parse(io.BytesIO(content), "m", len(content))
    return whole(content[: header.data_offset_bytes], header)


def test_a_header_can_be_written_for_a_dry_run(tmp_path: Path) -> None:
    """What is written reads as the same tensors, without a byte from the network."""
    repo = small_repo(("a-Q4_K_M.gguf", model()), ("a-F32.gguf", model(form=0)))
    with FakeHub(repo) as hub, HubClient(Access(hub.endpoint)) as client:
        remotes = client.headers(client.repo(NAME))
        hub.forget()
        for remote in remotes:
            path = client.write_header(remote, tmp_path / remote.quant.label)
            with path.open("rb") as source:
                header = gguf.parse(source, path.name, remote.quant.size_bytes)
            assert remote.header.tensors == header.tensors
            assert "llama" == header.architecture
        assert [] == hub.requests()


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({}, ""),
        ({"general.architecture": "hermes9"}, 'the architecture "hermes9"'),
        ({"tokenizer.ggml.pre": "new-bpe"}, 'the tokenizer "new-bpe"'),
        ({"tokenizer.ggml.pre": "new-bpe", "tokenizer.ggml.model": "llama"}, ""),
        ({"tokenizer.ggml.pre": "unclear"}, ""),
    ],
    ids=str,
)
def test_what_the_engine_does_not_know_is_told_before_a_download(
    metadata: Mapping[str, str], words: str
) -> None:
    """Architecture and byte-pair tokenizer are held against the engine; doubt is no objection."""
    known = {"llama": True, "hermes9": False, "llama-bpe": True, "new-bpe": False}
    engine = Support(architecture=known.get, tokenizer=known.get)
    usual = {
        "general.architecture": "llama",
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "llama-bpe",
    }
    header = Header(3, {**usual, **metadata}, (), 32, 0)
    said = support.objection(header, engine)
    assert words in said and bool(words) == bool(said)
