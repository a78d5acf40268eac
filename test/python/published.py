"""Writes checkpoints as published training code leaves them, and what their networks predict.

The method's code saves ``{step, model, opt, ema, scaler}``: ``model`` is the diffusion model, whose network is ``model.`` beside the
buffers of the schedule, and ``ema`` an average of it (ema_pytorch) beside the model that it follows. U-ViT saves the network's
state dict, DiT ``{model, ema, opt, args}``. Networks are those of maskdm_torch; what they lack of the published ones is added here.

Input: {"folder", "size", "patch"}. For each name NAME.pt (and NAME.safetensors, where said), NAME.raw.f32 and NAME.ema.f32: the
predictions [2, N, p*p*C] in (p1, p2, C) order for x.f32 [2, H, W, C] at the timesteps of timesteps.i32.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from maskdm_torch.networks import NetworkShape
from maskdm_torch.networks.blocks import Attention, timestep_embedding
from maskdm_torch.networks.dit import DiT
from maskdm_torch.networks.uvit import UViT
from maskdm_torch.tokens import images_to_tokens, tokens_to_images


def random_weights(model: nn.Module, seed: int) -> nn.Module:
    """Nothing stays at 0 or 1, where an error would not show."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * (0.3 / parameter.shape[-1] ** 0.5)
    return model


def average_of(model: nn.Module) -> nn.Module:
    average = copy.deepcopy(model)
    for parameter in average.parameters():
        parameter.data = 0.7 * parameter.data
    return average


class Diffusion(nn.Module):
    """The published diffusion model as far as its state dict goes."""

    def __init__(self, network: nn.Module, betas: Tensor) -> None:
        super().__init__()
        self.model = network
        self.register_buffer("betas", betas.float())
        self.register_buffer("alphas_cumprod", torch.cumprod(1 - betas, dim=0).float())


class Average(nn.Module):
    """ema_pytorch's EMA as far as its state dict goes."""

    def __init__(self, online: nn.Module, average: nn.Module, step: int) -> None:
        super().__init__()
        self.online_model = online
        self.ema_model = average
        self.register_buffer("initted", torch.tensor(True))
        self.register_buffer("step", torch.tensor(step))


def linear_betas(timesteps: int) -> Tensor:
    return torch.linspace(1e-4 * 1000 / timesteps, 0.02 * 1000 / timesteps, timesteps, dtype=torch.float64)


class PublishedUViT(nn.Module):
    """U-ViT's forward pass (Bao et al. 2023) over the modules here: whole images, qkv with biases, a last convolution."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        own = UViT(shape)
        encoder = own.encoder
        self.shape = shape
        self.patch_embed = nn.Module()
        self.patch_embed.proj = encoder.patch_embed.proj
        self.time_embed = encoder.time_embed
        self.pos_embed = encoder.encoder_pos_embed
        if shape.num_classes:
            self.label_emb = encoder.label_emb
        self.in_blocks, self.mid_block, self.out_blocks = encoder.in_blocks, encoder.mid_block, encoder.out_blocks
        for block in [*self.in_blocks, self.mid_block, *self.out_blocks]:
            block.attn = Attention(shape, "all")
        self.norm = encoder.norm
        self.decoder_pred = own.encoder_to_output
        self.final_layer = nn.Conv2d(shape.channels, shape.channels, 3, padding=1)

    def forward(self, x: Tensor, timesteps: Tensor, y: Tensor | None = None) -> Tensor:
        """x [B, C, H, W] -> the same"""
        shape = self.shape
        tokens = self.patch_embed.proj(x).flatten(2).transpose(1, 2)
        extra = [self.time_embed(timestep_embedding(timesteps, shape.embed_dim).float())[:, None]]
        if y is not None:
            extra.insert(0, self.label_emb(y)[:, None])
        x = torch.cat([*extra, tokens], dim=1) + self.pos_embed
        skips = []
        for block in self.in_blocks:
            x = block(x)
            skips.append(x)
        x = self.mid_block(x)
        for block in self.out_blocks:
            x = block(x, skips.pop())
        x = self.decoder_pred(self.norm(x))[:, len(extra) :]
        image = tokens_to_images(x, shape.patch_size, shape.channels)
        return self.final_layer(image.permute(0, 3, 1, 2))


class PublishedDiT(DiT):
    """With learned variances: 2C channels come out, the noise first."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__(shape)
        self.final_layer.linear = nn.Linear(shape.embed_dim, 2 * shape.token_elements)

    def noise(self, tokens: Tensor, timesteps: Tensor, labels: Tensor) -> Tensor:
        """tokens [B, N, p*p*C] -> the same"""
        shape = self.shape
        out = self(tokens, torch.arange(shape.tokens).expand(len(tokens), -1), timesteps, labels)
        return out.unflatten(-1, (shape.patch_size**2, 2, shape.channels))[..., 0, :].flatten(2)


class Writer:
    def __init__(self, values: dict) -> None:
        self.folder = Path(values["folder"])
        self.size, self.patch = values["size"], values["patch"]
        x = np.fromfile(self.folder / "x.f32", dtype="<f4")
        self.x = torch.from_numpy(x).reshape(2, self.size, self.size, -1)
        self.tokens = images_to_tokens(self.x, self.patch)
        self.timesteps = torch.from_numpy(np.fromfile(self.folder / "timesteps.i32", dtype="<i4")).long()
        self.labels = torch.tensor([0, 2])

    def shape(self, **more: object) -> NetworkShape:
        sizes = {"image_size": self.size, "channels": 3, "patch_size": self.patch, "embed_dim": 32, "depth": 3, "num_heads": 2}
        return NetworkShape(**{**sizes, **more})

    def predicted(self, name: str, which: str, output: Tensor) -> None:
        output.detach().numpy().astype("<f4").tofile(self.folder / f"{name}.{which}.f32")

    def save(self, name: str, content: object) -> None:
        torch.save(content, self.folder / f"{name}.pt")

    def method(self) -> None:
        shape = self.shape(qkv_bias=True, time_embedding="mlp")
        network = random_weights(UViT(shape), 1)
        average = average_of(network)
        visible = torch.arange(shape.tokens).expand(2, -1)
        for which, model in {"raw": network, "ema": average}.items():
            self.predicted("method", which, model(self.tokens, visible, self.timesteps))
        betas = linear_betas(1000)
        online = Diffusion(network, betas)
        optimizer = torch.optim.AdamW(online.parameters(), lr=2e-4)
        network(self.tokens, visible, self.timesteps).square().mean().backward()
        optimizer.step()
        network.load_state_dict(random_weights(UViT(shape), 1).state_dict())  # the step was for the optimiser's state alone
        moments = {}
        for name, parameter in network.named_parameters():
            state = optimizer.state[parameter]
            state["step"].fill_(4300)  # 21 steps were left out, as in mixed precision
            moments |= {f"{kind}.{name}": state[kind] for kind in ("exp_avg", "exp_avg_sq")}
        save_file(moments, self.folder / "moments.safetensors")
        ema = Average(online, Diffusion(average, betas), 123)
        scaler = {"scale": 65536.0, "growth_factor": 2.0, "_growth_tracker": 3}
        state = {"step": 4321, "model": online.state_dict(), "opt": optimizer.state_dict(), "ema": ema.state_dict(), "scaler": scaler}
        self.save("method", state)
        save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, self.folder / "bare.safetensors")
        save_file({f"module.{name}": tensor.half() for name, tensor in network.state_dict().items()}, self.folder / "half.safetensors")
        both = {f"online_model.{name}": tensor for name, tensor in network.state_dict().items()}
        both |= {f"ema_model.{name}": tensor for name, tensor in average.state_dict().items()}
        save_file({name: tensor.clone() for name, tensor in both.items()}, self.folder / "both.safetensors")
        # Wrapped, in other kinds of numbers, transposed in memory, and two tensors of one storage.
        odd = OrderedDict((f"module.net.{name}", tensor.double()) for name, tensor in network.state_dict().items())
        name = "module.net.encoder.mid_block.mlp.fc1.weight"
        odd[name] = odd[name].t().contiguous().t()
        pair = torch.cat([odd["module.net.encoder.norm.weight"], odd["module.net.encoder.norm.bias"]])
        odd["module.net.encoder.norm.weight"], odd["module.net.encoder.norm.bias"] = pair[:32], pair[32:]
        torch.save({"state_dict": odd, "epoch": 3}, self.folder / "odd.pth")
        torch.save(odd, self.folder / "protocol4.pth", pickle_protocol=4)
        torch.save({key: tensor.bfloat16() for key, tensor in odd.items()}, self.folder / "bfloat16.pth")
        torch.save(odd, self.folder / "old.pth", _use_new_zipfile_serialization=False)
        torch.save(network, self.folder / "whole.pth")

    def uvit(self) -> None:
        for name, classes in {"uvit": 0, "uvit-classes": 3}.items():
            network = random_weights(PublishedUViT(self.shape(num_classes=classes)), 2)
            average = average_of(network)
            labels = self.labels if classes else None
            for which, model in {"raw": network, "ema": average}.items():
                image = model(self.x.permute(0, 3, 1, 2), self.timesteps, labels)
                self.predicted(name, which, images_to_tokens(image.permute(0, 2, 3, 1), self.patch))
            self.save(name, network.state_dict())
            self.save(f"{name}-ema", average.state_dict())

    def dit(self) -> None:
        network = random_weights(PublishedDiT(self.shape(backbone="dit", num_classes=3)), 3)
        average = average_of(network)
        for which, model in {"raw": network, "ema": average}.items():
            self.predicted("dit", which, model.noise(self.tokens, self.timesteps, self.labels))
        args = argparse.Namespace(model="DiT-S/4", image_size=self.size, num_classes=3)
        self.save("dit", {"model": network.state_dict(), "ema": average.state_dict(), "opt": {}, "args": args})


def main() -> None:
    torch.set_num_threads(1)
    writer = Writer(json.load(sys.stdin))
    with torch.no_grad():
        writer.uvit()
        writer.dit()
    writer.method()


if __name__ == "__main__":
    main()
