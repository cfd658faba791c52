"""A first evaluation right after loading: a build that crashes on this CPU crashes here.

A single token takes another path through the matrix products than many do, and the known faults
(AMX announced but not usable) show in the second only; so both are tried (DESIGN D11).
"""

from llama_cpp import llama_cpp

from localchat.engine.kvcache import KvCache
from localchat.engine.llama import LlamaModel

_PROMPT_TOKENS = 32


def warm_up(model: LlamaModel, cache: KvCache) -> None:
    """Evaluate 32 tokens and then one more, and forget them.

    Raises EvaluationAborted or EvaluationFailed; a faulty kernel ends the process.
    """
    vocabulary_tokens = llama_cpp.llama_vocab_n_tokens(model.vocabulary)
    prompt = [number * 37 % vocabulary_tokens for number in range(1, _PROMPT_TOKENS + 1)]
    cache.evaluate(prompt[: model.params.batch_tokens], wants_logits=False)
    cache.evaluate(prompt[:1], wants_logits=True)
    llama_cpp.llama_synchronize(model.context)
    cache.clear()
