"""Several processes that train one network, as torchrun starts them: each takes its slots of every batch (docs/cluster.md).

The first is the leader: a trainer as any other, which reads, logs, draws and writes the run. The others follow it: they know nothing
of the run, do their part of each step that the leader begins, and end when it ends. What a step computes depends on the number of
processes by rounding only, as everything random is a function of seed, step and slot.

Gradients are averaged by PyTorch's DistributedDataParallel while the backward pass still goes on. Averaging them in one piece
afterwards is less code and as exact, but would add its whole time to a step: for 130 million parameters 20 ms over a network of
50 GB/s, as much as a whole step takes at a mask rate of 0.9.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from .errors import UserError

if TYPE_CHECKING:
    from .batches import TrainingBatch
    from .streams import Stage
    from .training_state import TrainingState

#: Followers wait that long while the leader draws, evaluates or saves.
_PATIENCE = timedelta(hours=6)
_GO, _END = 1, 0


class TrainingEnded(Exception):
    """The leader has ended: a follower has nothing left to do."""


class WorkerLost(Exception):
    """Another process of this training is gone. Whoever started them all starts them again, from the last checkpoint."""


class Ranks(Protocol):
    """The processes that train together, as one of them sees them."""

    rank: int
    count: int

    def slots(self, batch_size: int) -> range:
        """This process's slots of a batch."""

    def step(self) -> AbstractContextManager[None]:
        """Around each step: all begin it together. Raises TrainingEnded in followers, WorkerLost."""

    def parallel(self, network: nn.Module, may_idle: bool) -> nn.Module:
        """The network, whose gradients are averaged from now on. may_idle: nothing may depend on some of its tensors."""

    def unshared(self, network: nn.Module) -> AbstractContextManager[None]:
        """Around a pass of that network whose gradients are not averaged yet, as more passes follow."""

    def gather(self, values: Tensor) -> Tensor:
        """Values of this process's images [B, n] -> those of all of them, in the order of the slots."""


class Alone:
    """One process."""

    rank, count = 0, 1

    def slots(self, batch_size: int) -> range:
        return range(batch_size)

    def step(self) -> AbstractContextManager[None]:
        return nullcontext()

    def parallel(self, network: nn.Module, may_idle: bool) -> nn.Module:
        return network

    def unshared(self, network: nn.Module) -> AbstractContextManager[None]:
        return nullcontext()

    def gather(self, values: Tensor) -> Tensor:
        return values


class ProcessGroup:
    """Those that torchrun has started. Made by join_ranks."""

    def __init__(self, device: torch.device) -> None:
        self.rank, self.count = dist.get_rank(), dist.get_world_size()
        self._device = device
        #: What the leader says goes from processor to processor, so that no device is waited for.
        self._words = dist.new_group(backend="gloo", timeout=_PATIENCE)
        self._in_step = False

    def slots(self, batch_size: int) -> range:
        share = batch_size // self.count
        return range(self.rank * share, (self.rank + 1) * share)

    @contextmanager
    def step(self) -> Iterator[None]:
        self._word(_GO)
        with _losses_named():
            self._in_step = True
            yield
            self._in_step = False

    def end(self) -> None:
        """Sends the followers home. Within a step, as after an error, they cannot be reached: the end of this process ends them."""
        if self.rank == 0 and not self._in_step:
            with suppress(WorkerLost):
                self._word(_END)

    def parallel(self, network: nn.Module, may_idle: bool) -> nn.Module:
        return DistributedDataParallel(
            network,
            device_ids=None if self._device.type == "cpu" else [self._device],
            broadcast_buffers=False,
            gradient_as_bucket_view=True,
            find_unused_parameters=may_idle,
        )

    def unshared(self, network: nn.Module) -> AbstractContextManager[None]:
        return network.no_sync()

    def gather(self, values: Tensor) -> Tensor:
        parts = [torch.empty_like(values) for _ in range(self.count)]
        dist.all_gather(parts, values)
        return torch.cat(parts)

    def tell(self, value: Any) -> Any:
        """What the leader says, in all processes. value: anything that pickles; of followers it does not count.

        Raises TrainingEnded in followers, WorkerLost.
        """
        box = [value]
        self._word(_GO)
        with _losses_named():
            dist.broadcast_object_list(box, 0, group=self._words)
        return box[0]

    @torch.no_grad()
    def share(self, state: TrainingState) -> None:
        """Gives the followers the weights, moments and step of the leader; all do the steps together from then on."""
        step = self.tell(state.step)
        tensors = state.tensors()
        with _losses_named():
            for of_set in tensors.values():
                for tensor in of_set.values():
                    dist.broadcast(tensor, 0)
            state.load(tensors["raw"], tensors["ema"], tensors["optimizer"], step)
            state.join(self)

    def _word(self, word: int) -> None:
        """Said by the leader, and waited for by the followers, before everything that they do together."""
        said = torch.tensor([word], dtype=torch.int32)
        with _losses_named():
            dist.broadcast(said, 0, group=self._words)
        if self.rank > 0 and said.item() == _END:
            raise TrainingEnded


@contextmanager
def _losses_named() -> Iterator[None]:
    """Tells the loss of a process from errors of the computation."""
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, dist.DistError) or "gloo" in str(error).lower():
            raise WorkerLost(str(error).splitlines()[0]) from error
        raise


def started_by_torchrun() -> bool:
    return "TORCHELASTIC_RUN_ID" in os.environ


@contextmanager
def join_ranks() -> Iterator[ProcessGroup]:
    """Joins the processes that torchrun has started; at the end of the leader the others end, too."""
    is_cuda = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if is_cuda else torch.device("cpu")
    if is_cuda:
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if is_cuda else "gloo", timeout=_PATIENCE)
    try:
        group = ProcessGroup(device)
        try:
            yield group
        finally:
            group.end()
    finally:
        dist.destroy_process_group()


def check_divides(stage: Stage, batch_size: int, count: int) -> None:
    """Raises UserError where a batch cannot be divided evenly."""
    if batch_size % count != 0:
        less = batch_size - batch_size % count
        sizes = f"{less} or {less + count}" if less else str(count)
        raise UserError(
            f"{stage}.batch_size {batch_size} cannot be divided evenly among {count} processes. Take {sizes}, or a number of processes that divides {batch_size}."
        )


def follow(state: TrainingState, batch_of: Callable[[int], TrainingBatch]) -> None:
    """What a follower does: its part of every step, until the leader ends. batch_of: its images of a step. Raises WorkerLost."""
    try:
        while True:
            # Made before the step begins, as the leader makes its own at the same time.
            state.update(batch_of(state.step))
    except TrainingEnded:
        return
