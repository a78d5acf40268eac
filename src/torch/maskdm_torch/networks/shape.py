"""What decides the shapes of a network."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class NetworkShape:
    """Names and meanings of the experiment file's keys; where a key has a default here, it is the method's own
    choice."""

    image_size: int
    channels: int
    patch_size: int
    embed_dim: int
    depth: int
    num_heads: int
    backbone: str = "uvit"
    mlp_ratio: float = 4.0
    qkv_bias: bool = False
    time_embedding: str = "sinusoidal"  # or "mlp"
    qk_norm: str = "none"  # or "rms"
    norm: str = "layer"  # or "rms"
    mlp: str = "gelu"  # or "swiglu"
    positions: str = "learned"  # or "sincos"
    output_conv: str = "none"  # or "residual"
    num_classes: int = 0
    mode: str = "drop"  # or "route" or "fuse": what becomes of hidden tokens
    route_from: int = 2
    fuse_blocks: int = 2
    timesteps: int = 1000

    @staticmethod
    def of(*sections: Any) -> "NetworkShape":
        """From sections of an experiment; keys that decide no shape are left."""
        values = {key: value for section in sections for key, value in vars(section).items()}
        return NetworkShape(**{f.name: values[f.name] for f in fields(NetworkShape) if f.name in values})

    @property
    def grid_size(self) -> int:
        """g, tokens in a row"""
        return self.image_size // self.patch_size

    @property
    def tokens(self) -> int:
        """N, of a whole image"""
        return self.grid_size**2

    @property
    def token_elements(self) -> int:
        """p·p·C"""
        return self.patch_size**2 * self.channels


def shape_of(experiment: Any) -> NetworkShape:
    """Of a whole experiment."""
    return NetworkShape.of(experiment.data, experiment.model, experiment.mask, experiment.diffusion)
