"""What step k of a stage sees, images, flips, timesteps, masks and noise, as functions of (seed, stage, k) alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .compiled import compiled
from .masks import Mask, draw_visible, mask_pieces, piece_at
from .streams import Stage, Streams, box_muller, permutation


@dataclass(frozen=True)
class BatchPlan:
    """Of the slots of a batch that were asked for, B of them."""

    # a whole number, counted from 0, a scalar where the rest is
    step: Tensor
    # slots within the whole batch [B]
    slots: Tensor
    # data set positions [B]
    indices: Tensor
    # mirrored left to right [B] bool
    flips: Tensor
    # t in {0 … T-1} [B]
    timesteps: Tensor
    # no class for this image [B] bool
    dropped_labels: Tensor
    # visible token indices, ascending [B, S]
    visible: Tensor


class BatchPlanner:
    """Plans the batches of a stage."""

    def __init__(
        self,
        experiment: Any,
        stage: Stage,
        dataset_size: int,
        device: torch.device | str = "cpu",
        is_compiled: bool = False,
    ) -> None:
        if dataset_size < 1:
            raise ValueError("the data set holds no image")
        self.experiment = experiment
        self.stage = stage
        self.dataset_size = dataset_size
        self.device = torch.device(device)
        self.batch_size: int = getattr(experiment, stage).batch_size
        self.pieces = mask_pieces(experiment, stage)
        self._orders: dict[int, Tensor] = {}
        self._draw = compiled(self._drawn, is_compiled)

    def streams(self, name: str) -> Streams:
        return Streams(self.experiment.seed, self.stage, name)

    def mask(self, step: int) -> Mask:
        """What the mask of a step comes to: the same at all steps of a piece."""
        return piece_at(self.pieces, step).mask

    def plan(self, step: int, slots: range | None = None) -> BatchPlan:
        """The plan of some slots of step's batch (counted from 0), of all of them by default."""
        slots = range(self.batch_size) if slots is None else slots
        items = torch.arange(slots.start, slots.stop, device=self.device)
        # Filled in where it is needed: a device waits for what is brought to it.
        place = torch.full((), step, dtype=torch.long, device=self.device)
        indices = self.indices(step, slots)
        if self.device.type == "cuda":
            # From memory that is not pinned a copy may wait for all that was queued before.
            indices = indices.pin_memory()
        indices = indices.to(self.device, non_blocking=True)
        return BatchPlan(place, items, indices, *self._draw(self.mask(step), place, items))

    def _drawn(self, mask: Mask, step: Tensor, items: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Flips, timesteps, dropped labels and visible tokens."""
        data, model, diffusion = self.experiment.data, self.experiment.model, self.experiment.diffusion
        dropout = model.class_dropout if model.num_classes > 0 else 0
        return (
            self.streams("flip").uniform(step, items) < data.hflip,
            draw_timesteps(diffusion, self.streams("timestep"), step, items),
            self.streams("labelDrop").uniform(step, items) < dropout,
            draw_visible(mask, self.streams("mask"), step, items),
        )

    def indices(self, step: int, slots: range | None = None) -> Tensor:
        """Data set positions of those slots [B], on the processor: of an endless sequence, shuffled anew in every
        epoch."""
        slots = range(self.batch_size) if slots is None else slots
        size, first = self.dataset_size, step * self.batch_size + slots.start
        last = first + len(slots) - 1
        epochs = range(first // size, last // size + 1)
        self._orders = {epoch: self._orders[epoch] if epoch in self._orders else self._order(epoch) for epoch in epochs}
        return torch.cat([order[max(0, first - e * size) : last + 1 - e * size] for e, order in self._orders.items()])

    def _order(self, epoch: int) -> Tensor:
        return permutation(self.streams("order"), epoch, self.dataset_size)


def draw_timesteps(diffusion: Any, streams: Streams, step: int | Tensor, items: Tensor) -> Tensor:
    """t of each item [n] -> [n]. logit_normal: Esser et al. 2024, u = sigmoid(mean + std z), t = floor((1 - u) T)."""
    total = diffusion.timesteps
    if diffusion.timestep_distribution == "uniform":
        return streams.integers(step, items, torch.full((1,), total, device=items.device), total)[:, 0]
    z = streams.normals(step, items, 1)[:, 0].double()
    u = 1 / (1 + torch.exp(-(diffusion.logit_mean + diffusion.logit_std * z)))
    return ((1 - u) * total).floor().long().clamp(0, total - 1)


def token_noise(streams: Streams, step: int | Tensor, items: Tensor, tokens: Tensor, elements: int) -> Tensor:
    """Noise of some tokens of each item; a token has the same whichever others there are.

    items [B], tokens [B, F], step a number or one of each item [B] -> [B, F, elements] float32, in (p1, p2, C) order
    """
    per_token = math.ceil(elements / 4)
    blocks = tokens[..., None] * per_token + torch.arange(per_token, device=tokens.device)
    step = step[:, None, None] if isinstance(step, Tensor) and step.dim() else step
    words = streams.blocks(step, items[:, None, None], blocks)
    return box_muller(words.flatten(2))[..., :elements]
