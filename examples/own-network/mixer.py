"""A network of one's own, as docs/own-network.md describes it: an MLP-Mixer (Tolstikhin et al. 2021), without attention
or convolution.

Tokens are mixed by two small matrices with a row for every place of the grid. Of an image with hidden tokens only the
rows of its visible ones are taken, so that one set of weights serves masked pretraining and whole images.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from maskdm_torch.networks import NetworkShape
from maskdm_torch.networks.blocks import TimestepTable
from torch import Tensor, nn


class MixerBlock(nn.Module):
    """What timestep and class say shifts and scales the tokens before both mixings."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        dim, hidden = shape.embed_dim, shape.embed_dim // 2
        self.tokens = shape.tokens
        self.norm = nn.LayerNorm(dim)
        self.gather = nn.Parameter(torch.randn(shape.tokens, hidden) / shape.tokens**0.5)
        self.spread = nn.Parameter(torch.zeros(shape.tokens, hidden))
        self.channel_norm = nn.LayerNorm(dim)
        self.channels = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))
        self.condition = nn.Linear(dim, 4 * dim)

    def forward(self, x: Tensor, positions: Tensor, condition: Tensor) -> Tensor:
        shift, scale, shift2, scale2 = self.condition(condition)[:, None].chunk(4, dim=-1)
        mixed = self.norm(x) * (1 + scale) + shift
        # As if the hidden tokens were like the visible ones: a sum over all N places.
        share = self.tokens / x.shape[1]
        summed = F.gelu(share * self.gather[positions].transpose(1, 2) @ mixed)
        x = x + self.spread[positions] @ summed
        return x + self.channels(self.channel_norm(x) * (1 + scale2) + shift2)


class Mixer(nn.Module):
    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        dim = shape.embed_dim
        self.classes = shape.num_classes
        self.embed = nn.Linear(shape.token_elements, dim)
        self.places = nn.Parameter(0.02 * torch.randn(shape.tokens, dim))
        self.timesteps = TimestepTable(shape, dim)
        self.time = nn.Sequential(nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, dim))
        # One row more than there are classes: that of no class.
        self.labels = nn.Embedding(shape.num_classes + 1, dim) if shape.num_classes else None
        self.blocks = nn.ModuleList(MixerBlock(shape) for _ in range(shape.depth))
        self.norm = nn.LayerNorm(dim)
        self.output = nn.Linear(dim, shape.token_elements)

    def forward(self, tokens: Tensor, positions: Tensor, timesteps: Tensor, labels: Tensor | None) -> Tensor:
        """[B, S, p*p*C] noisy patches, [B, S] their places, [B] timesteps, [B] classes -> [B, S, p*p*C]"""
        x = self.embed(tokens) + self.places[positions]
        condition = self.time(self.timesteps(timesteps))
        if self.labels is not None:
            condition = condition + self.labels(labels)
        for block in self.blocks:
            x = block(x, positions, F.silu(condition))
        return self.output(self.norm(x))
