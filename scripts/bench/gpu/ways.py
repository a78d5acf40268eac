"""A way to train a cell, ready to step: all begin with the same weights and, in their first step, the same batch."""

from __future__ import annotations

import torch
from maskdm_torch.batch_plan import BatchPlanner, token_noise
from maskdm_torch.batches import Assembler
from maskdm_torch.experiment import parse_experiment
from maskdm_torch.networks import network_of, shape_of
from maskdm_torch.objective import image_losses
from maskdm_torch.tokens import tokens_to_images
from maskdm_torch.training_state import TrainingState
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from cells import Cell
from published_loop import PublishedLoop


class Way:
    """step() makes one update and gives its loss, unread: nobody has waited for it."""

    def __init__(self, cell: Cell, way: str, device: torch.device, is_compiled: bool) -> None:
        """is_compiled: whether the way `compiled` is, which takes a compiler"""
        self.experiment = parse_experiment(cell.experiment())
        shape = shape_of(self.experiment)
        torch.manual_seed(0)
        # PyTorch's own first values, drawn on the device, since they are quick; the package's would change no figure.
        with torch.device(device):
            network = network_of(shape)
        size = (cell.images, cell.image_size, cell.image_size, shape.channels)
        self.pixels = torch.randint(256, size, dtype=torch.uint8, device=device)
        is_compiled = is_compiled and way == "compiled"
        self.planner = BatchPlanner(self.experiment, "pretrain", cell.images, device, is_compiled)
        self.visible_tokens = self.planner.mask(0).visible_tokens
        self.parameters = sum(parameter.numel() for parameter in network.parameters())
        if way.startswith("published"):
            loop = PublishedLoop(network, self.experiment, self.pixels, self.visible_tokens, way.endswith("sdpa"))
            self.step = self._first_of(loop)
        else:
            self.assembler = Assembler(self.experiment, device, is_compiled=is_compiled)
            self.state = TrainingState(network, self.experiment, "pretrain", precision="bfloat16", is_compiled=is_compiled)
            self.step = self._step

    def _step(self) -> Tensor:
        plan = self.planner.plan(self.state.step)
        batch = self.assembler.assemble(self.planner, plan, self.pixels[plan.indices], None)
        return self.state.update(batch).losses.mean()

    def _first_of(self, loop: PublishedLoop):
        """The batch that the package begins with; thereafter the loop draws its own."""

        def first() -> Tensor:
            self.step = loop.step
            plan, shape = self.planner.plan(0), loop.network.shape
            every = torch.arange(shape.tokens, device=self.pixels.device).expand(len(plan.slots), -1)
            noise = token_noise(self.planner.streams("noise"), 0, plan.slots, every, shape.token_elements)
            noise = tokens_to_images(noise, shape.patch_size, shape.channels)
            return loop.update(self.pixels[plan.indices], noise, plan.timesteps, plan.visible)

        return first


def flops_per_step(cell: Cell) -> int:
    """Of the matrix products of a step in which hidden patches are dropped before they are embedded; a multiply-add counts as two."""
    experiment = parse_experiment(cell.experiment())
    shape = shape_of(experiment)
    visible_tokens = BatchPlanner(experiment, "pretrain", 1).mask(0).visible_tokens
    with torch.device("meta"):
        network = network_of(shape)
        tokens = torch.zeros(1, visible_tokens, shape.token_elements)
        timesteps = torch.zeros(1, dtype=torch.long)
        with FlopCounterMode(display=False) as counter:
            output = network(tokens, torch.zeros(1, visible_tokens, dtype=torch.long), timesteps)
            image_losses(output, tokens, torch.ones(1)).sum().backward()
    return counter.get_total_flops() * cell.batch_size
