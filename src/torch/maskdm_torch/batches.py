"""Turns a batch plan and its pixels into what the network is fed: the one code path of DSM and MDSM (method section
3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .batch_plan import BatchPlan, BatchPlanner, token_noise
from .compiled import compiled
from .objective import loss_weights, target_coefficients
from .schedule import noise_schedule
from .streams import Streams
from .tokens import gather_patches


@dataclass(frozen=True)
class TrainingBatch:
    """B images with S visible tokens and F fed ones, of e = p·p·C values, all where the network is."""

    # x_t restricted to the tokens that are fed [B, F, e], in (p1, p2, C) order
    tokens: Tensor
    # what the network should give for them [B, F, e]
    target: Tensor
    # [B]
    timesteps: Tensor
    # visible token indices [B, S]
    visible: Tensor
    # weight of each image's loss [B]
    weight: Tensor
    # class of each image, or the number of classes where it was dropped [B]; None when unconditional
    labels: Tensor | None

    def to(self, device: torch.device) -> "TrainingBatch":
        return TrainingBatch(**{k: v if v is None else v.to(device) for k, v in vars(self).items()})

    def part(self, start: int, stop: int) -> "TrainingBatch":
        """Some of the images."""
        return TrainingBatch(**{k: v if v is None else v[start:stop] for k, v in vars(self).items()})


class Assembler:
    """Makes the batches of an experiment. Only patches that are fed are ever made floats, and only their noise is
    drawn."""

    def __init__(
        self, experiment: Any, device: torch.device | str = "cpu", diffusion: Any = None, is_compiled: bool = False
    ) -> None:
        """diffusion: another section than the experiment's."""
        self.experiment = experiment
        diffusion = diffusion or experiment.diffusion
        schedule = noise_schedule(diffusion)
        factors = [schedule.signal, schedule.noise, *target_coefficients(diffusion.prediction, schedule)]
        # By timestep: factors of x0 and ε in x_t and in the target, and the weight of the loss [T, 5].
        self.levels = torch.stack([*factors, loss_weights(diffusion, schedule)], dim=1).float().to(device)
        self._noised = compiled(self._eager_noised, is_compiled)

    def assemble(self, planner: BatchPlanner, plan: BatchPlan, pixels: Tensor, labels: Tensor | None) -> TrainingBatch:
        """The batch of planned images: pixels uint8 [B, H, W, C], not mirrored, and the class of each [B]."""
        classes = self.experiment.model.num_classes
        own = torch.where(plan.dropped_labels, classes, labels) if classes > 0 else None
        streams, place = planner.streams("noise"), (plan.step, plan.slots)
        tokens, target, weight = self._noised(streams, *place, plan.flips, plan.timesteps, plan.visible, pixels)
        return TrainingBatch(tokens, target, plan.timesteps, plan.visible, weight, own)

    def _eager_noised(
        self,
        streams: Streams,
        step: Tensor,
        slots: Tensor,
        flips: Tensor,
        timesteps: Tensor,
        fed: Tensor,
        pixels: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """x_t and target of the tokens that are fed, and the weight of each image's loss."""
        model, data = self.experiment.model, self.experiment.data
        if self.experiment.mask.mode != "drop":
            tokens = (data.image_size // model.patch_size) ** 2
            fed = torch.arange(tokens, device=fed.device).expand(len(fed), -1)
        noise = token_noise(streams, step, slots, fed, model.patch_size**2 * data.channels)
        return self._mixed(gather_patches(pixels, flips, fed, model.patch_size), noise, timesteps)

    def mix(
        self, x0: Tensor, noise: Tensor, timesteps: Tensor, visible: Tensor, labels: Tensor | None
    ) -> TrainingBatch:
        """The batch of tokens x0 that are fed and their noise, [B, F, e] both."""
        tokens, target, weight = self._mixed(x0, noise, timesteps)
        return TrainingBatch(tokens, target, timesteps, visible, weight, labels)

    def _mixed(self, x0: Tensor, noise: Tensor, timesteps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        factors = self.levels[timesteps]
        signal, amount, of_x0, of_noise = factors[:, :4, None, None].unbind(1)
        return signal * x0 + amount * noise, of_x0 * x0 + of_noise * noise, factors[:, 4]
