"""What llama.cpp says a model takes: its map read as each C++ library lays it out, and its log."""

import ctypes
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from llama_cpp import llama_cpp

from localchat.engine import breakdown, nativeparams
from localchat.engine.nativelog import NativeLog
from localchat.engine.wire import EngineParams
from localchat.fit.footprint import MAIN_MEMORY
from localchat.models import gguf
from tests import architectures

LOG = NativeLog()
"""llama.cpp keeps its address: it lives as long as the tests do."""
PARAMS = EngineParams(context_tokens=1024)
ENTRIES = ((1000, 11, 12, 13), (2000, 21, 22, 23), (3000, 31, 32, 33))
GNU, LLVM = "libstdc++", "libc++"


def _tree(library: str) -> tuple[list[int], list[ctypes.Array[Any]]]:
    """Build a map of three entries in memory: its own words, and the nodes to keep alive."""
    nodes = [(ctypes.c_uint64 * 8)() for _ in ENTRIES]
    first, root, last = (ctypes.addressof(node) for node in nodes)
    header = 0x1234
    for node, entry in zip(nodes, ENTRIES, strict=True):
        is_root = node is nodes[1]
        parent, left, right = (header, first, last) if is_root else (root, 0, 0)
        links = (1, parent, left, right) if library == GNU else (left, right, parent, 1)
        node[:] = [*links, *entry]
    if library == GNU:
        return [0, 0, root, first, last, len(ENTRIES)], nodes
    return [first, root, len(ENTRIES), 0, 0, 0], nodes


@pytest.mark.parametrize("library", [GNU, LLVM])
def test_a_map_of_either_library_is_read(library: str) -> None:
    """GNU's library on Linux and LLVM's on macOS keep a map's nodes differently."""
    words, nodes = _tree(library)

    assert ENTRIES == breakdown.entries(words)
    assert len(nodes) == len(ENTRIES)


@pytest.mark.parametrize(
    "words",
    [
        (0, 0, 0, 0, 0, 0),
        (0, 0, 8, 8, 8, 1),
        (2**64 - 8, 2**64 - 8, 2, 2**63, 2**63, 2),
        (1, 2, 3, 4, 5, 6),
    ],
)
def test_what_is_no_map_is_not_believed(words: Sequence[int]) -> None:
    """Addresses that lead nowhere are an answer, not a crash."""
    with pytest.raises(breakdown.BreakdownUnknown):
        breakdown.entries(words)


@pytest.mark.parametrize(
    ("library", "word"),
    [(GNU, 1), (GNU, 2), (GNU, 3), (GNU, 4), (LLVM, 0), (LLVM, 1), (LLVM, 2), (LLVM, 4)],
)
def test_a_tree_that_does_not_add_up_is_not_believed(library: str, word: int) -> None:
    """A node whose links or order are wrong shows that the layout is another."""
    words, nodes = _tree(library)
    is_key = word == 4
    nodes[2][word] = 500 if is_key else ctypes.addressof(nodes[0])

    with pytest.raises(breakdown.BreakdownUnknown):
        breakdown.entries(words)


@pytest.fixture
def sized(tmp_path: Path) -> Iterator[tuple[Path, tuple[str, ...], Any]]:
    """A model without its weights: its file, its log, and a context with a log of its own."""
    path = architectures.write(tmp_path / "model.gguf", "qwen35")
    LOG.install()
    LOG.clear()
    wanted = nativeparams.model_params(PARAMS, without_weights=True)
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), wanted.native)
    load_log = LOG.lines()
    LOG.clear()
    trained = llama_cpp.llama_model_n_ctx_train(model)
    context = llama_cpp.llama_init_from_model(model, nativeparams.context_params(PARAMS, trained))
    yield path, load_log, context
    llama_cpp.llama_free(context)
    llama_cpp.llama_model_free(model)


def test_log_and_header_say_about_the_same(sized: tuple[Path, tuple[str, ...], Any]) -> None:
    """Where a build exports no breakdown, its log tells, to 0.01 MiB a line, less the padding."""
    path, load_log, context = sized
    line_bytes = 0.01 * 2**20
    header = gguf.read_header(path)

    (exact,) = breakdown.by_device(breakdown.of(context))
    (said,) = breakdown.by_device(breakdown.logged([header], load_log, LOG.lines()))

    assert MAIN_MEMORY == said.device
    assert 0 <= exact.weights_bytes - said.weights_bytes < 32 * len(header.tensors)
    assert abs(exact.kv_bytes - said.kv_bytes) <= 2 * line_bytes
    assert abs(exact.compute_bytes - said.compute_bytes) <= line_bytes


def test_a_log_names_the_devices_of_layers(tmp_path: Path) -> None:
    """Of a model on a GPU in part, each device gets its layers, and the output its own copy."""
    path = architectures.write(tmp_path / "model.gguf", "qwen2")
    header = gguf.read_header(path)
    load_log = [
        f"load_tensors: layer {layer:3} assigned to device {device}, is_swa = 0"
        for layer, device in enumerate(["CPU", "CPU", "CUDA0", "CUDA0", "CUDA0"])
    ]
    context_log = [
        "llama_kv_cache: layer   1: dev = CPU",
        "llama_kv_cache: layer   2: dev = CUDA0",
        "llama_kv_cache: size =    2.00 MiB (  2048 cells,   2 layers,  1/1 seqs), K (f16): 1.00",
        "sched_reserve:      CUDA0 compute buffer size =     3.00 MiB",
        "sched_reserve:  CUDA_Host compute buffer size =     1.00 MiB",
    ]

    main, gpu = breakdown.by_device(breakdown.logged([header], load_log, context_log))

    embedding = 128 * 320 * 2
    on_gpu = sum(t.size_bytes for t in header.tensors if t.name.startswith(("blk.2.", "blk.3.")))
    norm = 128 * 4
    assert on_gpu + embedding + norm == gpu.weights_bytes
    assert header.tensor_bytes - on_gpu - norm == main.weights_bytes
    assert (2**20, 2**20) == (main.kv_bytes, gpu.kv_bytes)
    assert (2**20, 3 * 2**20) == (main.compute_bytes, gpu.compute_bytes)


def test_a_log_without_sizes_is_no_answer(tmp_path: Path) -> None:
    """A build that logs nothing of its buffers is said to tell nothing."""
    header = gguf.read_header(architectures.write(tmp_path / "model.gguf", "llama"))

    with pytest.raises(breakdown.BreakdownUnknown, match="no compute buffer"):
        breakdown.logged([header], [], ["nothing to see"])
