"""U-ViT (Bao et al. 2023) as the method has it, with the tensor names of the method's published code."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from .blocks import Attention, PatchEmbed, TimestepTable, class_numbers, grid_positions, mlp_layer, norm_layer
from .output_conv import output_layer
from .shape import NetworkShape
from .sparse_middle import SparseMiddle


class Block(nn.Module):
    """Pre-norm attention and MLP, both residual; an out-block first joins a long skip."""

    def __init__(self, shape: NetworkShape, skip: bool = False) -> None:
        super().__init__()
        self.skip_linear = nn.Linear(2 * shape.embed_dim, shape.embed_dim) if skip else None
        self.norm1 = norm_layer(shape)
        self.attn = Attention(shape, "queries and values" if shape.qkv_bias else "none")
        self.norm2 = norm_layer(shape)
        self.mlp = mlp_layer(shape, "none")

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        if self.skip_linear is not None:
            x = self.skip_linear(torch.cat([x, skip], dim=-1))
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Encoder(nn.Module):
    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        dim = shape.embed_dim
        self.extra_tokens = 2 if shape.num_classes else 1
        self.patch_embed = PatchEmbed(shape)
        if shape.positions == "learned":
            self.encoder_pos_embed = nn.Parameter(torch.zeros(1, self.extra_tokens + shape.tokens, dim))
        else:
            fixed = torch.cat([torch.zeros(self.extra_tokens, dim), grid_positions(dim, shape.grid_size).float()])
            self.register_buffer("encoder_pos_embed", fixed[None])
        if shape.num_classes:
            self.label_emb = nn.Embedding(shape.num_classes, dim)
            self.uncond_embed = nn.Parameter(torch.zeros(1, dim))
        self.timesteps = TimestepTable(shape, dim)
        if shape.time_embedding == "mlp":
            self.time_embed = nn.Sequential(nn.Linear(dim, 4 * dim), nn.SiLU(), nn.Linear(4 * dim, dim))
        else:
            self.time_embed = nn.Identity()
        half = shape.depth // 2
        self.in_blocks = nn.ModuleList(Block(shape) for _ in range(half))
        self.mid_block = Block(shape)
        self.out_blocks = nn.ModuleList(Block(shape, skip=True) for _ in range(half))
        self.norm = norm_layer(shape)

    def forward(
        self, tokens: Tensor, visible: Tensor, timesteps: Tensor, labels: Tensor | None, middle: SparseMiddle
    ) -> Tensor:
        """[B, F, p*p*C] of the tokens that are fed -> [B, F, D]"""
        extra = [self.time_embed(self.timesteps(timesteps))]
        if self.shape.num_classes:
            table = torch.cat([self.label_emb.weight, self.uncond_embed])
            extra.insert(0, table[class_numbers(labels, timesteps, self.shape.num_classes)])
        places = self.encoder_pos_embed[0]
        head = torch.stack(extra, dim=1) + places[: self.extra_tokens]
        of_patches = places[self.extra_tokens :]
        if tokens.shape[1] < self.shape.tokens:
            of_patches = of_patches[visible]
        x = torch.cat([head, self.patch_embed(tokens) + of_patches], dim=1)
        own = torch.arange(self.extra_tokens, device=visible.device).expand(len(visible), -1)
        kept = torch.cat([own, visible + self.extra_tokens], dim=1)
        return self.norm(middle.through(self.blocks(), x, kept)[:, self.extra_tokens :])

    def blocks(self) -> list[Callable[[Tensor], Tensor]]:
        """In the order of execution; the last out-block is joined to the first in-block."""
        skips: list[Tensor] = []

        def into(block: Block) -> Callable[[Tensor], Tensor]:
            def call(x: Tensor) -> Tensor:
                skips.append(block(x))
                return skips[-1]

            return call

        def out_of(block: Block) -> Callable[[Tensor], Tensor]:
            return lambda x: block(x, skips.pop())

        return [*map(into, self.in_blocks), self.mid_block, *map(out_of, self.out_blocks)]


class UViT(nn.Module):
    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        self.encoder = Encoder(shape)
        self.encoder_to_output = nn.Linear(shape.embed_dim, shape.token_elements)
        self.fuse = SparseMiddle(shape)
        self.output_conv = output_layer(shape)

    def forward(self, tokens: Tensor, visible: Tensor, timesteps: Tensor, labels: Tensor | None = None) -> Tensor:
        """The prediction for the tokens that are fed: the visible ones, or all N where hidden ones are not dropped.

        tokens [B, F, p*p*C] in (p1, p2, C) order, visible [B, S], timesteps [B], labels [B] or None -> [B, F, p*p*C]
        """
        x = self.encoder(tokens, visible, timesteps, labels, self.fuse)
        return self.output_conv(self.encoder_to_output(x))
