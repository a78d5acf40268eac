"""The published training loop, written plainly from the method's description: what the engine's speed is compared with.

Whole images are noised and embedded before hidden patches are dropped; fp16 autocast with a GradScaler; attention as the two
products and the softmax that networks were written with then, or scaled_dot_product_attention; AdamW and the moving average go
through the tensors one by one. It is spared what depends on a machine's disks: images are on the device already, and random
numbers are PyTorch's own, drawn there. The tensors are those of the package, so both begin with the same weights.
"""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
from maskdm_torch.networks.blocks import Attention
from maskdm_torch.schedule import noise_schedule
from maskdm_torch.tokens import gather_tokens, images_to_tokens
from torch import Tensor, nn

EMA_DECAY = 0.999


def products_attention(self: Attention, x: Tensor) -> Tensor:
    """[B, n, D] -> [B, n, D]"""
    q, k, v = self.qkv(x).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
    weights = (q * q.shape[-1] ** -0.5 @ k.transpose(-2, -1)).softmax(dim=-1)
    return self.proj((weights @ v).transpose(1, 2).flatten(2))


def predict(network: nn.Module, images: Tensor, visible: Tensor, timesteps: Tensor) -> Tensor:
    """Embeds whole images, then drops what is hidden: [B, C, H, W], [B, S], [B] -> [B, S, p*p*C]"""
    if network.shape.backbone == "dit":
        x = network.x_embedder.proj(images).flatten(2).transpose(1, 2) + network.pos_embed
        x = gather_tokens(x, visible)
        condition = network.t_embedder(timesteps)
        for block in network.blocks:
            x = block(x, condition)
        return network.final_layer(x, condition)
    encoder = network.encoder
    places = encoder.encoder_pos_embed
    x = encoder.patch_embed.proj(images).flatten(2).transpose(1, 2) + places[:, 1:]
    time = encoder.time_embed(encoder.timesteps(timesteps))[:, None] + places[:, :1]
    x = torch.cat([time, gather_tokens(x, visible)], dim=1)
    for block in encoder.blocks():
        x = block(x)
    return network.encoder_to_output(encoder.norm(x[:, 1:]))


class PublishedLoop:
    """Trains a network on uint8 images [n, H, W, C]."""

    def __init__(self, network: nn.Module, experiment: Any, pixels: Tensor, visible_tokens: int, is_sdpa: bool) -> None:
        for module in network.modules():
            if isinstance(module, Attention) and not is_sdpa:
                module.forward = MethodType(products_attention, module)
        config, device = experiment.pretrain, pixels.device
        self.network, self.pixels, self.visible_tokens, self.batch_size = network, pixels, visible_tokens, config.batch_size
        self.patch_size, self.tokens = experiment.model.patch_size, network.shape.tokens
        schedule = noise_schedule(experiment.diffusion)
        self.signal, self.noise = (part.float().to(device)[:, None, None, None] for part in (schedule.signal, schedule.noise))
        self.ema = [parameter.detach().clone() for parameter in network.parameters()]
        self.scaler = torch.amp.GradScaler(device.type)
        self.optimizer = torch.optim.AdamW(
            network.parameters(), lr=config.lr, betas=config.betas, weight_decay=config.weight_decay, foreach=False, fused=False
        )

    def step(self) -> Tensor:
        """-> the batch's loss, unread"""
        count, device = self.batch_size, self.pixels.device
        chosen = self.pixels[torch.randint(len(self.pixels), (count,), device=device)]
        visible = torch.rand(count, self.tokens, device=device).argsort(dim=1)[:, : self.visible_tokens]
        timesteps = torch.randint(len(self.signal), (count,), device=device)
        return self.update(chosen, torch.randn(chosen.shape, device=device), timesteps, visible)

    def update(self, pixels: Tensor, noise: Tensor, timesteps: Tensor, visible: Tensor) -> Tensor:
        """pixels uint8 and noise [B, H, W, C], timesteps [B], visible [B, S]"""
        x0 = pixels.float() / 127.5 - 1
        noised = self.signal[timesteps] * x0 + self.noise[timesteps] * noise
        with torch.autocast(pixels.device.type, torch.float16):
            output = predict(self.network, noised.permute(0, 3, 1, 2), visible, timesteps)
        target = gather_tokens(images_to_tokens(noise, self.patch_size), visible)
        loss = nn.functional.mse_loss(output.float(), target)
        self.optimizer.zero_grad()
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        with torch.no_grad():
            for average, parameter in zip(self.ema, self.network.parameters()):
                average.mul_(EMA_DECAY).add_(parameter, alpha=1 - EMA_DECAY)
        return loss.detach()
