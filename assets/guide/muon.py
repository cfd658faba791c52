"""The Muon optimizer, in float32 and batched over matrices of one shape.

PyTorch's own orthogonalizes in bfloat16, which most CPUs compute slowly. The iteration and its
coefficients are those of Keller Jordan's Muon; the step is scaled to the size of an Adam step.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonalize(batch: Tensor, rounds: int = 5) -> Tensor:
    """Move the singular values of each matrix toward 1 (Newton-Schulz iteration)."""
    a, b, c = COEFFICIENTS
    tall = batch.shape[-2] > batch.shape[-1]
    x = batch.mT if tall else batch
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(rounds):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Momentum whose step is orthogonalized, for the matrices inside the layers."""

    def __init__(
        self, params: Iterable[Tensor], lr: float, momentum: float = 0.95, decay: float = 0.05
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # noqa: ARG002 (the signature of the base class)
        """Update every matrix that has a gradient."""
        for group in self.param_groups:
            shapes: dict[torch.Size, list[Tensor]] = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    shapes.setdefault(weight.shape, []).append(weight)
            for shape, weights in shapes.items():
                steps = torch.stack([self._momentum(w, group["momentum"]) for w in weights])
                scale = group["lr"] * 0.2 * max(shape) ** 0.5
                for weight, update in zip(weights, orthogonalize(steps), strict=True):
                    weight.mul_(1 - group["lr"] * group["decay"]).sub_(update, alpha=scale)

    def _momentum(self, weight: Tensor, momentum: float) -> Tensor:
        """Return the Nesterov momentum of a weight's gradient."""
        grad = weight.grad
        assert grad is not None
        state = self.state[weight]
        buffer = state.setdefault("momentum", torch.zeros_like(weight))
        buffer.lerp_(grad, 1 - momentum)
        return grad.lerp(buffer, momentum)
