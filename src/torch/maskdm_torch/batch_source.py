"""Where a training loop's batches come from: plan, pixels, noise, all of it where the network is, or where its random
numbers are drawn."""

from __future__ import annotations

import torch

from .batch_plan import BatchPlanner
from .batches import Assembler, TrainingBatch
from .compiled import can_compile
from .dataset import Images
from .distributed import ALONE, Ranks
from .experiment import Experiment, Stage
from .streams import drawn_on

#: Images stay on a device if they take no more than this share of its free memory.
_RESIDENT_SHARE = 0.4


class BatchSource:
    def __init__(
        self, experiment: Experiment, stage: Stage, images: Images, device: torch.device, ranks: Ranks = ALONE
    ) -> None:
        """ranks: of each batch this process's slots are made."""
        self._slots = ranks.slots(experiment.stage(stage).batch_size)
        self._device = device
        self._made_on = drawn_on(device)
        self._planner = BatchPlanner(experiment, stage, len(images), self._made_on, can_compile(device))
        self._assembler = Assembler(experiment, self._made_on, is_compiled=can_compile(device))
        self._pixels = torch.from_numpy(images.store)
        self._positions = torch.from_numpy(images.positions)
        self._labels = torch.from_numpy(images.labels).to(self._made_on)
        if device.type == "cuda" and self._pixels.nbytes <= _RESIDENT_SHARE * torch.cuda.mem_get_info(device)[0]:
            self._pixels = self._pixels.to(device)
            self._positions = self._positions.to(device)

    def visible_tokens(self, step: int) -> int:
        """S of a step, counted from 0."""
        return self._planner.mask(step).visible_tokens

    def batch(self, step: int) -> TrainingBatch:
        """The batch of a step, counted from 0."""
        plan = self._planner.plan(step, self._slots)
        if self._pixels.device.type == self._made_on.type:
            pixels = self._pixels[self._positions[plan.indices]]
        else:
            # From pinned memory they are brought over while the device works on the step before.
            chosen = self._positions[self._planner.indices(step, self._slots)]
            pixels = self._pixels[chosen].pin_memory().to(self._device, non_blocking=True)
        batch = self._assembler.assemble(self._planner, plan, pixels, self._labels[plan.indices])
        return batch if self._made_on == self._device else batch.to(self._device)
