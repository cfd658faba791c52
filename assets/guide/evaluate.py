"""Ask the quantized Guide its questions through llama.cpp, greedily, and check the key facts.

Prints one line per set: training questions of three kinds (a fixed sample), held-out paraphrases
and held-out off-topic questions. An answer is right when every key pattern
of its fact is found in it; a held-out question about other things when it is refused.
"""

from __future__ import annotations

import argparse
import ctypes
import random
from collections.abc import Sequence
from pathlib import Path

import corpus
import llama_cpp

REFUSAL = "I only know about localchat"
ANSWER_TOKENS = 120


def render(turns: Sequence[tuple[str, str]]) -> str:
    """Write a chat as the file's chat template would; the last turn has an empty answer."""
    text = ""
    for asked, answer in turns:
        text += f"<|im_start|>user\n{asked.strip().lower()}<|im_end|>\n<|im_start|>assistant\n"
        text += f"{answer}<|im_end|>\n" if answer else ""
    return text


class Guide:
    """The GGUF file, opened with llama.cpp's own interface."""

    def __init__(self, path: Path, threads: int, context_tokens: int = 2048) -> None:
        self._quiet = llama_cpp.llama_log_callback(lambda _level, _text, _data: None)
        llama_cpp.llama_log_set(self._quiet, ctypes.c_void_p())
        model_params = llama_cpp.llama_model_default_params()
        model_params.use_extra_bufts = False
        self.model = llama_cpp.llama_model_load_from_file(str(path).encode(), model_params)
        if not self.model:
            raise FileNotFoundError(path)
        params = llama_cpp.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = context_tokens, context_tokens, 512
        params.n_threads = params.n_threads_batch = threads
        self.context = llama_cpp.llama_init_from_model(self.model, params)
        self.vocabulary = llama_cpp.llama_model_get_vocab(self.model)

    def close(self) -> None:
        """Free the model, and give the log back before the function that took it is gone."""
        llama_cpp.llama_free(self.context)
        llama_cpp.llama_model_free(self.model)
        llama_cpp.llama_log_set(llama_cpp.llama_log_callback(0), ctypes.c_void_p())

    def template(self) -> str:
        """Return the chat template that the file carries."""
        return llama_cpp.llama_model_chat_template(self.model, None).decode()

    def tokenize(self, text: str, special: bool = True) -> list[int]:
        """Turn text into token ids."""
        raw = text.encode()
        room = len(raw) + 8
        ids = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(self.vocabulary, raw, len(raw), ids, room, False, special)
        return list(ids[:count])

    def piece(self, token: int) -> bytes:
        """Return the bytes of a token."""
        room = ctypes.create_string_buffer(256)
        count = llama_cpp.llama_token_to_piece(self.vocabulary, token, room, 256, 0, False)
        return room.raw[:count]

    def decode(self, ids: Sequence[int]) -> ctypes.Array[ctypes.c_float]:
        """Evaluate tokens and return the logits after the last of them."""
        tokens = (llama_cpp.llama_token * len(ids))(*ids)
        if llama_cpp.llama_decode(self.context, llama_cpp.llama_batch_get_one(tokens, len(ids))):
            raise RuntimeError("llama.cpp could not decode")
        return llama_cpp.llama_get_logits_ith(self.context, -1)

    def answer(self, turns: Sequence[tuple[str, str]]) -> str:
        """Return the greedy answer to the last turn of a chat."""
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self.context), True)
        size = llama_cpp.llama_vocab_n_tokens(self.vocabulary)
        said, ids = b"", self.tokenize(render(turns))
        for _ in range(ANSWER_TOKENS):
            logits = self.decode(ids)[:size]
            best = max(range(size), key=logits.__getitem__)
            if llama_cpp.llama_vocab_is_eog(self.vocabulary, best):
                break
            said += self.piece(best)
            ids = [best]
        return said.decode(errors="replace")


def is_right(question: corpus.Question, said: str) -> bool:
    """Check the key fact, or for off-topic questions that the Guide refused."""
    if question.fact in ("offtopic", "task"):
        return REFUSAL in said
    return corpus.facts()[question.fact].is_in(said)


def first_questions() -> dict[str, str]:
    """Return for each fact the question that stands first, for the turn before a second one."""
    return {q.fact: q.text for q in reversed(corpus.questions()) if not q.after}


def turns_for(question: corpus.Question, first: dict[str, str]) -> list[tuple[str, str]]:
    """Return the chat in which a question is asked."""
    before = question.after
    earlier = [(first[before], corpus.facts()[before].answer)] if before else []
    return [*earlier, (question.text, "")]


def score(guide: Guide, name: str, questions: Sequence[corpus.Question], show: bool) -> float:
    """Ask all the questions, print the share of right answers, and return it."""
    wrong: list[tuple[corpus.Question, str]] = []
    first = first_questions()
    for question in questions:
        said = guide.answer(turns_for(question, first))
        if not is_right(question, said):
            wrong.append((question, said))
    share = 1 - len(wrong) / len(questions)
    print(f"{name}: {len(questions) - len(wrong)} of {len(questions)}, {share:.1%}", flush=True)
    for question, said in wrong if show else ():
        print(f"  [{question.fact}] {question.text!r} -> {said[:90]!r}")
    return share


def sets(sample: int) -> dict[str, list[corpus.Question]]:
    """Return the sets of questions by name, at most `sample` training questions of each kind."""
    rng = random.Random(0)
    kinds: dict[str, list[corpus.Question]] = {"by hand": [], "templates": [], "second turns": []}
    for question in corpus.questions():
        kind = "by hand" if question.by_hand else "templates"
        kinds["second turns" if question.after else kind].append(question)
    chosen = {
        f"training, {kind}": rng.sample(all_of_it, min(sample, len(all_of_it)))
        for kind, all_of_it in kinds.items()
    }
    held = corpus.heldout()
    chosen["held-out paraphrases"] = [q for q in held if q.fact != "offtopic"]
    chosen["held-out off-topic"] = [q for q in held if q.fact == "offtopic"]
    return chosen


def main() -> None:
    """Measure every set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=corpus.HERE.parent / "guide.gguf")
    parser.add_argument("--sample", type=int, default=600, help="training questions of each kind")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="print the wrong answers")
    parser.add_argument("--dev", action="store_true", help="ask only what tells rounds apart")
    parser.add_argument("--ask", help="print the answer to one question and stop")
    options = parser.parse_args()
    guide = Guide(options.model, options.threads)
    if options.ask:
        print(guide.answer([(options.ask, "")]))
        return
    if options.dev:
        score(guide, "kept out of training", corpus.dev(), options.show)
        return
    for name, questions in sets(options.sample).items():
        score(guide, name, questions, options.show)


if __name__ == "__main__":
    main()
