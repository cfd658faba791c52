"""The network: a small llama in PyTorch, written so that llama.cpp computes the same.

llama.cpp rotates neighboring pairs (2i, 2i + 1) for the llama architecture; so does this file, and
the weights need no permutation on export.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of the network."""

    vocabulary: int
    width: int = 256
    heads: int = 4
    layers: int = 4
    ffn_width: int = 512
    context_tokens: int = 2048
    rope_base: float = 10000.0
    norm_epsilon: float = 1e-5

    @property
    def head_width(self) -> int:
        """The size of one attention head."""
        return self.width // self.heads


def rotation(shape: Shape) -> Tensor:
    """Return the rotary factors of every position, as complex numbers."""
    half = torch.arange(0, shape.head_width, 2).double() / shape.head_width
    angles = torch.outer(torch.arange(shape.context_tokens).double(), shape.rope_base**-half)
    return torch.polar(torch.ones_like(angles), angles).to(torch.complex64)


def rotate(x: Tensor, factors: Tensor) -> Tensor:
    """Apply the rotary position embedding to neighboring pairs."""
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * factors.unsqueeze(1)).flatten(-2)


class Block(nn.Module):
    """One layer: attention and SwiGLU, each behind an RMS norm."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.shape = shape
        width, ffn = shape.width, shape.ffn_width
        self.attn_norm = nn.RMSNorm(width, eps=shape.norm_epsilon)
        self.ffn_norm = nn.RMSNorm(width, eps=shape.norm_epsilon)
        self.attn_q = nn.Linear(width, width, bias=False)
        self.attn_k = nn.Linear(width, width, bias=False)
        self.attn_v = nn.Linear(width, width, bias=False)
        self.attn_output = nn.Linear(width, width, bias=False)
        self.ffn_gate = nn.Linear(width, ffn, bias=False)
        self.ffn_up = nn.Linear(width, ffn, bias=False)
        self.ffn_down = nn.Linear(ffn, width, bias=False)
        self.dropout = nn.Dropout(dropout)

    def attend(self, x: Tensor, factors: Tensor, mask: Tensor | None) -> Tensor:
        """Return what attention adds to the stream."""
        heads = (self.shape.heads, self.shape.head_width)
        q, k, v = (
            layer(x).unflatten(-1, heads).transpose(1, 2)
            for layer in (self.attn_q, self.attn_k, self.attn_v)
        )
        q, k = rotate(q, factors), rotate(k, factors)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)
        return self.attn_output(y.transpose(1, 2).flatten(2))

    def forward(self, x: Tensor, factors: Tensor, mask: Tensor | None) -> Tensor:
        """Run the layer."""
        x = x + self.dropout(self.attend(self.attn_norm(x), factors, mask))
        h = self.ffn_norm(x)
        return x + self.dropout(self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h)))


class Network(nn.Module):
    """The whole model; the output layer is the embedding table."""

    def __init__(self, shape: Shape, dropout: float = 0.0) -> None:
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocabulary, shape.width)
        self.blk = nn.ModuleList(Block(shape, dropout) for _ in range(shape.layers))
        self.output_norm = nn.RMSNorm(shape.width, eps=shape.norm_epsilon)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("factors", rotation(shape), persistent=False)
        for weight in self.parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=0.02)
        for block in self.blk:
            for layer in (block.attn_output, block.ffn_down):
                nn.init.normal_(layer.weight, std=0.02 / (2 * shape.layers) ** 0.5)

    def forward(self, tokens: Tensor, positions: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the normalized hidden states; `mask` is None for plain causal attention."""
        factors = self.factors[positions]
        x = self.dropout(self.token_embd(tokens))
        for block in self.blk:
            x = block(x, factors, mask)
        return self.output_norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """Return the scores of the next token."""
        return hidden @ self.token_embd.weight.T
