"""The closed form of memory: against llama.cpp's dry run, against published figures, by parts."""

import dataclasses
import itertools
import time
from pathlib import Path

import pytest

from localchat import units
from localchat.engine.client import EngineClient
from localchat.fit import candidates, memory
from localchat.fit.candidate import Candidate
from localchat.fit.footprint import MAIN_MEMORY, Footprint
from localchat.fit.params import EngineParams
from localchat.machine.hardware import Gpu, Hardware
from localchat.models import catalogue, gguf
from tests import architectures
from tests.architectures import CLASSES

PROCESSOR = Hardware("linux", "Intel", 4, 0, 64 * units.GIB, 64 * units.GIB, 4, 4)
CARD = Gpu("NVIDIA GeForce RTX 4090", "cuda", 24 * units.GIB, 24 * units.GIB)
DESKTOP = dataclasses.replace(PROCESSOR, gpus=(CARD,))
APPLE = Gpu("Apple M2", "metal", 12_713_115_648, 12_713_115_648, is_integrated=True)
AIR = Hardware(
    "darwin", "Apple M2", 4, 4, 16 * units.GIB, 9 * units.GIB, 8, 4, gpus=(APPLE,),
    unified_memory=True,
)  # fmt: skip
CONTEXTS = (2048, 8192, 32_768)
KV_TYPES = ("f16", "q8_0", "q4_0")


def _extra_buffers() -> bool:
    """Whether this machine repacks weights to the same size: AMX has layouts of its own."""
    flags = Path("/proc/cpuinfo")
    return not (flags.is_file() and "amx_tile" in flags.read_text(encoding="utf-8"))


def _real(name: str, folder: Path, quant: str | None = None) -> Candidate:
    """A model of a class in the size of a published one, of which only the header exists."""
    size = dataclasses.replace(CLASSES[name].real, vocabulary=1024)
    path = architectures.write_header(folder / f"{name}.gguf", name, size, quant)
    with path.open("rb") as source:
        header = gguf.parse(source, path.name, path.stat().st_size)
    return candidates.from_header(header, header.file_bytes, model=name, path=path)


def _with_kv(context: int, kv_type: str = "f16") -> EngineParams:
    return EngineParams(context_tokens=context, kv_type_k=kv_type, kv_type_v=kv_type)


def _mistral(label: str = "Q4_K_S") -> Candidate:
    model = catalogue.find("mistral-7b")
    assert model is not None
    return next(each for each in candidates.from_catalogue(model) if each.label == label)


@pytest.mark.slow
async def test_within_two_percent_of_the_dry_run(
    real_engine: EngineClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In every class, context and KV type the closed form is within 2 % of llama.cpp's own count.

    The models have the sizes of published ones, their vocabularies apart: a quarter is enough, and
    makes the rest weigh more. KV caches and states are equal to the byte.
    """
    worst = []
    for name, kind in CLASSES.items():
        size = dataclasses.replace(kind.real, vocabulary=kind.real.vocabulary // 4)
        path = architectures.write_sparse(tmp_path / f"{name}.gguf", name, size)
        candidate = candidates.from_header(
            gguf.read_header(path), path.stat().st_size, model=name, path=path
        )
        grid = [
            dataclasses.replace(_with_kv(*cell), extra_buffers=_extra_buffers())
            for cell in itertools.product(CONTEXTS, KV_TYPES)
        ]
        truths = await real_engine.dry_run(path, grid)
        path.unlink()
        off = []
        for params, truth in zip(grid, truths, strict=True):
            assert isinstance(truth, Footprint), f"{name}: {truth}"
            mine = memory.footprint(candidate, params, PROCESSOR)
            assert (name, truth.kv_bytes) == (name, mine.kv_bytes)
            percent = (mine.total_bytes / truth.total_bytes - 1) * 100
            compute = (mine.compute_bytes / truth.compute_bytes - 1) * 100
            where = f"{params.context_tokens} {params.kv_type_k}"
            off.append((abs(percent), f"{percent:+.3f} % (scratch {compute:+.2f} %) at {where}"))
        worst.append((*max(off), name))
    with capsys.disabled():
        print()
        for _, words, name in sorted(worst, reverse=True):
            print(f"  {name:18} worst {words}")
    assert [] == [each for each in worst if each[0] > 2]


@pytest.mark.parametrize(("kv_type", "mebibytes"), [("f16", 2048), ("q8_0", 1088), ("q4_0", 576)])
def test_kv_cache_of_mistral(kv_type: str, mebibytes: int) -> None:
    """At 16k the cache of a Mistral 7B takes what llama.cpp logs for it, in each type."""
    footprint = memory.footprint(_mistral(), _with_kv(16_384, kv_type), PROCESSOR)
    assert mebibytes * units.MIB == footprint.kv_bytes


@pytest.mark.parametrize(
    ("name", "mebibytes"), [("deepseek2", 972), ("gemma3", 814), ("mamba2", 163.94)]
)
def test_kv_cache_of_other_kinds(name: str, mebibytes: float, tmp_path: Path) -> None:
    """Latent attention, sliding windows and states take what llama.cpp logs for them at 32k."""
    footprint = memory.footprint(_real(name, tmp_path), _with_kv(32_768), PROCESSOR)
    assert mebibytes == pytest.approx(footprint.kv_bytes / units.MIB, abs=0.01)


def test_scratch_memory_of_mistral() -> None:
    """Scratch memory at 16k is the 132 MiB that llama.cpp reserves for a Mistral 7B."""
    footprint = memory.footprint(_mistral(), _with_kv(16_384), PROCESSOR)
    assert 132 == round(footprint.compute_bytes / units.MIB)


def test_scratch_memory_without_flash_attention() -> None:
    """Without flash attention it grows by the scores of all heads: 1.1 GiB at 16k, 2.1 at 32k."""
    off = dataclasses.replace(_with_kv(16_384), flash_attention="off")
    for context, mebibytes in ((16_384, 1100), (32_768, 2156)):
        params = dataclasses.replace(off, context_tokens=context)
        footprint = memory.footprint(_mistral(), params, PROCESSOR)
        assert mebibytes == pytest.approx(footprint.compute_bytes / units.MIB, rel=0.01)


@pytest.mark.parametrize(
    ("label", "context", "kv_type", "gibibytes"),
    [
        ("Q4_K_S", 16_384, "f16", 6.0),
        ("Q6_K", 8192, "f16", 6.7),
        ("Q6_K", 16_384, "q8_0", 6.7),
        ("Q8_0", 16_384, "f16", 9.3),
    ],
)
def test_mistral_on_an_apple_chip(label: str, context: int, kv_type: str, gibibytes: float) -> None:
    """The worked example of a 7B on a 16 GB M2 comes out within 2 %."""
    footprint = memory.footprint(_mistral(label), _with_kv(context, kv_type), AIR)
    assert gibibytes == pytest.approx(footprint.total_bytes / units.GIB, rel=0.02)
    assert [MAIN_MEMORY, "Apple M2"] == [each.device for each in footprint.devices]


def test_values_are_as_wide_as_the_widest_without_flash_attention(tmp_path: Path) -> None:
    """Without flash attention llama.cpp pads all layers' values to the widest of them."""
    candidate = _real("gemma4", tmp_path)
    on = memory.footprint(candidate, _with_kv(8192), PROCESSOR)
    params = dataclasses.replace(_with_kv(8192), flash_attention="off")
    off = memory.footprint(candidate, params, PROCESSOR)
    # Twelve layers have a window of 1,024 cells and values of 256 numbers, others of 512.
    assert 12 * 1024 * 256 * 2 == off.kv_bytes - on.kv_bytes


def test_context_is_rounded_up() -> None:
    """A context is padded to 256 tokens as llama.cpp pads it; left open it is 8,192 at most."""
    assert 1280 == memory.context_tokens(_mistral(), EngineParams(context_tokens=1025))
    assert 8192 == memory.context_tokens(_mistral(), EngineParams())
    short = dataclasses.replace(_mistral(), trained_context_tokens=2000)
    assert 2048 == memory.context_tokens(short, EngineParams())


def test_one_layer_on_the_gpu_is_the_output_head() -> None:
    """The output head goes to the GPU first, then the layers from the last one on."""
    candidate = _mistral()
    weights = candidate.weights
    head = memory.footprint(candidate, EngineParams(gpu_layers=1), DESKTOP)
    assert weights.output_bytes == head.devices[1].weights_bytes
    assert 0 == head.devices[1].kv_bytes
    two = memory.footprint(candidate, EngineParams(gpu_layers=3), DESKTOP)
    last = sum(weights.layers_bytes[-2:])
    assert weights.output_bytes + last == two.devices[1].weights_bytes
    assert two.kv_bytes * 2 // 32 == two.devices[1].kv_bytes
    every = memory.footprint(candidate, EngineParams(), DESKTOP)
    assert weights.embedding_bytes == every.devices[0].weights_bytes
    assert 0 == every.devices[0].kv_bytes


def test_tied_embeddings_are_held_twice_with_a_gpu(tmp_path: Path) -> None:
    """One matrix at both ends is in main memory as input and on the GPU as output head."""
    candidate = _real("gemma3", tmp_path)
    assert candidate.weights.tied
    footprint = memory.footprint(candidate, EngineParams(), DESKTOP)
    matrix = candidate.weights.output_bytes - candidate.weights.head_norm_bytes
    assert candidate.weights.total_bytes + matrix == footprint.weights_bytes
    assert matrix == footprint.devices[0].weights_bytes


def test_experts_stay_in_main_memory(tmp_path: Path) -> None:
    """With experts kept aside the GPU holds the rest of all layers, and the whole KV cache."""
    candidate = _real("qwen3moe", tmp_path)
    whole = memory.footprint(candidate, EngineParams(), DESKTOP)
    aside = memory.footprint(candidate, EngineParams(experts_on_cpu=True), DESKTOP)
    moved = sum(candidate.weights.experts_bytes)
    assert moved == whole.devices[1].weights_bytes - aside.devices[1].weights_bytes
    assert moved == aside.devices[0].weights_bytes - whole.devices[0].weights_bytes
    assert whole.devices[1].kv_bytes == aside.devices[1].kv_bytes > 0


def test_two_cards_share_the_layers_by_what_is_free() -> None:
    """Of two GPUs the one with three times as much free memory gets three quarters of a model.

    That is 25 of 33 layers, of which the last is the output head.
    """
    small = dataclasses.replace(CARD, name="small", free_bytes=8 * units.GIB)
    machine = dataclasses.replace(DESKTOP, gpus=(CARD, small))
    main, first, second = memory.footprint(_mistral(), EngineParams(), machine).devices
    layer = _mistral().shape.kv_bytes_per_token // 32 * 8192
    assert (25 * layer, 7 * layer) == (first.kv_bytes, second.kv_bytes)
    assert 0 == main.kv_bytes


def test_an_integrated_gpu_waits_behind_a_card() -> None:
    """Layers go to an integrated GPU only where there is no other."""
    machine = dataclasses.replace(DESKTOP, gpus=(APPLE, CARD))
    names = [each.device for each in memory.footprint(_mistral(), EngineParams(), machine).devices]
    assert [MAIN_MEMORY, CARD.name] == names


def test_a_mapped_file_is_held_beside_its_repacked_copy(tmp_path: Path) -> None:
    """Where the processor repacks weights, a mapped file doubles them; otherwise nothing does."""
    candidate = _real("llama", tmp_path)
    once = memory.footprint(candidate, EngineParams(), PROCESSOR)
    assert candidate.weights.total_bytes == once.weights_bytes
    twice = memory.footprint(candidate, EngineParams(mmap=True), PROCESSOR)
    copied = sum(candidate.weights.layers_bytes) + candidate.weights.output_bytes
    assert candidate.weights.total_bytes + copied == pytest.approx(twice.weights_bytes, rel=0.001)
    safe = memory.footprint(candidate, EngineParams(mmap=True, extra_buffers=False), PROCESSOR)
    assert candidate.weights.total_bytes == safe.weights_bytes
    plain = _real("llama", tmp_path, "F16")
    mapped = memory.footprint(plain, EngineParams(mmap=True), PROCESSOR)
    assert plain.weights.total_bytes == mapped.weights_bytes


def test_a_quantized_cache_on_a_card_needs_room_for_a_copy() -> None:
    """CUDA's attention copies a quantized cache of one layer to F16, and reserves room for it."""
    plain = memory.footprint(_mistral(), _with_kv(32_768), DESKTOP)
    quantized = memory.footprint(_mistral(), _with_kv(32_768, "q8_0"), DESKTOP)
    more = quantized.devices[1].compute_bytes - plain.devices[1].compute_bytes
    assert 0 < more < 32_768 * 8 * 256 * 2


def test_longest_context_is_the_largest_that_fits() -> None:
    """The longest context fits, and 256 tokens more do not."""
    candidate = _mistral("Q6_K")
    for hardware, kv_type in itertools.product((PROCESSOR, AIR, DESKTOP), KV_TYPES):
        params = _with_kv(0, kv_type)

        def fits(footprint: Footprint) -> bool:
            return footprint.total_bytes <= 7 * units.GIB

        longest = memory.max_context_tokens(candidate, params, hardware, fits)
        here = dataclasses.replace(params, context_tokens=longest)
        more = dataclasses.replace(params, context_tokens=longest + 256)
        assert fits(memory.footprint(candidate, here, hardware))
        at_limit = longest == candidate.trained_context_tokens
        assert at_limit or not fits(memory.footprint(candidate, more, hardware))


def test_longest_context_ends_at_what_was_trained_or_at_nothing() -> None:
    """With all memory it is what the model was trained for, with none it is 0."""
    candidate = _mistral()
    params = EngineParams()
    assert 32_768 == memory.max_context_tokens(candidate, params, PROCESSOR, lambda _: True)
    assert 0 == memory.max_context_tokens(candidate, params, PROCESSOR, lambda _: False)


def test_more_context_never_takes_less() -> None:
    """On every device memory grows with the context, so that a search by halves finds the limit."""
    for hardware in (PROCESSOR, AIR, DESKTOP):
        sizes = [
            memory.footprint(_mistral(), _with_kv(context, "q8_0"), hardware)
            for context in range(256, 32_768, 1792)
        ]
        for less, more in itertools.pairwise(sizes):
            for one, other in zip(less.devices, more.devices, strict=True):
                assert one.total_bytes <= other.total_bytes


def test_every_catalogue_model_has_a_footprint_at_once() -> None:
    """All models of the catalogue are sized in well under a second, with nothing left at zero."""
    known = [candidates.from_catalogue(model) for model in catalogue.catalogue()]
    start = time.process_time()
    sizes = [memory.footprint(each[0], EngineParams(), PROCESSOR) for each in known if each]
    seconds = time.process_time() - start
    assert len(sizes) > 40
    assert all(each.weights_bytes and each.kv_bytes and each.compute_bytes for each in sizes)
    # A tenth of it is usual.
    assert seconds < 2
