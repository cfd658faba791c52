"""The tokens that llama.cpp's samplers choose among."""

import ctypes
import dataclasses

from llama_cpp import llama_cpp

from localchat.engine import wire
from localchat.engine.sampler import LLAMA_CPP_DEFAULTS, Candidates, Sampler

_TOKENS = 64


def test_what_was_ruled_out_is_never_chosen() -> None:
    """Also where the likeliest were sorted before, and just those were ruled out."""
    logits = (ctypes.c_float * _TOKENS)(*(float(-token) for token in range(_TOKENS)))
    likely = llama_cpp.llama_sampler_init_top_k(16)
    barred = (llama_cpp.llama_logit_bias * 8)(
        *(llama_cpp.llama_logit_bias(token, float("-inf")) for token in range(8))
    )
    bars = llama_cpp.llama_sampler_init_logit_bias(_TOKENS, len(barred), barred)
    settings = dataclasses.replace(LLAMA_CPP_DEFAULTS, top_k=4, seed=1)
    chain = Sampler(wire.Sampling(**dataclasses.asdict(settings)), _TOKENS, 64)
    candidates = Candidates(_TOKENS)
    chosen = set()
    for _ in range(40):
        candidates.fill(logits)
        assert candidates.apply(likely)
        assert candidates.apply(bars)
        chosen.add(chain.choose(candidates))
    for sampler in (likely, bars):
        llama_cpp.llama_sampler_free(sampler)
    chain.close()

    assert chosen
    assert chosen <= set(range(8, 12))
