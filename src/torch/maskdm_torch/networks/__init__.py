"""The networks that there are, by the name that `model.backbone` gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from .dit import DiT
from .initial_weights import initialise
from .own import is_own, own_network
from .shape import NetworkShape, shape_of
from .uvit import UViT

BACKBONES = {"uvit": UViT, "dit": DiT}

__all__ = ["BACKBONES", "NetworkShape", "build_network", "is_own", "network_of", "shape_of"]


def network_of(shape: NetworkShape) -> nn.Module:
    """The network of a shape, with PyTorch's own first values."""
    return BACKBONES[shape.backbone](shape)


def build_network(experiment: Any, folder: Path | None = None, device: torch.device | str = "cpu") -> nn.Module:
    """The network of an experiment on a device, with the first values of its seed.

    forward(tokens [B, F, p*p*C], visible [B, S], timesteps [B], labels [B] | None) -> [B, F, p*p*C]
    folder: that of the experiment file, where a network of the user's own is looked for. Raises UserError where that
    cannot be used.
    """
    shape = shape_of(experiment)
    if is_own(shape.backbone):
        return own_network(experiment, folder or Path.cwd(), torch.device(device))
    network = network_of(shape)
    initialise(network, shape, experiment.seed)
    return network.to(device)
