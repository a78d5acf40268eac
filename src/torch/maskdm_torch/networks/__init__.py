"""The networks that there are, by the name that `model.backbone` gives."""

from __future__ import annotations

from typing import Any

from torch import nn

from .dit import DiT
from .initial_weights import initialise
from .shape import NetworkShape, shape_of
from .uvit import UViT

BACKBONES = {"uvit": UViT, "dit": DiT}

__all__ = ["BACKBONES", "NetworkShape", "build_network", "network_of", "shape_of"]


def network_of(shape: NetworkShape) -> nn.Module:
    """The network of a shape, with PyTorch's own first values."""
    return BACKBONES[shape.backbone](shape)


def build_network(experiment: Any) -> nn.Module:
    """The network of an experiment, with the first values of its seed.

    forward(tokens [B, F, p*p*C], visible [B, S], timesteps [B], labels [B] | None) -> [B, F, p*p*C]
    """
    shape = shape_of(experiment)
    network = network_of(shape)
    initialise(network, shape, experiment.seed)
    return network
