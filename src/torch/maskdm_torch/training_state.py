"""What training changes: the network, AdamW's moments, the moving average of the weights, and how many steps were
done."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from .batches import TrainingBatch
from .compiled import compiled
from .distributed import ALONE, Ranks
from .division import KINDS, owners_of
from .networks import is_own
from .objective import image_losses
from .optimizer import AdamW, average, clip_gradient, ema_decay, gradient_norm
from .streams import Stage

Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class StepMetrics:
    """Of one step, of all its processes, still where they were computed: to read them is to wait for the step."""

    # weighted loss of each image [B]
    losses: Tensor
    # mean weighted loss of a network that predicts nothing, a scalar
    nothing: Tensor
    # [B]
    timesteps: Tensor
    # before clipping, a scalar; None when not asked for
    gradient_norm: Tensor | None

    def is_finite(self) -> bool:
        """Whether loss and gradient are numbers; weights after a step that are none are lost."""
        norm = 0.0 if self.gradient_norm is None else self.gradient_norm.item()
        return math.isfinite(self.losses.mean().item()) and math.isfinite(norm)


class TrainingState:
    """Weights and moments are float32 whatever precision the network computes in."""

    def __init__(
        self,
        network: nn.Module,
        experiment: Any,
        stage: Stage,
        *,
        micro_batch_size: int | None = None,
        precision: Precision = "float32",
        is_compiled: bool = False,
        ranks: Ranks = ALONE,
    ) -> None:
        """network: where it is to train; micro_batch_size: images per pass, divides the batch, None: all; ranks: with
        whom it trains once they share it."""
        self.network = network
        self.ranks = ranks
        model = experiment.model
        self._may_idle = model.output_conv != "none" or experiment.mask.mode == "fuse" or is_own(model.backbone)
        self.config = getattr(experiment, stage)
        self.step = 0
        self.micro_batch_size = micro_batch_size or self.config.batch_size
        self.precision = precision
        self.names = [name for name, parameter in network.named_parameters() if parameter.requires_grad]
        self.raw = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self.is_divided = ranks.count > 1 and experiment.compute.shard == "optimizer"
        #: the process that keeps the moments and the moving average of each tensor
        self.owners = [ranks.rank] * len(self.raw)
        if self.is_divided:
            self.owners = owners_of([parameter.numel() for parameter in self.raw], ranks.count)
        #: the tensors of which this one does
        self.held = [index for index, owner in enumerate(self.owners) if owner == ranks.rank]
        self.ema = [torch.empty_like(self.raw[index]).detach() for index in self.held]
        self.optimizer = AdamW([self.raw[index] for index in self.held], self.config)
        self._parallel = network
        self.load(dict(zip(self.names, self.raw)))
        self._losses = compiled(self._eager_losses, is_compiled)

    def join(self, step: int) -> None:
        """From now on, with so many steps done, all processes do them together, each with its own images of a batch."""
        self._count(step)
        # What of a checkpoint belonged to others is with them.
        self._given = None
        # A network that is the user's may leave tensors out; so do an output convolution that has no whole images, and
        # the token of fuse that stands for hidden ones where there are none.
        self._parallel = self.ranks.parallel(self.network, self._may_idle)

    def update(self, batch: TrainingBatch, want_gradient_norm: bool = False) -> StepMetrics:
        """One optimiser step: gradients by micro-batches, clipping, AdamW, moving average. The device is not waited
        for."""
        with self.ranks.step():
            return self._update(batch, want_gradient_norm)

    def _update(self, batch: TrainingBatch, want_gradient_norm: bool) -> StepMetrics:
        for parameter in self.raw:
            parameter.grad = None
        size, losses = len(batch.timesteps), []
        for start in range(0, size, self.micro_batch_size):
            stop = start + self.micro_batch_size
            with self.ranks.unshared(self._parallel) if stop < size else nullcontext():
                part = self._losses(**vars(batch.part(start, stop)))
                (part.sum() / size).backward()
            losses.append(part.detach())
        # Before the weights change: a step that runs out of memory is done again with smaller micro-batches.
        nothing = image_losses(torch.zeros_like(batch.target), batch.target, batch.weight)
        norm = self._change_weights(want_gradient_norm)
        # Timesteps are exact in float32, too.
        of_all = self.ranks.gather(torch.stack([torch.cat(losses), nothing, batch.timesteps.float()], dim=1))
        return StepMetrics(of_all[:, 0], of_all[:, 1].mean(), of_all[:, 2].long(), norm)

    @torch.no_grad()
    def _change_weights(self, want_gradient_norm: bool) -> Tensor | None:
        """By the gradients. -> their norm before clipping, where it is wanted or needed"""
        for parameter in self.raw:
            # Nothing may depend on a tensor, as on an output convolution that is idle: moments fade and decay goes on.
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        largest = self.config.clip_grad
        norm = gradient_norm(self.raw) if want_gradient_norm or largest is not None else None
        if largest is not None:
            clip_gradient(self.optimizer.raw, norm, largest)
        self.optimizer.update(self.step)
        self.step += 1
        average(self.ema, self.optimizer.raw, ema_decay(self.step, self.config.ema_decay))
        if self.is_divided:
            self.ranks.spread(self.raw, self.owners)
        return norm

    def _eager_losses(
        self, tokens: Tensor, target: Tensor, timesteps: Tensor, visible: Tensor, weight: Tensor, labels: Tensor | None
    ) -> Tensor:
        """Of the images of a TrainingBatch [B]."""
        is_mixed = self.precision == "bfloat16"
        with torch.autocast(tokens.device.type, torch.bfloat16) if is_mixed else nullcontext():
            output = self._parallel(tokens, visible, timesteps, labels)
        return image_losses(output.float(), target, weight)

    def is_finite(self) -> bool:
        """Whether every weight is, and what this process keeps of the moving average, which follows them; asked before a
        checkpoint replaces a good one."""
        return all(torch.isfinite(norm).item() for norm in torch._foreach_norm([*self.raw, *self.ema]))

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """What a checkpoint holds: raw and ema weights with the network's constants, and the optimiser's moments, by
        name. What other processes keep is fetched from them, to the processor. Only the leader's, between steps."""
        constants = {name: tensor for name, tensor in self.network.state_dict().items() if name not in self.names}
        return {
            "raw": {**dict(zip(self.names, (parameter.detach() for parameter in self.raw))), **constants},
            "ema": {**self.averaged(), **constants},
            "optimizer": {
                f"{kind}.{name}": moment
                for kind in KINDS[1:]
                for name, moment in zip(self.names, self.ranks.collect(self, kind))
            },
        }

    def averaged(self) -> dict[str, Tensor]:
        """The moving average by name; as tensors()."""
        return dict(zip(self.names, self.ranks.collect(self, "ema")))

    def kept(self, kind: str) -> list[Tensor]:
        """One of KINDS, of the tensors that this process keeps."""
        return {"ema": self.ema, "exp_avg": self.optimizer.first, "exp_avg_sq": self.optimizer.second}[kind]

    def given(self, kind: str, index: int) -> Tensor:
        """What was loaded of a tensor that another process keeps, on the processor. Until that process has it."""
        assert self._given is not None
        return torch.empty(self.raw[index].shape).copy_(self._given(kind, self.names[index]))

    @torch.no_grad()
    def load(
        self,
        raw: Mapping[str, Tensor],
        ema: Mapping[str, Tensor] | None = None,
        moments: Mapping[str, Tensor] | None = None,
        step: int = 0,
    ) -> None:
        """Takes over tensors of a checkpoint, which fit: all of them to go on, or the weights alone to begin with."""

        def given(kind: str, name: str) -> Tensor:
            if kind == "ema":
                return (ema or raw)[name]
            return torch.zeros(()) if moments is None else moments[f"{kind}.{name}"]

        for name, tensor in zip(self.names, self.raw):
            tensor.copy_(raw[name])
        for kind in KINDS:
            for index, tensor in zip(self.held, self.kept(kind)):
                tensor.copy_(given(kind, self.names[index]))
        self._given = given if self.is_divided else None
        self._count(step)

    def _count(self, step: int) -> None:
        self.step = step
        self.optimizer.set_count(step)
