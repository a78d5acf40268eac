"""A plain PyTorch DiT (Peebles & Xie 2022) with the module names of the published code, for visible patches only.

Checkpoints of this project load strictly. It differs from the published network in two ways: no variance is predicted, so the
output has C channels, and without classes the condition is the timestep alone.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uvit import (
    PatchEmbed,
    SparseMiddle,
    SwiGlu,
    UViTConfig,
    fed_tokens,
    gather_tokens,
    grid_positions,
    images_to_tokens,
    output_layer,
    query_key_norms,
    timestep_embedding,
)

FREQUENCIES = 256


def plain_norm(config: UViTConfig) -> nn.Module:
    """It learns nothing: timestep and class scale and shift."""
    if config.norm == "rms":
        return nn.RMSNorm(config.embed_dim, elementwise_affine=False, eps=1e-6)
    return nn.LayerNorm(config.embed_dim, elementwise_affine=False, eps=1e-6)


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return x * (1 + scale[:, None]) + shift[:, None]


class TimestepEmbedder(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(FREQUENCIES, dim), nn.SiLU(), nn.Linear(dim, dim))

    def forward(self, timesteps: Tensor) -> Tensor:
        return self.mlp(timestep_embedding(timesteps, FREQUENCIES).to(self.mlp[0].weight.dtype))


class LabelEmbedder(nn.Module):
    """The last row of the table stands for no class."""

    def __init__(self, classes: int, dim: int) -> None:
        super().__init__()
        self.classes = classes
        self.embedding_table = nn.Embedding(classes + 1, dim)

    def forward(self, labels: Tensor) -> Tensor:
        dropped = (labels < 0) | (labels >= self.classes)
        return self.embedding_table(torch.where(dropped, self.classes, labels))


class Attention(nn.Module):
    def __init__(self, config: UViTConfig) -> None:
        super().__init__()
        self.num_heads = config.num_heads
        self.qkv = nn.Linear(config.embed_dim, 3 * config.embed_dim)
        self.q_norm, self.k_norm = query_key_norms(config)
        self.proj = nn.Linear(config.embed_dim, config.embed_dim)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, dim = x.shape
        qkv = self.qkv(x).reshape(batch, length, 3, self.num_heads, dim // self.num_heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        q, k = self.q_norm(q), self.k_norm(k)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, length, dim))


class Mlp(nn.Module):
    def __init__(self, config: UViTConfig) -> None:
        super().__init__()
        hidden = int(config.embed_dim * config.mlp_ratio)
        self.fc1 = nn.Linear(config.embed_dim, hidden)
        self.fc2 = nn.Linear(hidden, config.embed_dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x), approximate="tanh"))


class DiTBlock(nn.Module):
    def __init__(self, config: UViTConfig) -> None:
        super().__init__()
        dim = config.embed_dim
        self.norm1 = plain_norm(config)
        self.attn = Attention(config)
        self.norm2 = plain_norm(config)
        self.mlp = SwiGlu(config) if config.mlp == "swiglu" else Mlp(config)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(dim, 6 * dim))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        shift1, scale1, gate1, shift2, scale2, gate2 = self.adaLN_modulation(condition).chunk(6, dim=1)
        x = x + gate1[:, None] * self.attn(modulate(self.norm1(x), shift1, scale1))
        return x + gate2[:, None] * self.mlp(modulate(self.norm2(x), shift2, scale2))


class FinalLayer(nn.Module):
    def __init__(self, config: UViTConfig) -> None:
        super().__init__()
        dim = config.embed_dim
        self.norm_final = plain_norm(config)
        self.linear = nn.Linear(dim, config.token_elements)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(dim, 2 * dim))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        shift, scale = self.adaLN_modulation(condition).chunk(2, dim=1)
        return self.linear(modulate(self.norm_final(x), shift, scale))


class DiT(nn.Module):
    def __init__(self, config: UViTConfig) -> None:
        super().__init__()
        self.config = config
        self.x_embedder = PatchEmbed(config)
        self.t_embedder = TimestepEmbedder(config.embed_dim)
        if config.num_classes:
            self.y_embedder = LabelEmbedder(config.num_classes, config.embed_dim)
        positions = grid_positions(config.embed_dim, config.grid_size).float()
        self.pos_embed = nn.Parameter(torch.zeros_like(positions), requires_grad=False)
        self.own_positions = positions
        self.blocks = nn.ModuleList(DiTBlock(config) for _ in range(config.depth))
        self.final_layer = FinalLayer(config)
        self.fuse = SparseMiddle(config)
        self.output_conv = output_layer(config)

    def forward(self, tokens: Tensor, timesteps: Tensor, visible: Tensor, labels: Tensor | None) -> Tensor:
        """
        tokens [B, F, p, p, C] (those that are fed), timesteps [B], visible [B, S], labels [B] or None
        -> [B, F, p*p*C] in (p1, p2, C) order
        """
        x = self.x_embedder(tokens) + F.embedding(fed_tokens(self.config, visible), self.pos_embed[0])
        condition = self.t_embedder(timesteps)
        if self.config.num_classes:
            condition = condition + self.y_embedder(labels)
        blocks = [lambda x, block=block: block(x, condition) for block in self.blocks]
        return self.output_conv(self.final_layer(self.fuse.through(blocks, x, visible), condition))

    def predict_images(self, images: Tensor, timesteps: Tensor, visible: Tensor, labels: Tensor | None = None) -> Tensor:
        """The same from whole images [B, H, W, C]; the file's positions have to be those of the grid."""
        torch.testing.assert_close(self.pos_embed.float(), self.own_positions, atol=1e-6, rtol=0)
        tokens = gather_tokens(images_to_tokens(images, self.config.patch_size), fed_tokens(self.config, visible))
        return self(tokens, timesteps, visible, labels)
