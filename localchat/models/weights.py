"""Where the bytes of a model's tensors lie, as far as it matters for which device holds them.

Knows nothing of devices: `fit` places them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weights:
    """Where the bytes of a model's tensors lie.

    The input embedding stays in main memory; the output head counts as one more layer and goes
    to the GPU first, then the layers from the last one on (llama.cpp, llama-model.cpp).
    """

    embedding_bytes: int
    """The input embedding and what belongs to it; where `tied`, its matrix is the head's too."""
    output_bytes: int
    """The output head and its norm; where `tied`, what a second copy on a GPU takes."""
    tied: bool
    """One matrix serves as input embedding and output head."""
    layers_bytes: tuple[int, ...]
    """Each layer, its routed experts included."""
    experts_bytes: tuple[int, ...]
    """Of each layer, its routed experts."""
    head_norm_bytes: int = 0
    """Of a tied `output_bytes`, what is no copy: the norm before the head."""
    head_format: str = ""
    """The number format of the head's matrix, such as "Q6_K"; empty when not known."""
    formats: tuple[tuple[str, int], ...] = ()
    """How many bytes the matrices of the layers have in each number format."""
    largest_bytes: int = 0
    """The largest matrix of any layer, all experts of one kind together."""

    @property
    def total_bytes(self) -> int:
        """All tensors of the file."""
        head = self.head_norm_bytes if self.tied else self.output_bytes
        return self.embedding_bytes + head + sum(self.layers_bytes)
