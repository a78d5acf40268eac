"""Blocks in the middle that see visible tokens only (docs/hidden-tokens.md), for every network alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ..tokens import gather_tokens
from .shape import NetworkShape

Layer = Callable[[Tensor], Tensor]


class SparseMiddle(nn.Module):
    """route: TREAD (Krause et al. 2025); fuse: SPRINT (Park et al. 2025); drop: none of it.

    Only fuse has tensors: the token that stands for hidden ones, and the layer that joins both paths.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.mode = shape.mode
        self.dense_blocks = {"drop": 0, "route": shape.route_from, "fuse": shape.fuse_blocks}[shape.mode]
        if shape.mode == "fuse":
            self.mask_token = nn.Parameter(torch.zeros(1, shape.embed_dim))
            self.linear = nn.Linear(2 * shape.embed_dim, shape.embed_dim)

    def through(self, blocks: Sequence[Layer], x: Tensor, kept: Tensor) -> Tensor:
        """x [B, n, D] through all blocks in their order; kept [B, m]: those of the n tokens that the middle sees."""
        ends = min(self.dense_blocks, (len(blocks) - 1) // 2)
        dense = _run(blocks[:ends], x)
        is_hiding = self.mode != "drop" and kept.shape[1] < x.shape[1]
        x = _run(blocks[ends : len(blocks) - ends], gather_tokens(dense, kept) if is_hiding else dense)
        if is_hiding:
            rest = dense if self.mode == "route" else self.mask_token.to(dense.dtype).expand_as(dense)
            x = rest.scatter(1, kept[..., None].expand_as(x), x.to(rest.dtype))
        if self.mode == "fuse":
            x = self.linear(torch.cat([x, dense], dim=-1))
        return _run(blocks[len(blocks) - ends :], x)


def _run(blocks: Sequence[Layer], x: Tensor) -> Tensor:
    for block in blocks:
        x = block(x)
    return x
