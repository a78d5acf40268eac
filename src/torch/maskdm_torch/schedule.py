"""How much image and how much noise a timestep holds, x_t = a_t x0 + b_t ε, whatever the process
(docs/diffusion.md)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

# Nothing is divided by less (Li & He 2025): at t = T-1 a flow has no signal at all, and a loss would count single
# timesteps hundreds of times.
LEAST_DIVISOR = 0.05
# No β above this: at 1 the image would be gone.
LARGEST_BETA = 0.999


@dataclass(frozen=True)
class NoiseSchedule:
    """All of it [T] in float64, on the processor."""

    # a, in [0, 1]
    signal: Tensor
    # b, in (0, 1]
    noise: Tensor
    # what prediction v is: velocity_x0 · x0 + velocity_epsilon · ε; with x_t it has determinant 1 or -1
    velocity_x0: Tensor
    velocity_epsilon: Tensor
    # what is left of x_t without the predicted noise is divided by this
    divisor: Tensor


def noise_schedule(diffusion: Any) -> NoiseSchedule:
    """Of the section `diffusion` of an experiment: ddpm (Ho et al. 2020) or flow (Liu et al. 2022, Lipman et al.
    2022)."""
    total = diffusion.timesteps
    if diffusion.process == "flow":
        noise = torch.arange(1, total + 1, dtype=torch.float64) / total
        signal = 1 - noise
        one = torch.ones_like(noise)
        return NoiseSchedule(signal, noise, one, -one, signal.clamp(min=LEAST_DIVISOR))
    alphas_cumprod = torch.cumprod(1 - betas(diffusion), dim=0)
    signal, noise = alphas_cumprod.sqrt(), (1 - alphas_cumprod).sqrt()
    # Salimans & Ho 2022: v = a ε - b x0
    return NoiseSchedule(signal, noise, -noise, signal, signal)


def betas(diffusion: Any) -> Tensor:
    """β_t [T]. cosine: Nichol & Dhariwal 2021, eq. 17; linear: Ho et al. 2020, scaled by 1000/T."""
    total = diffusion.timesteps
    if diffusion.schedule == "linear":
        values = 1e-4 + (0.02 - 1e-4) * torch.arange(total, dtype=torch.float64) / (total - 1)
        return (1000 / total * values).clamp(max=LARGEST_BETA)
    share = torch.arange(total + 1, dtype=torch.float64) / total
    kept = torch.cos((share + 0.008) / 1.008 * (math.pi / 2)) ** 2
    return (1 - kept[1:] / kept[:-1]).clamp(max=LARGEST_BETA)
