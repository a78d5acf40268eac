"""Masking strategies (docs/random-streams.md): which tokens of an image are visible, step by step."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor

from .streams import Stage, Streams, shuffled, without_replacement

Strategy = Literal["patch", "block", "stratified", "crop", "none"]


@dataclass(frozen=True)
class Mask:
    """What the mask of some steps comes to on a grid of g x g tokens."""

    strategy: Strategy
    grid: int
    # S, of every image
    visible_tokens: int
    # side of the squares that tile the grid: b of block, n of stratified; else 1
    tile: int = 1
    # side of the window of crop
    window: int = 0

    @property
    def tokens(self) -> int:
        """N"""
        return self.grid**2


@dataclass(frozen=True)
class MaskPiece:
    """Steps of a stage that have one mask."""

    # what messages call it
    name: str
    # first step, and the one behind the last; the last piece holds beyond it
    start: int
    until: int
    mask: Mask


def mask_of(section: Any, rate: float, grid: int) -> Mask:
    """The mask of a section's keys at a rate. ValueError where it does not fit the grid."""
    tokens = grid**2
    strategy: Strategy = section.strategy
    tile = {"block": section.block_size, "stratified": section.cell_size}.get(strategy, 1)
    if grid % tile:
        kind = {"block": "blocks", "stratified": "cells"}[strategy]
        raise ValueError(f"{kind} of {tile} tokens do not divide a grid of {grid} tokens")
    mask = Mask(strategy, grid, tokens, tile)
    if strategy == "patch":
        return replace(mask, visible_tokens=tokens - math.floor(rate * tokens))
    if strategy == "block":
        return replace(mask, visible_tokens=tokens - math.floor(rate * tokens) // tile**2 * tile**2)
    if strategy == "stratified":
        return replace(mask, visible_tokens=tokens // tile**2 * max(1, tile**2 - math.floor(rate * tile**2)))
    if strategy == "crop":
        side = section.crop_size or max(1, math.floor(math.sqrt((1 - rate) * tokens) + 0.5))
        if side > grid:
            raise ValueError(f"a window of {side} tokens does not fit a grid of {grid} tokens")
        return replace(mask, visible_tokens=side**2, window=side)
    return mask


@dataclass(frozen=True)
class _Keys:
    """The keys of a mask, those of a piece before those of the section."""

    strategy: Strategy
    block_size: int
    cell_size: int
    crop_size: int | None


def mask_pieces(experiment: Any, stage: Stage) -> list[MaskPiece]:
    """Masks of a stage in their order: as configured in pretraining, none in finetuning."""
    section, steps = experiment.mask, getattr(experiment, stage).steps
    grid = experiment.data.image_size // experiment.model.patch_size
    if stage == "finetune":
        return [MaskPiece("mask.rate", 0, steps, Mask("none", grid, grid**2))]
    if not isinstance(section.rate, (list, tuple)):
        return [MaskPiece("mask.rate", 0, steps, mask_of(section, section.rate, grid))]
    pieces: list[MaskPiece] = []
    for i, entry in enumerate(section.rate):
        # A piece may say that there is no crop_size: what it leaves out and what is None differ.
        given = getattr(entry, "given", None) or vars(entry)
        keys = _Keys(**{key: getattr(entry if key in given else section, key) for key in _Keys.__annotations__})
        start = pieces[-1].until if pieces else 0
        until = steps if i == len(section.rate) - 1 else border_step(entry.until, steps)
        pieces.append(MaskPiece(f"mask.rate[{i}]", start, until, mask_of(keys, entry.rate, grid)))
    return pieces


def border_step(until: float, steps: int) -> int:
    """The step of a border: a share is rounded to the nearest step, and never to the first one."""
    return max(1, math.floor(until * steps + 0.5)) if until < 1 else int(until)


def piece_at(pieces: list[MaskPiece], step: int) -> MaskPiece:
    """The piece that a step belongs to, of all pieces of a stage."""
    return next((piece for piece in pieces if step < piece.until), pieces[-1])


def draw_visible(mask: Mask, streams: Streams, step: int | Tensor, items: Tensor) -> Tensor:
    """Visible tokens (row · g + column) of each item [n], every admissible mask alike -> [n, S], ascending."""
    g, tile, device = mask.grid, mask.tile, items.device
    if mask.visible_tokens == mask.tokens:
        return torch.arange(mask.tokens, device=device).expand(len(items), -1)
    if mask.strategy == "crop":
        places = g - mask.window + 1
        top, left = streams.integers(step, items, torch.full((2,), places, device=device), places).unbind(1)
        inside = torch.arange(mask.window, device=device)
        window = (inside[:, None] * g + inside).flatten()
        return (top * g + left)[:, None] + window
    if mask.strategy == "stratified":
        cells, per_cell = (g // tile) ** 2, mask.visible_tokens * tile**2 // mask.tokens
        bounds = (tile**2 - torch.arange(per_cell, device=device)).repeat(cells)
        draws = streams.integers(step, items, bounds, tile**2)
        places = without_replacement(draws.reshape(-1, per_cell), tile**2).reshape(-1, cells, per_cell)
        cell = torch.arange(cells, device=device)[:, None]
        visible = _token(cell, places // tile, places % tile, g, tile)
        return visible.flatten(1).sort(dim=1).values
    blocks, count = mask.tokens // tile**2, mask.visible_tokens // tile**2
    chosen = shuffled(streams, step, items, blocks, count)
    if tile > 1:
        inside = torch.arange(tile, device=device)
        chosen = _token(chosen[..., None, None], inside[:, None], inside, g, tile).flatten(1)
    return chosen.sort(dim=1).values


def _token(square: Tensor, row: Tensor, column: Tensor, grid: int, tile: int) -> Tensor:
    """The token at a place within one of the squares that tile the grid, which are numbered row by row."""
    per_row = grid // tile
    return (square // per_row * tile + row) * grid + square % per_row * tile + column
