"""What a token makes each device do."""

import dataclasses

import pytest

from localchat.fit import memory, work
from localchat.fit.candidate import Candidate, Weights
from localchat.fit.params import EngineParams
from localchat.fit.work import Split
from localchat.machine.hardware import Gpu, Hardware
from localchat.models.shapes import Attention, Experts, Recurrent, Shape
from tests.fit.test_speed import llama

_GIB = 2**30
_CPU = Hardware("linux", "x", 4, 0, 32 * _GIB, 24 * _GIB, 8, 4)
_GPU = dataclasses.replace(
    _CPU, gpus=(Gpu("NVIDIA GeForce RTX 3060", "cuda", 12 * _GIB, 12 * _GIB),)
)
_DENSE = llama("llama-3-8b", "Q4_K_S", 4.36, 128_256, 8)


def split(model: Candidate, hardware: Hardware = _CPU, gpu_layers: int = -1) -> Split:
    """Split a token's work with a context of 4,096 tokens."""
    params = EngineParams(context_tokens=4096, gpu_layers=gpu_layers)
    return work.split(model, memory.footprint(model, params, hardware), params)


def mixture() -> Candidate:
    """Four layers of 10 MB, 8 of them in 16 experts of which 2 work."""
    shape = Shape(4, (Attention(4, 2, 64, 64),), experts=Experts(16, 2, 512), embedding=512)
    weights = Weights(1_000_000, 2_000_000, False, (10_000_000,) * 4, (8_000_000,) * 4)
    return dataclasses.replace(_DENSE, shape=shape, weights=weights)


def test_a_dense_model_is_read_whole_but_for_its_input() -> None:
    """Of the input embedding a token reads one row; all else is read."""
    found = split(_DENSE)
    weights = _DENSE.weights
    assert weights.total_bytes - weights.embedding_bytes == found.host.weights_bytes
    assert 32 == found.host.layers
    assert found.gpu.is_nothing
    assert 4096 * 32 * 8 * 256 * 2 == found.host.kv_bytes


def test_tied_embeddings_are_read_as_the_output() -> None:
    """One matrix at both ends is read once, as the head."""
    tied = Weights(5_000_000, 5_000_000, True, (10_000_000,) * 2, (0, 0))
    model = dataclasses.replace(_DENSE, shape=Shape(2, (Attention(2, 2, 64, 64),)), weights=tied)
    assert 25_000_000 == split(model).host.weights_bytes


def test_only_the_experts_at_work_are_read() -> None:
    """Two experts of sixteen are an eighth of the experts' bytes; more happens in each layer."""
    found = split(mixture())
    assert 4 * (2_000_000 + 1_000_000) + 2_000_000 == found.host.weights_bytes
    assert found.host.layers > 4


@pytest.mark.parametrize(("gpu_layers", "on_gpu"), [(0, 0), (1, 0), (9, 8), (33, 32), (-1, 32)])
def test_layers_are_divided_as_llama_cpp_does(gpu_layers: int, on_gpu: int) -> None:
    """The head goes to the GPU first, then the last layers; nothing is lost in between."""
    found = split(_DENSE, _GPU, gpu_layers)
    assert (32 - on_gpu, on_gpu) == (found.host.layers, found.gpu.layers)
    whole = split(_DENSE).host.weights_bytes
    assert whole == found.host.weights_bytes + found.gpu.weights_bytes
    head = _DENSE.weights.output_bytes if gpu_layers else 0
    assert head + sum(_DENSE.weights.layers_bytes[32 - on_gpu :]) == found.gpu.weights_bytes


def test_experts_may_stay_with_the_processor() -> None:
    """Layers on the GPU, their experts in main memory: both work on every token."""
    params = EngineParams(context_tokens=4096, experts_on_cpu=True)
    model = mixture()
    found = work.split(model, memory.footprint(model, params, _GPU), params)
    assert 4 * 1_000_000 == found.host.weights_bytes
    assert 4 * 2_000_000 + 2_000_000 == found.gpu.weights_bytes


def test_a_recurrent_state_is_read_and_written_at_every_token() -> None:
    """Also with an empty context; and it does not grow with it."""
    state = Recurrent(2, 1024, 1, 128, 4)
    shape = Shape(4, (Attention(2, 2, 64, 64),), recurrent=state)
    weights = Weights(1_000_000, 1_000_000, False, (10_000_000,) * 4, (0,) * 4)
    model = dataclasses.replace(_DENSE, shape=shape, weights=weights)
    found = split(model)
    assert 41_000_000 + 2 * state.state_bytes == found.host.weights_bytes
    assert 4096 * 2 * 2 * 128 * 2 == found.host.kv_bytes
