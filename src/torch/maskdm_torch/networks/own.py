"""A user's own network, a class in Python: `model.backbone: my_package.my_module:MyNet` (docs/own-network.md)."""

from __future__ import annotations

import importlib
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..errors import UserError
from ..masks import mask_pieces
from .shape import NetworkShape, shape_of

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def is_own(backbone: str) -> bool:
    """Whether a backbone's name is that of a class, module:Class."""
    return _NAME.fullmatch(backbone) is not None


def own_network(experiment: Any, folder: Path, device: torch.device) -> nn.Module:
    """An instance of the class, with first values that the seed decides; its module is looked for in a folder first.

    It was tried, on the device, on images of every number of visible tokens that training has, and on whole ones.
    Raises UserError.
    """
    shape = shape_of(experiment)
    if shape.mode != "drop":
        raise UserError(
            f"model.backbone {shape.backbone}: mask.mode {shape.mode} is about the blocks of the studio's own "
            "networks. With a network of your own it has to be drop."
        )
    made = _load_class(shape.backbone, folder)
    # Its layers draw from PyTorch's generator, which nothing else here reads.
    torch.manual_seed(experiment.seed)
    with _user_code(shape.backbone, "cannot be made", folder):
        network = made(shape)
    network.float().to(device)
    _require_trainable(shape.backbone, network)
    counts = {piece.mask.visible_tokens for piece in mask_pieces(experiment, "pretrain")} | {shape.tokens}
    for visible in sorted(counts):
        _try(network, shape, visible, folder, device)
    return network


def _load_class(backbone: str, folder: Path) -> type[nn.Module]:
    module_name, _, class_name = backbone.partition(":")
    place = str(folder.resolve())
    if place not in sys.path:
        # Before installed packages, and for good: the module may import others from there later.
        sys.path.insert(0, place)
    with _user_code(backbone, "cannot be imported", folder):
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
                raise
            raise UserError(
                f"model.backbone {backbone}: there is no module {error.name}. It is looked for in {place}, "
                "the folder of the experiment file, and among Python's installed packages."
            ) from None
    found = getattr(module, class_name, None)
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        classes = [
            name
            for name, value in vars(module).items()
            if isinstance(value, type) and issubclass(value, nn.Module) and value.__module__ == module.__name__
        ]
        there = f"It has {', '.join(classes)}." if classes else "It has none."
        raise UserError(
            f"model.backbone {backbone}: {getattr(module, '__file__', None) or module_name} has no torch.nn.Module named "
            f"{class_name}. {there}"
        )
    return found


def _require_trainable(backbone: str, network: nn.Module) -> None:
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise UserError(f"model.backbone {backbone}: the network has no parameters that can be trained.")
    if any(isinstance(module, _BatchNorm) for module in network.modules()):
        raise UserError(
            f"model.backbone {backbone}: the network has batch normalisation, whose running statistics are no weights: "
            "they would have no moving average. Use LayerNorm, RMSNorm or GroupNorm."
        )
    other = [name for name, tensor in network.state_dict().items() if getattr(tensor, "dtype", None) != torch.float32]
    if other:
        raise UserError(
            f"model.backbone {backbone}: {other[0]} is not of float32, which is all that checkpoints hold. Where the "
            "class makes it anew, register it with persistent=False."
        )


@torch.no_grad()
def _try(network: nn.Module, shape: NetworkShape, visible: int, folder: Path, device: torch.device) -> None:
    """Two images, at the first and the last timestep, the second without its class."""
    tokens = torch.linspace(-1, 1, 2 * visible * shape.token_elements).view(2, visible, shape.token_elements)
    tokens, timesteps = tokens.to(device), torch.tensor([0, shape.timesteps - 1], device=device)
    positions = torch.arange(visible, device=device).expand(2, -1)
    labels = torch.tensor([0, shape.num_classes], device=device) if shape.num_classes else None
    with _user_code(shape.backbone, f"fails on {visible} of {shape.tokens} tokens", folder):
        output = network(tokens, positions, timesteps, labels)
    if not isinstance(output, Tensor):
        raise UserError(
            f"model.backbone {shape.backbone}: the network returns a {type(output).__name__}, not a tensor."
        )
    if output.shape != tokens.shape:
        raise UserError(
            f"model.backbone {shape.backbone}: of 2 images with {visible} visible tokens of {shape.token_elements} "
            f"values the network returns {_sizes(output)}. It has to return a prediction for each value that it is given, "
            f"{_sizes(tokens)}."
        )
    if not output.is_floating_point() or not output.isfinite().all():
        raise UserError(
            f"model.backbone {shape.backbone}: the new network returns values that are not finite numbers. "
            "Look for a division by zero or a root or logarithm of what may be negative."
        )


def _sizes(tensor: Tensor) -> str:
    return f"[{', '.join(map(str, tensor.shape))}]"


@contextmanager
def _user_code(backbone: str, what: str, folder: Path) -> Iterator[None]:
    """Tells an error of the user's code with the last of its own lines that it went through."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if isinstance(error, SyntaxError):
            place = f"{error.filename}:{error.lineno}: "
        else:
            frames = traceback.extract_tb(error.__traceback__)
            own = [frame for frame in frames if Path(frame.filename).resolve().is_relative_to(folder.resolve())]
            place = f"{own[-1].filename}:{own[-1].lineno}: " if own else ""
        message = str(error).strip().splitlines()
        text = f"{type(error).__name__}: {message[0]}" if message else type(error).__name__
        raise UserError(f"model.backbone {backbone} {what}: {place}{text}") from error
