"""DiT (Peebles & Xie 2022), with the tensor names of the published code, for some of the patches or all of them.

It differs in two ways: no variance is predicted, so the output has C channels, and without classes the condition is the
timestep alone.
"""

from __future__ import annotations

from functools import partial

from torch import Tensor, nn

from .blocks import Attention, PatchEmbed, TimestepTable, class_numbers, grid_positions, mlp_layer, norm_layer
from .output_conv import output_layer
from .shape import NetworkShape
from .sparse_middle import SparseMiddle

FREQUENCIES = 256


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return x * (1 + scale[:, None]) + shift[:, None]


def plain_norm(shape: NetworkShape) -> nn.Module:
    """It learns nothing: timestep and class scale and shift."""
    return norm_layer(shape, learned=False, epsilon=1e-6)


class TimestepEmbedder(nn.Module):
    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.timesteps = TimestepTable(shape, FREQUENCIES)
        self.mlp = nn.Sequential(
            nn.Linear(FREQUENCIES, shape.embed_dim), nn.SiLU(), nn.Linear(shape.embed_dim, shape.embed_dim)
        )

    def forward(self, timesteps: Tensor) -> Tensor:
        return self.mlp(self.timesteps(timesteps))


class LabelEmbedder(nn.Module):
    """The last row of the table stands for no class."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.classes = shape.num_classes
        self.embedding_table = nn.Embedding(shape.num_classes + 1, shape.embed_dim)

    def forward(self, labels: Tensor | None, timesteps: Tensor) -> Tensor:
        return self.embedding_table(class_numbers(labels, timesteps, self.classes))


class DiTBlock(nn.Module):
    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.norm1 = plain_norm(shape)
        self.attn = Attention(shape, "all")
        self.norm2 = plain_norm(shape)
        self.mlp = mlp_layer(shape, "tanh")
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(shape.embed_dim, 6 * shape.embed_dim))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        shift1, scale1, gate1, shift2, scale2, gate2 = self.adaLN_modulation(condition).chunk(6, dim=1)
        x = x + gate1[:, None] * self.attn(modulate(self.norm1(x), shift1, scale1))
        return x + gate2[:, None] * self.mlp(modulate(self.norm2(x), shift2, scale2))


class FinalLayer(nn.Module):
    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.norm_final = plain_norm(shape)
        self.linear = nn.Linear(shape.embed_dim, shape.token_elements)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(shape.embed_dim, 2 * shape.embed_dim))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        shift, scale = self.adaLN_modulation(condition).chunk(2, dim=1)
        return self.linear(modulate(self.norm_final(x), shift, scale))


class DiT(nn.Module):
    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        self.x_embedder = PatchEmbed(shape)
        self.t_embedder = TimestepEmbedder(shape)
        self.y_embedder = LabelEmbedder(shape) if shape.num_classes else None
        self.register_buffer("pos_embed", grid_positions(shape.embed_dim, shape.grid_size).float()[None])
        self.blocks = nn.ModuleList(DiTBlock(shape) for _ in range(shape.depth))
        self.final_layer = FinalLayer(shape)
        self.fuse = SparseMiddle(shape)
        self.output_conv = output_layer(shape)

    def forward(self, tokens: Tensor, visible: Tensor, timesteps: Tensor, labels: Tensor | None = None) -> Tensor:
        """The prediction for the tokens that are fed: the visible ones, or all N where hidden ones are not dropped.

        tokens [B, F, p*p*C] in (p1, p2, C) order, visible [B, S], timesteps [B], labels [B] or None -> [B, F, p*p*C]
        """
        places = self.pos_embed[0]
        x = self.x_embedder(tokens) + (places[visible] if tokens.shape[1] < self.shape.tokens else places)
        condition = self.t_embedder(timesteps)
        if self.y_embedder is not None:
            condition = condition + self.y_embedder(labels, timesteps)
        x = self.fuse.through([partial(block, condition=condition) for block in self.blocks], x, visible)
        return self.output_conv(self.final_layer(x, condition))
