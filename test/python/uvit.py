"""A plain PyTorch U-ViT, written from the method's section 5: the reference that the engine is checked against.

Nothing here knows the engine. The parameter names and shapes are those of the authors' released code, so that a checkpoint of
this project loads with ``load_state_dict(strict=True)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class UViTConfig:
    """Shape of the network; the keys are those of the experiment file."""

    image_size: int
    channels: int
    patch_size: int
    embed_dim: int
    depth: int
    num_heads: int
    mlp_ratio: float = 4.0
    qkv_bias: bool = False
    time_embedding: str = "sinusoidal"  # or "mlp"
    qk_norm: str = "none"  # or "rms"
    norm: str = "layer"  # or "rms"
    mlp: str = "gelu"  # or "swiglu"
    positions: str = "learned"  # or "sincos"
    output_conv: str = "none"  # or "residual"
    num_classes: int = 0
    backbone: str = "uvit"  # or "dit", see dit.py
    attention: str = "explicit"  # or "sdpa": the same numbers, another kernel
    mode: str = "drop"  # or "route" or "fuse": what becomes of hidden tokens
    route_from: int = 2
    fuse_blocks: int = 2

    @staticmethod
    def from_json(values: dict) -> "UViTConfig":
        """Takes the keys it knows and ignores the rest of an experiment's ``data``, ``model`` and ``mask`` sections."""
        known = {field.name for field in fields(UViTConfig)}
        return UViTConfig(**{key: value for key, value in values.items() if key in known})

    @property
    def grid_size(self) -> int:
        return self.image_size // self.patch_size

    @property
    def tokens(self) -> int:
        return self.grid_size**2

    @property
    def token_elements(self) -> int:
        return self.patch_size**2 * self.channels


def timestep_embedding(timesteps: Tensor, dim: int, max_period: float = 10000.0) -> Tensor:
    """Sinusoidal embedding of integer timesteps [B] -> [B, dim] in float64, cosines first."""
    half = dim // 2
    frequencies = torch.exp(-math.log(max_period) * torch.arange(half, dtype=torch.float64) / half)
    angles = timesteps.double()[:, None] * frequencies[None]
    embedding = torch.cat([torch.cos(angles), torch.sin(angles)], dim=-1)
    if dim % 2:
        embedding = F.pad(embedding, (0, 1))
    return embedding


def images_to_tokens(images: Tensor, patch_size: int) -> Tensor:
    """[B, H, W, C] -> [B, N, p, p, C]; token index = row * g + column."""
    batch, height, width, channels = images.shape
    rows, columns = height // patch_size, width // patch_size
    tiles = images.reshape(batch, rows, patch_size, columns, patch_size, channels)
    return tiles.permute(0, 1, 3, 2, 4, 5).reshape(batch, rows * columns, patch_size, patch_size, channels)


def gather_tokens(tokens: Tensor, visible: Tensor) -> Tensor:
    """Keeps tokens[b, visible[b, s]]: [B, N, ...] and [B, S] -> [B, S, ...]."""
    index = visible.reshape(*visible.shape, *([1] * (tokens.dim() - 2))).expand(-1, -1, *tokens.shape[2:])
    return torch.gather(tokens, 1, index)


def grid_positions(dim: int, grid: int) -> Tensor:
    """[1, grid*grid, dim] in float64: first half of the columns, second half of the rows, each sines then cosines."""
    omega = 1.0 / 10000 ** (torch.arange(dim // 4, dtype=torch.float64) / (dim / 4))
    rows, columns = torch.meshgrid(torch.arange(grid), torch.arange(grid), indexing="ij")

    def one(coordinate: Tensor) -> Tensor:
        angles = coordinate.reshape(-1).double()[:, None] * omega[None]
        return torch.cat([angles.sin(), angles.cos()], dim=1)

    return torch.cat([one(columns), one(rows)], dim=1)[None]


def norm_layer(config: UViTConfig) -> nn.Module:
    """What normalises the tokens."""
    return nn.RMSNorm(config.embed_dim, eps=1e-6) if config.norm == "rms" else nn.LayerNorm(config.embed_dim, eps=1e-5)


def query_key_norms(config: UViTConfig) -> tuple[nn.Module, nn.Module]:
    """What normalises the queries and the keys of a head, [..., embed_dim / num_heads]."""
    if config.qk_norm == "none":
        return nn.Identity(), nn.Identity()
    width = config.embed_dim // config.num_heads
    return nn.RMSNorm(width, eps=1e-6), nn.RMSNorm(width, eps=1e-6)


class SparseMiddle(nn.Module):
    """Blocks in the middle that see visible tokens only: TREAD's route (2501.04765), SPRINT's fuse (2510.21986), or none of it.

    Only fuse has tensors: the token that stands for hidden ones, and the layer that joins both paths.
    """

    def __init__(self, config: UViTConfig) -> None:
        super().__init__()
        self.mode = config.mode
        self.ends = {"drop": 0, "route": config.route_from, "fuse": config.fuse_blocks}[config.mode]
        if config.mode == "fuse":
            self.mask_token = nn.Parameter(torch.zeros(1, config.embed_dim))
            self.linear = nn.Linear(2 * config.embed_dim, config.embed_dim)

    def through(self, blocks: list, x: Tensor, kept: Tensor) -> Tensor:
        """x [B, n, D] through all blocks; kept [B, m]: the tokens that the middle sees."""
        if self.mode == "drop":
            for block in blocks:
                x = block(x)
            return x
        ends = min(self.ends, (len(blocks) - 1) // 2)
        for block in blocks[:ends]:
            x = block(x)
        dense = x
        x = gather_tokens(x, kept)
        for block in blocks[ends : len(blocks) - ends]:
            x = block(x)
        index = kept[..., None].expand_as(x)
        if self.mode == "route":
            x = dense.scatter(1, index, x)
        else:
            padded = self.mask_token.expand_as(dense).scatter(1, index, x)
            x = self.linear(torch.cat([padded, dense], dim=-1))
        for block in blocks[len(blocks) - ends :]:
            x = block(x)
        return x


class OutputConv(nn.Conv2d):
    """y + conv3x3(y) over whole images; tokens of which some are absent stay as they are."""

    def __init__(self, config: UViTConfig) -> None:
        super().__init__(config.channels, config.channels, 3, padding=1)
        self.config = config

    def forward(self, output: Tensor) -> Tensor:
        """[B, F, p*p*C] -> the same"""
        config = self.config
        if output.shape[1] < config.tokens:
            return output
        grid, p = config.grid_size, config.patch_size
        tiles = output.reshape(-1, grid, grid, p, p, config.channels)
        images = tiles.permute(0, 5, 1, 3, 2, 4).reshape(-1, config.channels, config.image_size, config.image_size)
        changed = images + super().forward(images)
        return images_to_tokens(changed.permute(0, 2, 3, 1), p).flatten(2)


def output_layer(config: UViTConfig) -> nn.Module:
    """What follows the network's own output layer."""
    return nn.Identity() if config.output_conv == "none" else OutputConv(config)


def fed_tokens(config: UViTConfig, visible: Tensor) -> Tensor:
    """Tokens that enter the network: the visible ones, or all of them where hidden ones are not dropped."""
    return visible if config.mode == "drop" else torch.arange(config.tokens).expand(len(visible), -1)


class PatchEmbed(nn.Module):
    """Linear map of one patch; its weight has the shape of the convolution that it equals."""

    def __init__(self, config: UViTConfig) -> None:
        super().__init__()
        self.proj = nn.Conv2d(config.channels, config.embed_dim, config.patch_size, stride=config.patch_size)

    def forward(self, tokens: Tensor) -> Tensor:
        """[B, S, p, p, C] -> [B, S, D]."""
        flat = tokens.permute(0, 1, 4, 2, 3).flatten(2)
        return F.linear(flat, self.proj.weight.flatten(1), self.proj.bias)


class Attention(nn.Module):
    def __init__(self, config: UViTConfig) -> None:
        super().__init__()
        self.num_heads = config.num_heads
        self.kernel = config.attention
        self.qkv = nn.Linear(config.embed_dim, 3 * config.embed_dim, bias=False)
        if config.qkv_bias:
            self.q_bias = nn.Parameter(torch.zeros(config.embed_dim))
            self.v_bias = nn.Parameter(torch.zeros(config.embed_dim))
        else:
            self.q_bias = self.v_bias = None
        self.q_norm, self.k_norm = query_key_norms(config)
        self.proj = nn.Linear(config.embed_dim, config.embed_dim)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, dim = x.shape
        bias = None
        if self.q_bias is not None:
            bias = torch.cat([self.q_bias, torch.zeros_like(self.q_bias), self.v_bias])
        qkv = F.linear(x, self.qkv.weight, bias).reshape(batch, length, 3, self.num_heads, dim // self.num_heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        q, k = self.q_norm(q), self.k_norm(k)
        if self.kernel == "sdpa":
            mixed = F.scaled_dot_product_attention(q, k, v)
        else:
            scores = (q * (dim // self.num_heads) ** -0.5) @ k.transpose(-2, -1)
            mixed = scores.softmax(dim=-1) @ v
        return self.proj(mixed.transpose(1, 2).reshape(batch, length, dim))


class SwiGlu(nn.Module):
    """Shazeer 2020, with the layers' names of DINOv2; two thirds of the width, rounded up to a multiple of 8."""

    def __init__(self, config: UViTConfig) -> None:
        super().__init__()
        hidden = (int(int(config.embed_dim * config.mlp_ratio) * 2 / 3) + 7) // 8 * 8
        self.w12 = nn.Linear(config.embed_dim, 2 * hidden)
        self.w3 = nn.Linear(hidden, config.embed_dim)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.w12(x).chunk(2, dim=-1)
        return self.w3(F.silu(gate) * value)


class Mlp(nn.Module):
    def __init__(self, config: UViTConfig) -> None:
        super().__init__()
        hidden = int(config.embed_dim * config.mlp_ratio)
        self.fc1 = nn.Linear(config.embed_dim, hidden)
        self.fc2 = nn.Linear(hidden, config.embed_dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    """Pre-LN attention and MLP, both residual; an out-block first joins a long skip."""

    def __init__(self, config: UViTConfig, skip: bool = False) -> None:
        super().__init__()
        self.skip_linear = nn.Linear(2 * config.embed_dim, config.embed_dim) if skip else None
        self.norm1 = norm_layer(config)
        self.attn = Attention(config)
        self.norm2 = norm_layer(config)
        self.mlp = SwiGlu(config) if config.mlp == "swiglu" else Mlp(config)

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        if self.skip_linear is not None:
            x = self.skip_linear(torch.cat([x, skip], dim=-1))
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Encoder(nn.Module):
    def __init__(self, config: UViTConfig) -> None:
        super().__init__()
        self.config = config
        dim = config.embed_dim
        self.extra_tokens = 2 if config.num_classes else 1
        self.patch_embed = PatchEmbed(config)
        learned = config.positions == "learned"
        self.encoder_pos_embed = nn.Parameter(torch.zeros(1, self.extra_tokens + config.tokens, dim), requires_grad=learned)
        if config.num_classes:
            self.label_emb = nn.Embedding(config.num_classes, dim)
            self.uncond_embed = nn.Parameter(torch.zeros(1, dim))
        if config.time_embedding == "mlp":
            self.time_embed = nn.Sequential(nn.Linear(dim, 4 * dim), nn.SiLU(), nn.Linear(4 * dim, dim))
        else:
            self.time_embed = nn.Identity()
        half = config.depth // 2
        self.in_blocks = nn.ModuleList(Block(config) for _ in range(half))
        self.mid_block = Block(config)
        self.out_blocks = nn.ModuleList(Block(config, skip=True) for _ in range(half))
        self.norm = norm_layer(config)

    def forward(
        self, tokens: Tensor, timesteps: Tensor, visible: Tensor, labels: Tensor | None, middle: SparseMiddle
    ) -> Tensor:
        """[B, F, p, p, C] patches that are fed -> [B, F, D]."""
        sinusoid = timestep_embedding(timesteps, self.config.embed_dim).to(self.encoder_pos_embed.dtype)
        extra = [self.time_embed(sinusoid)[:, None]]
        if self.config.num_classes:
            extra.insert(0, self.embed_labels(labels, len(timesteps))[:, None])
        extra_positions = self.encoder_pos_embed[:, : self.extra_tokens]
        patch_positions = self.encoder_pos_embed[0, self.extra_tokens :]
        head = torch.cat(extra, dim=1) + extra_positions
        x = torch.cat([head, self.patch_embed(tokens) + F.embedding(fed_tokens(self.config, visible), patch_positions)], dim=1)
        skips = []

        def with_skip(block: Block) -> Callable[[Tensor], Tensor]:
            def call(x: Tensor) -> Tensor:
                skips.append(block(x))
                return skips[-1]

            return call

        outs = [lambda x, block=block: block(x, skips.pop()) for block in self.out_blocks]
        blocks = [*map(with_skip, self.in_blocks), self.mid_block, *outs]
        own = torch.arange(self.extra_tokens).expand(len(visible), -1)
        x = middle.through(blocks, x, torch.cat([own, visible + self.extra_tokens], dim=1))
        return self.norm(x)[:, self.extra_tokens :]

    def embed_labels(self, labels: Tensor | None, batch: int) -> Tensor:
        """[B] labels -> [B, D]; a label outside the classes (a dropped one), or none at all, is unconditional."""
        if labels is None:
            return self.uncond_embed.expand(batch, -1)
        classes = self.config.num_classes
        dropped = (labels < 0) | (labels >= classes)
        known = self.label_emb(labels.clamp(0, classes - 1))
        return torch.where(dropped[:, None], self.uncond_embed, known)


class UViT(nn.Module):
    """Noised visible patches in, the network's raw prediction for them out."""

    def __init__(self, config: UViTConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.encoder_to_output = nn.Linear(config.embed_dim, config.token_elements)
        self.fuse = SparseMiddle(config)
        self.output_conv = output_layer(config)

    def forward(self, tokens: Tensor, timesteps: Tensor, visible: Tensor, labels: Tensor | None = None) -> Tensor:
        """
        tokens [B, F, p, p, C] (those that are fed), timesteps [B], visible [B, S], labels [B] or None
        -> [B, F, p*p*C] in (p1, p2, C) order
        """
        return self.output_conv(self.encoder_to_output(self.encoder(tokens, timesteps, visible, labels, self.fuse)))

    def predict_images(self, images: Tensor, timesteps: Tensor, visible: Tensor, labels: Tensor | None = None) -> Tensor:
        """The same from whole images [B, H, W, C]; fixed positions have to be those of the grid."""
        if self.config.positions == "sincos":
            extra = torch.zeros(1, self.encoder.extra_tokens, self.config.embed_dim)
            positions = torch.cat([extra, grid_positions(self.config.embed_dim, self.config.grid_size).float()], dim=1)
            torch.testing.assert_close(self.encoder.encoder_pos_embed.float(), positions, atol=1e-6, rtol=0)
        tokens = gather_tokens(images_to_tokens(images, self.config.patch_size), fed_tokens(self.config, visible))
        return self(tokens, timesteps, visible, labels)

    @torch.no_grad()
    def initialise(self, seed: int) -> "UViT":
        """Truncated normal of deviation 0.02 for weights and position embedding, zero biases, LayerNorm 1 and 0."""
        generator = torch.Generator().manual_seed(seed)
        for name, parameter in self.named_parameters():
            if "norm" in name:
                parameter.fill_(1.0 if name.endswith("weight") else 0.0)
            elif name.endswith("bias"):
                parameter.zero_()
            else:
                nn.init.trunc_normal_(parameter, std=0.02, generator=generator)
        return self


def masked_loss(output: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """eq. MDSM, method section 3: mean over the batch of weight[b] * mean over visible values of (target - output)²."""
    return (weights * (target - output).square().flatten(1).mean(dim=1)).mean()
