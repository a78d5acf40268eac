"""The networks that there are, by the name that `model.backbone` gives."""

from __future__ import annotations

from torch import nn

from .dit import DiT
from .shape import NetworkShape, shape_of
from .uvit import UViT

BACKBONES = {"uvit": UViT, "dit": DiT}

__all__ = ["BACKBONES", "NetworkShape", "network_of", "shape_of"]


def network_of(shape: NetworkShape) -> nn.Module:
    """The network of a shape, with PyTorch's own first values."""
    return BACKBONES[shape.backbone](shape)
