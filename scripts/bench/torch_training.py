"""Training steps of a PyTorch U-ViT as a real loop makes them."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import SimpleNamespace

import torch
from maskdm_torch.networks import NetworkShape, network_of
from maskdm_torch.networks.initial_weights import initialise
from maskdm_torch.objective import image_losses
from maskdm_torch.tokens import images_to_tokens
from safetensors.torch import load_file
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from torch_sampling import TIMESTEPS, linear_alphas_cumprod

COMPILE = "--compile" in sys.argv
LEARNING_RATE = 2e-4
BETAS = (0.99, 0.99)
WEIGHT_DECAY = 0.03
EMA_DECAY = 0.999


def shape_of(config: dict) -> NetworkShape:
    """From the keys of an experiment's sections data and model."""
    return NetworkShape.of(SimpleNamespace(**config))


def ready(network: nn.Module, attention: str):
    """The network as it is called: compiled where that was asked for. Shapes never change, so they are compiled in.

    attention: sdpa, or explicit: the same numbers by products and a softmax.
    """
    model = torch.compile(network, dynamic=False) if COMPILE else network
    if attention == "sdpa":
        return model

    def call(*inputs: torch.Tensor) -> torch.Tensor:
        with sdpa_kernel(SDPBackend.MATH):
            return model(*inputs)

    return call


def load_network(command: dict, attention: str):
    """The shape of a command's network, and the network with the weights of its file."""
    shape = shape_of(command["config"])
    network = network_of(shape)
    network.load_state_dict(load_file(command["modelFile"]), strict=True)
    return shape, network, ready(network, attention)


class Trainer:
    """One model with its optimiser and its data."""

    def __init__(self, command: dict, config: NetworkShape, attention: str, optimizer: str) -> None:
        seed = command.get("seed", 0)
        torch.manual_seed(seed)
        self.config = config
        self.batch_size = command["batchSize"]
        self.micro_batch = command.get("microBatch") or self.batch_size
        self.visible_tokens = config.tokens - int(command["maskRate"] * config.tokens)
        network = network_of(config)
        initialise(network, config, seed)
        self.parameters = list(network.parameters())
        self.model = ready(network, attention)
        self.ema = [parameter.detach().clone() for parameter in self.parameters]
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=LEARNING_RATE, betas=BETAS, weight_decay=WEIGHT_DECAY, **{optimizer: True}
        )
        images = torch.randint(
            0, 256, (command["images"], config.image_size, config.image_size, config.channels), dtype=torch.uint8
        )
        self.data = images_to_tokens(images, config.patch_size).contiguous()
        alphas_cumprod = linear_alphas_cumprod(TIMESTEPS)
        self.signal = alphas_cumprod.sqrt().float()
        self.noise = (1 - alphas_cumprod).sqrt().float()

    def step(self) -> float:
        batch, tokens, kept = self.batch_size, self.config.tokens, self.visible_tokens
        images = torch.randint(0, len(self.data), (batch,))
        timesteps = torch.randint(0, TIMESTEPS, (batch,))
        if kept == tokens:
            visible = torch.arange(tokens).expand(batch, -1)
        else:
            visible = torch.rand(batch, tokens).argsort(dim=1)[:, :kept].sort(dim=1).values
        self.optimizer.zero_grad(set_to_none=True)
        total = 0.0
        for start in range(0, batch, self.micro_batch):
            part = slice(start, min(batch, start + self.micro_batch))
            total += self.accumulate(images[part], timesteps[part], visible[part])
        self.optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(self.ema, self.parameters, 1 - EMA_DECAY)
        return total

    def accumulate(self, images: torch.Tensor, timesteps: torch.Tensor, visible: torch.Tensor) -> float:
        """Adds one micro-batch's gradients; returns its share of the batch's loss."""
        clean = self.data[images[:, None], visible].float().div_(127.5).sub_(1)
        epsilon = torch.randn_like(clean)
        shape = (-1, 1, 1)
        noised = torch.addcmul(
            self.signal[timesteps].view(shape) * clean, self.noise[timesteps].view(shape), epsilon
        )
        output = self.model(noised, visible, timesteps)
        loss = torch.nn.functional.mse_loss(output, epsilon) * (len(images) / self.batch_size)
        loss.backward()
        return loss.item()

    def timed(self, steps: int) -> float:
        start = time.perf_counter()
        for _ in range(steps):
            self.step()
        return (time.perf_counter() - start) / steps


def follow(command: dict) -> list[float]:
    """Losses before each of n updates on one given batch; the folder holds raw little-endian float32 and int32."""
    config, network, model = load_network(command, command["attention"])
    batch, micro, kept = command["batchSize"], command["microBatch"], command["visibleTokens"]
    folder = Path(command["folder"])
    tokens = floats(folder / "tokens.f32").view(batch, kept, config.token_elements)
    target = floats(folder / "target.f32").view(batch, kept, config.token_elements)
    timesteps = integers(folder / "timesteps.i32")
    visible = integers(folder / "visible.i32").view(batch, kept)
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, betas=BETAS, weight_decay=WEIGHT_DECAY)
    losses = []
    for _ in range(command["n"]):
        optimizer.zero_grad(set_to_none=True)
        total = 0.0
        for start in range(0, batch, micro):
            part = slice(start, start + micro)
            output = model(tokens[part], visible[part], timesteps[part])
            loss = image_losses(output, target[part], torch.ones(micro)).mean() * (micro / batch)
            loss.backward()
            total += loss.item()
        optimizer.step()
        losses.append(total)
    return losses


def floats(path: Path) -> torch.Tensor:
    return torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.float32)


def integers(path: Path) -> torch.Tensor:
    return torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.int32).long()
