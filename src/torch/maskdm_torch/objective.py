"""What the network predicts, and how a timestep's loss is weighted (docs/diffusion.md)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .schedule import LEAST_DIVISOR, NoiseSchedule


def target_coefficients(prediction: str, schedule: NoiseSchedule) -> tuple[Tensor, Tensor]:
    """The regression target as a mix of image and noise: factors of x0 and of ε, [T] each."""
    zero, one = torch.zeros_like(schedule.signal), torch.ones_like(schedule.signal)
    return {
        "epsilon": (zero, one),
        "x0": (one, zero),
        "v": (schedule.velocity_x0, schedule.velocity_epsilon),
    }[prediction]


def loss_weights(diffusion: Any, schedule: NoiseSchedule) -> Tensor:
    """Weight of the squared error at each timestep [T].

    velocity: the loss is that of v whatever is predicted (Li & He 2025). min_snr: min(SNR, γ) on the error of x0
    (Hang et al. 2023), which is b/a times that of ε, hence min(1, γ/SNR) on that of ε, which holds without any signal,
    too.
    """
    a, b, prediction = schedule.signal, schedule.noise, diffusion.prediction
    one = torch.ones_like(a)
    if diffusion.loss_weighting == "velocity":
        return 1 / {"epsilon": a, "x0": b, "v": one}[prediction].clamp(min=LEAST_DIVISOR) ** 2
    if diffusion.loss_weighting == "min_snr":
        on_noise = {"epsilon": one, "x0": a / b, "v": a}[prediction]
        return (diffusion.min_snr_gamma / (a / b) ** 2).clamp(max=1) * on_noise**2
    return one


def image_losses(output: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Weighted loss of each image, the mean over the values of the tokens that are fed: [B, F, e] twice and [B] ->
    [B]."""
    return weight * (output - target).square().flatten(1).mean(dim=1)


def to_x0_and_epsilon(
    prediction: str, output: Tensor, xt: Tensor, schedule: NoiseSchedule, t: int
) -> tuple[Tensor, Tensor]:
    """Reads a network's output for x_t as the image and the noise that it implies; all of one shape."""
    a, b = schedule.signal[t].item(), schedule.noise[t].item()
    if prediction == "epsilon":
        return (xt - b * output) / schedule.divisor[t].item(), output
    if prediction == "x0":
        return output, (xt - a * output) / b
    of_x0, of_epsilon = schedule.velocity_x0[t].item(), schedule.velocity_epsilon[t].item()
    # Cramer's rule; the determinant a·(ε's) - b·(x0's) is its own inverse.
    sign = 1 if a * of_epsilon - b * of_x0 > 0 else -1
    return sign * (of_epsilon * xt - b * output), sign * (a * output - of_x0 * xt)
