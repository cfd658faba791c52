"""One file of one model, as far as planning needs to know it.

Comes from a header (exact) or from the catalogue (sizes known to the last printed digit).
"""

from dataclasses import dataclass
from pathlib import Path

from localchat.models.quants import Quant
from localchat.models.shapes import Shape
from localchat.models.weights import Weights as Weights


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model in one quantization."""

    model: str
    """The catalogue's id, or the file's path as it was given."""
    title: str
    architecture: str
    label: str
    """The quantization as the repository or the file writes it, such as "UD-Q4_K_XL"."""
    quant: Quant | None
    """None when it is none that localchat knows."""
    file_bytes: int
    uncertainty_bytes: int
    """The file's true size is at most so far away; 0 when it is known to the byte."""
    shape: Shape
    weights: Weights
    parameters: int
    effective_parameters: float
    """The size of a dense model that loses as much when quantized: sqrt(total x active)."""
    trained_context_tokens: int
    has_imatrix: bool = False
    is_quantization_aware: bool = False
    tier: int | None = None
    """1 to 9 from the catalogue; None for files that it does not know."""
    path: Path | None = None
    """The local file; None when it is not on this disk."""
