"""Pixels to tokens and back: a token is a p x p patch, token index = row · g + column, its values in (p1, p2, C)
order."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def images_to_tokens(images: Tensor, patch_size: int) -> Tensor:
    """[B, H, W, C] -> [B, N, p*p*C]"""
    batch, height, width, channels = images.shape
    rows, columns = height // patch_size, width // patch_size
    tiles = images.reshape(batch, rows, patch_size, columns, patch_size, channels)
    return tiles.transpose(2, 3).reshape(batch, rows * columns, patch_size**2 * channels)


def tokens_to_images(tokens: Tensor, patch_size: int, channels: int) -> Tensor:
    """[B, N, p*p*C] of square images -> [B, H, W, C]"""
    grid = round(tokens.shape[1] ** 0.5)
    tiles = tokens.reshape(-1, grid, grid, patch_size, patch_size, channels)
    return tiles.transpose(2, 3).reshape(-1, grid * patch_size, grid * patch_size, channels)


def of_whole_images(
    network: nn.Module, images: Tensor, timesteps: Tensor, labels: Tensor | None, patch_size: int
) -> Tensor:
    """A network's prediction for images of which it sees every token: [B, H, W, C], [B], [B] or None -> [B, H, W,
    C]."""
    tokens = images_to_tokens(images, patch_size)
    every = torch.arange(tokens.shape[1], device=images.device).expand(len(images), -1)
    return tokens_to_images(network(tokens, every, timesteps, labels), patch_size, images.shape[-1])


def gather_tokens(tokens: Tensor, chosen: Tensor) -> Tensor:
    """tokens[b, chosen[b, s]]: [B, N, d] and [B, S] -> [B, S, d]"""
    return tokens.gather(1, chosen[..., None].expand(-1, -1, tokens.shape[-1]))


def gather_patches(pixels: Tensor, flips: Tensor, chosen: Tensor, patch_size: int) -> Tensor:
    """Chosen tokens of uint8 images that are mirrored where `flips` says so, scaled to [-1, 1].

    pixels [B, H, W, C], flips [B] bool, chosen [B, F] -> [B, F, p*p*C] float32
    """
    grid, channels = pixels.shape[2] // patch_size, pixels.shape[3]
    column = chosen % grid
    mirrored = chosen - column + (grid - 1 - column)
    patches = gather_tokens(images_to_tokens(pixels, patch_size), torch.where(flips[:, None], mirrored, chosen))
    patches = patches.unflatten(-1, (patch_size, patch_size, channels))
    patches = torch.where(flips[:, None, None, None, None], patches.flip(3), patches)
    return patches.flatten(2).float() / 127.5 - 1
