"""Write the trained network as a GGUF file and quantize it with llama.cpp."""

from __future__ import annotations

import json
from pathlib import Path

import gguf
import llama_cpp
import numpy as np
from network import Network
from tokenizers import Tokenizer

CONTROL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
# Case tells this model nothing ("Hello" is "hello"), so that questions reach it in lower case.
CHAT_TEMPLATE = (
    "{%- for message in messages %}"
    "{%- set text = message['content'] | trim %}"
    "{%- if message['role'] == 'user' %}{%- set text = text | lower %}{%- endif %}"
    "{{- '<|im_start|>' + message['role'] + '\\n' + text + '<|im_end|>\\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)
DESCRIPTION = (
    "A tiny chat model trained from scratch that answers questions about localchat, and nothing "
    "else. Its script and corpus are in assets/guide."
)


def _write_tokenizer(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([control if t in CONTROL_TOKENS else normal for t in tokens])
    writer.add_token_merges([" ".join(pair) for pair in model["merges"]])
    begin, _, end = (tokenizer.token_to_id(token) for token in CONTROL_TOKENS)
    writer.add_bos_token_id(begin)
    writer.add_pad_token_id(begin)
    writer.add_eos_token_id(end)
    writer.add_eot_token_id(end)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def _write_metadata(writer: gguf.GGUFWriter, network: Network) -> None:
    shape = network.shape
    writer.add_name("localchat Guide")
    writer.add_description(DESCRIPTION)
    writer.add_license("MIT")
    writer.add_languages(["en"])
    writer.add_size_label(f"{sum(p.numel() for p in network.parameters()) / 1e6:.1f}M")
    writer.add_context_length(shape.context_tokens)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.ffn_width)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_sampling_temp(0.0)


def write_f32(network: Network, tokenizer: Tokenizer, path: Path) -> None:
    """Write the network in full precision."""
    writer = gguf.GGUFWriter(path, "llama")
    _write_metadata(writer, network)
    _write_tokenizer(writer, tokenizer)
    for name, weight in network.state_dict().items():
        writer.add_tensor(name, weight.detach().numpy().astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def quantize(source: Path, target: Path, kind: str) -> None:
    """Quantize a GGUF file; `kind` is a name such as Q8_0.

    Raises RuntimeError when llama.cpp refuses.
    """
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{kind}")
    if llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), params):
        raise RuntimeError(f"llama.cpp could not quantize {source} to {kind}")
