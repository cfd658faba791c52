"""What a GGUF header says, as a value, and what follows from it about the model.

Knows nothing of files or bytes: `gguf` reads them. Text in it is untrusted.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from localchat.models import quants
from localchat.models.quants import TensorType

_GUESSED_FILE_TYPE = 1024

_ENCODERS = frozenset(
    {
        "bert", "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2",
        "jina-bert-v3", "eurobert", "gemma-embedding", "llama-embed", "t5encoder",
    }
)  # fmt: skip
_DRAFT_HEADS = frozenset({"eagle3", "dflash", "gemma4-assistant"})
_DIFFUSION = frozenset({"dream", "llada", "llada-moe", "rnd1"})
_AUDIO = frozenset({"wavtokenizer-dec", "qwen3tts", "pockettts"})
_EMBEDDING_POOLING = frozenset({1, 2, 3})
_RANKING_POOLING = 4


@dataclass(frozen=True, slots=True)
class Array:
    """An array of the metadata; long ones, such as vocabularies, are not kept."""

    item_type: str
    """Such as "string" or "int32"."""
    length: int
    values: tuple[int | float | bool | str, ...] | None
    """None when the array was too long to keep."""


Value = int | float | bool | str | Array


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor's place and shape."""

    name: str
    shape: tuple[int, ...]
    """Elements in each dimension, the row length first, as GGUF stores it."""
    type: TensorType
    offset_bytes: int
    """From the start of the tensor data."""
    elements: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Header:
    """Everything before the tensor data of one GGUF file."""

    version: int
    metadata: Mapping[str, Value]
    tensors: tuple[Tensor, ...]
    alignment_bytes: int
    data_offset_bytes: int
    """Where the tensor data begins in the file."""

    @property
    def tensor_bytes(self) -> int:
        """The size of all tensors, without padding between them."""
        return sum(tensor.size_bytes for tensor in self.tensors)

    @property
    def file_bytes(self) -> int:
        """The least size of the file that holds every tensor whole."""
        if not self.tensors:
            return self.data_offset_bytes
        last = self.tensors[-1]
        return self.data_offset_bytes + last.offset_bytes + last.size_bytes

    @property
    def parameters(self) -> int:
        """How many numbers the tensors hold, in this file."""
        return sum(tensor.elements for tensor in self.tensors)

    @property
    def architecture(self) -> str:
        """Such as "llama"; empty when the file does not say."""
        return self.text("general.architecture")

    @property
    def name(self) -> str:
        """The name its maker gave the model; empty when the file does not say."""
        return self.text("general.name").strip()

    @property
    def trained_context_tokens(self) -> int:
        """The context the model was trained for; 0 when the file does not say."""
        return self.number(f"{self.architecture}.context_length")

    @property
    def layers(self) -> int:
        """How many blocks the model has; 0 when the file does not say."""
        return self.number(f"{self.architecture}.block_count")

    @property
    def chat_template(self) -> str:
        """The Jinja source of the model's chat template; empty when there is none."""
        return self.text("tokenizer.chat_template")

    @property
    def quant(self) -> str:
        """The quantization's name: what the file says, or else the format of most bytes."""
        stated = self.number("general.file_type", -1) & ~_GUESSED_FILE_TYPE
        if stated in quants.FILE_TYPES:
            return quants.FILE_TYPES[stated]
        by_type: Counter[str] = Counter()
        for tensor in self.tensors:
            by_type[tensor.type.name] += tensor.size_bytes
        return by_type.most_common(1)[0][0] if by_type else ""

    @property
    def not_a_chat_model(self) -> str:
        """Why this is no model to chat with, as the end of "This file ..."; empty when it is one.

        >>> Header(3, {"general.architecture": "clip"}, (), 32, 0).not_a_chat_model
        'is the vision or audio part of a model (mmproj), not a model to chat with'
        """
        return self._other_kind() or self._other_architecture() or self._not_whole()

    def text(self, key: str) -> str:
        """Return a text of the metadata; empty when there is none."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str, missing: int = 0) -> int:
        """Return a whole number of the metadata, or `missing`."""
        value = self.metadata.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else missing

    def _other_kind(self) -> str:
        kind = self.text("general.type")
        if self.architecture == "clip" or kind == "mmproj":
            return "is the vision or audio part of a model (mmproj), not a model to chat with"
        if kind == "adapter" or "adapter.type" in self.metadata:
            return "is a LoRA adapter, which changes a model but is none itself"
        if kind == "imatrix":
            return "is an importance matrix, made for quantizing a model"
        return ""

    def _other_architecture(self) -> str:
        architecture = self.architecture
        pooling = self.number(f"{architecture}.pooling_type")
        if pooling == _RANKING_POOLING:
            return "is a reranker: it scores texts and cannot chat"
        if architecture in _ENCODERS or pooling in _EMBEDDING_POOLING:
            return "is an embedding model: it turns text into numbers and cannot chat"
        if architecture in _DRAFT_HEADS:
            return "is a draft model that only works beside a bigger one"
        if architecture in _DIFFUSION:
            return "is a diffusion language model, which cannot answer word by word"
        if architecture in _AUDIO:
            return "is an audio model and cannot chat"
        return ""

    def _not_whole(self) -> str:
        number, count = self.number("split.no"), self.number("split.count", 1)
        if number > 0:
            return f"is part {number + 1} of {count} of a model: open its first part"
        if not self.tensors:
            return "holds a vocabulary only, no weights"
        if not self.architecture:
            return "does not say which architecture it has"
        return ""
