"""What networks share: embeddings, normalisation, attention and MLP, with their published names."""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .shape import NetworkShape

RMS_EPSILON = 1e-6


def timestep_embedding(timesteps: Tensor, dim: int) -> Tensor:
    """Sinusoidal embedding of timesteps [B] -> [B, dim] float64, cosines first, longest period 10000."""
    half = dim // 2
    frequencies = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float64) / half)
    angles = timesteps.double()[:, None] * frequencies
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


class TimestepTable(nn.Module):
    """That embedding of every timestep, looked up: in float32 the angles of late timesteps would be inexact."""

    def __init__(self, shape: NetworkShape, dim: int) -> None:
        super().__init__()
        table = timestep_embedding(torch.arange(shape.timesteps), dim).float()
        self.register_buffer("table", table, persistent=False)

    def forward(self, timesteps: Tensor) -> Tensor:
        return F.embedding(timesteps, self.table)


def grid_positions(dim: int, grid: int) -> Tensor:
    """Fixed positions [g * g, dim] float64 (Peebles & Xie 2022): one half of the column, one of the row, sines
    first."""
    omega = 1 / 10000 ** (torch.arange(dim // 4, dtype=torch.float64) / (dim / 4))
    angles = torch.arange(grid, dtype=torch.float64)[:, None] * omega
    one = torch.cat([angles.sin(), angles.cos()], dim=1)
    columns, rows = one.expand(grid, -1, -1), one[:, None].expand(-1, grid, -1)
    return torch.cat([columns, rows], dim=-1).flatten(0, 1)


def norm_layer(shape: NetworkShape, learned: bool = True, epsilon: float = 1e-5) -> nn.Module:
    """What normalises the tokens, with or without gains of its own; epsilon is that of layers."""
    if shape.norm == "rms":
        return nn.RMSNorm(shape.embed_dim, eps=RMS_EPSILON, elementwise_affine=learned)
    return nn.LayerNorm(shape.embed_dim, eps=epsilon, elementwise_affine=learned)


class PatchEmbed(nn.Module):
    """Linear map of a patch; its weight has the shape of the convolution that it equals."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.proj = nn.Conv2d(shape.channels, shape.embed_dim, shape.patch_size, stride=shape.patch_size)

    def forward(self, tokens: Tensor) -> Tensor:
        """[B, F, p*p*C] -> [B, F, D]"""
        return F.linear(tokens, self.proj.weight.permute(0, 2, 3, 1).flatten(1), self.proj.bias)


class Attention(nn.Module):
    """Multi-head self-attention; with qk_norm queries and keys of every head are normalised before they are
    compared."""

    def __init__(self, shape: NetworkShape, bias: Literal["all", "queries and values", "none"]) -> None:
        super().__init__()
        dim = shape.embed_dim
        self.num_heads = shape.num_heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=bias == "all")
        own = bias == "queries and values"
        self.q_bias = nn.Parameter(torch.zeros(dim)) if own else None
        self.v_bias = nn.Parameter(torch.zeros(dim)) if own else None
        width = dim // shape.num_heads
        self.q_norm = nn.RMSNorm(width, eps=RMS_EPSILON) if shape.qk_norm == "rms" else nn.Identity()
        self.k_norm = nn.RMSNorm(width, eps=RMS_EPSILON) if shape.qk_norm == "rms" else nn.Identity()
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """[B, n, D] -> [B, n, D]"""
        bias = self.qkv.bias
        if self.q_bias is not None:
            bias = torch.cat([self.q_bias, torch.zeros_like(self.q_bias), self.v_bias])
        heads = F.linear(x, self.qkv.weight, bias).unflatten(-1, (3, self.num_heads, -1))
        q, k, v = heads.permute(2, 0, 3, 1, 4)
        # Norms may compute in float32 where products do not.
        q, k = self.q_norm(q).to(v.dtype), self.k_norm(k).to(v.dtype)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    """Two layers with GELU between, itself or its approximation with tanh, as the published networks have it."""

    def __init__(self, shape: NetworkShape, approximate: Literal["none", "tanh"]) -> None:
        super().__init__()
        hidden = int(shape.embed_dim * shape.mlp_ratio)
        self.fc1 = nn.Linear(shape.embed_dim, hidden)
        self.fc2 = nn.Linear(hidden, shape.embed_dim)
        self.approximate = approximate

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x), approximate=self.approximate))


class SwiGlu(nn.Module):
    """Shazeer 2020, with the layers' names of DINOv2; two thirds of the width, rounded up to a multiple of 8."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        hidden = (int(int(shape.embed_dim * shape.mlp_ratio) * 2 / 3) + 7) // 8 * 8
        self.w12 = nn.Linear(shape.embed_dim, 2 * hidden)
        self.w3 = nn.Linear(hidden, shape.embed_dim)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.w12(x).chunk(2, dim=-1)
        return self.w3(F.silu(gate) * value)


def mlp_layer(shape: NetworkShape, approximate: Literal["none", "tanh"]) -> nn.Module:
    """What follows attention in a block."""
    return SwiGlu(shape) if shape.mlp == "swiglu" else Mlp(shape, approximate)


def class_numbers(labels: Tensor | None, timesteps: Tensor, classes: int) -> Tensor:
    """Rows of a table of embeddings whose last one stands for no class: a label that is none, or no labels at all."""
    if labels is None:
        return torch.full_like(timesteps, classes)
    return torch.where((labels < 0) | (labels >= classes), classes, labels)
