"""Several processes that train one network, as torchrun starts them: each takes its slots of every batch.

The first is the leader: a trainer as any other, which reads, logs, draws and writes the run. The others follow it: they
know nothing of the run, do their part of each step that the leader begins, and end when it ends. What a step computes
depends on the number of processes by rounding only, as everything random is a function of seed, step and slot.

Gradients are averaged by PyTorch's DistributedDataParallel while the backward pass still goes on. Averaging them in one
piece afterwards is less code and as exact, but its whole time would come on top of a step: 2 · 520 MB over 50 GB/s are
20 ms for 130 million parameters (docs/cluster.md).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import timedelta
from threading import Timer
from typing import TYPE_CHECKING, Any, Protocol
from warnings import catch_warnings, simplefilter

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.distributed_c10d import _set_pg_timeout
from torch.nn.parallel import DistributedDataParallel

from .division import KINDS
from .errors import UserError
from .torchrun import neighbours, place

if TYPE_CHECKING:
    from .training_state import TrainingState

#: Followers wait that long while the leader draws, evaluates or saves; and all for each other at the beginning.
_PATIENCE = timedelta(hours=6)
_MEETING = timedelta(minutes=3)
_MESSAGE_BYTES = 25 * 2**20
_GO, _END = 1, 0
#: The leader wants what the others keep of a kind.
_COLLECT = {kind: 2 + index for index, kind in enumerate(KINDS)}


class TrainingEnded(Exception):
    """The leader has ended: a follower has nothing left to do."""


class WorkerLost(UserError):
    """Another process of this training is gone. Who started them all starts them again, from the last checkpoint."""

    def __init__(self, why: str) -> None:
        super().__init__(f"another process of this training is gone ({why}); its last checkpoint is intact", "failure")


class Ranks(Protocol):
    """The processes that train together, as one of them sees them."""

    #: the leader's is 0
    rank: int
    count: int
    #: this process's number on its machine, and how many there are
    place: int
    neighbours: int

    def slots(self, batch_size: int) -> range:
        """This process's slots of a batch. Raises UserError where it cannot be divided evenly."""

    def step(self) -> AbstractContextManager[None]:
        """Around each step: all begin it together. Raises TrainingEnded in followers, WorkerLost."""

    def parallel(self, network: nn.Module, may_idle: bool) -> nn.Module:
        """The network, with gradients that are averaged from now on. may_idle: nothing may depend on some tensors."""

    def unshared(self, network: nn.Module) -> AbstractContextManager[None]:
        """Around a pass of that network whose gradients are not averaged yet, as more passes follow."""

    def tell(self, value: Any) -> Any:
        """What the leader says, in all processes. value: anything that pickles; of followers it does not count.

        Raises TrainingEnded in followers, WorkerLost.
        """

    def share(self, state: TrainingState) -> None:
        """Gives the followers the weights, moments and step of the leader; all do the steps together from then on."""

    def gather(self, values: Tensor) -> Tensor:
        """Values of this process's images [B, n] -> those of all of them, in the order of the slots."""

    def spread(self, tensors: Sequence[Tensor], owners: Sequence[int]) -> None:
        """Gives every process each tensor as its owner has it. Within a step."""

    def collect(self, state: TrainingState, kind: str) -> list[Tensor]:
        """One of KINDS, of all tensors of the leader's state, between steps; what the others keep comes to the processor.

        Raises WorkerLost.
        """


class Alone:
    """One process."""

    rank, count, place, neighbours = 0, 1, 0, 1

    def slots(self, batch_size: int) -> range:
        return range(batch_size)

    def step(self) -> AbstractContextManager[None]:
        return nullcontext()

    def parallel(self, network: nn.Module, may_idle: bool) -> nn.Module:
        return network

    def unshared(self, network: nn.Module) -> AbstractContextManager[None]:
        return nullcontext()

    def tell(self, value: Any) -> Any:
        return value

    def share(self, state: TrainingState) -> None:
        pass

    def gather(self, values: Tensor) -> Tensor:
        return values

    def spread(self, tensors: Sequence[Tensor], owners: Sequence[int]) -> None:
        pass

    def collect(self, state: TrainingState, kind: str) -> list[Tensor]:
        return state.kept(kind)


ALONE = Alone()


class ProcessGroup:
    """Those that torchrun has started. Made by join_ranks."""

    def __init__(self) -> None:
        self.rank, self.count = dist.get_rank(), dist.get_world_size()
        self.place, self.neighbours = place(), neighbours()
        #: What the leader says goes from processor to processor, so that no device is waited for.
        self._words = dist.new_group(backend="gloo", timeout=_MEETING)
        for group in (None, self._words):
            _set_pg_timeout(_PATIENCE, group)
        self._in_step = False
        self._state: TrainingState | None = None

    def slots(self, batch_size: int) -> range:
        if batch_size % self.count != 0:
            raise UserError(
                f"A batch of {batch_size} images cannot be divided evenly among {self.count} processes. "
                "Start another number of them."
            )
        share = batch_size // self.count
        return range(self.rank * share, (self.rank + 1) * share)

    @contextmanager
    def step(self) -> Iterator[None]:
        while (word := self._word(_GO)) != _GO:
            self._hand_over(word)
        with _losses_named():
            self._in_step = True
            yield
            self._in_step = False

    def end(self) -> None:
        """Sends the followers home. Within a step, as after an error, they cannot be reached: they are lost with this
        process."""
        if self.rank == 0 and not self._in_step:
            with suppress(WorkerLost):
                self._word(_END)

    def parallel(self, network: nn.Module, may_idle: bool) -> nn.Module:
        device = next(network.parameters()).device
        with catch_warnings():
            # Of broadcast_buffers, whose successor PyTorch 2.4 does not know.
            simplefilter("ignore", FutureWarning)
            return DistributedDataParallel(
                network,
                device_ids=None if device.type == "cpu" else [device],
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
        box = [value]
        self._word(_GO)
        with _losses_named():
            dist.broadcast_object_list(box, 0, group=self._words)
        return box[0]

    @torch.no_grad()
    def share(self, state: TrainingState) -> None:
        self._state = state
        step = self.tell(state.step)
        with _losses_named():
            for tensor in state.network.state_dict().values():
                dist.broadcast(tensor, 0)
            for kind in KINDS:
                if state.is_divided:
                    self._divide(state, kind)
                else:
                    for tensor in state.kept(kind):
                        dist.broadcast(tensor, 0)
            state.join(step)

    def spread(self, tensors: Sequence[Tensor], owners: Sequence[int]) -> None:
        for rank in range(self.count):
            own = [tensor.detach() for tensor, owner in zip(tensors, owners) if owner == rank]
            if own:
                # Many small tensors in few messages.
                dist._broadcast_coalesced(dist.group.WORLD, own, _MESSAGE_BYTES, rank)

    def collect(self, state: TrainingState, kind: str) -> list[Tensor]:
        kept = dict(zip(state.held, state.kept(kind)))
        if len(kept) == len(state.owners):
            return list(kept.values())
        self._word(_COLLECT[kind])
        with _losses_named():
            for index, owner in enumerate(state.owners):
                if owner != self.rank:
                    kept[index] = torch.empty(state.raw[index].shape)
                    dist.recv(kept[index], owner, group=self._words)
        return [kept[index] for index in range(len(state.owners))]

    def _hand_over(self, word: int) -> None:
        """A follower's side of collect. From processor to processor: what a checkpoint takes needs no room on the
        leader's device."""
        assert self._state is not None
        for tensor in self._state.kept(KINDS[word - _COLLECT[KINDS[0]]]):
            dist.send(tensor.cpu(), 0, group=self._words)

    def _divide(self, state: TrainingState, kind: str) -> None:
        """The leader gives the others what they are to keep of what it has loaded."""
        if self.rank > 0:
            for tensor in state.kept(kind):
                part = torch.empty(tensor.shape)
                dist.recv(part, 0, group=self._words)
                tensor.copy_(part)
            return
        for index, owner in enumerate(state.owners):
            if owner != self.rank:
                dist.send(state.given(kind, index), owner, group=self._words)

    def _word(self, word: int) -> int:
        """Said by the leader, and waited for by the followers, before everything that they do together. -> the leader's"""
        said = torch.tensor([word], dtype=torch.int32)
        with _losses_named():
            dist.broadcast(said, 0, group=self._words)
        if self.rank > 0 and said.item() == _END:
            raise TrainingEnded
        return int(said.item())


@contextmanager
def _losses_named() -> Iterator[None]:
    """Tells the loss of a process from errors of the computation."""
    try:
        yield
    except RuntimeError as error:
        text = str(error)
        if isinstance(error, dist.DistError) or "gloo" in text.lower():
            # Without the place in its source before, and the advice for its makers after it.
            raise WorkerLost(re.sub(r"^\[\S+\] ", "", text.splitlines()[0]).partition(". ")[0]) from error
        raise


@contextmanager
def _ends_after(limit: timedelta) -> Iterator[None]:
    """Ends this process where it is not done in time."""
    timer = Timer(limit.total_seconds(), os._exit, (1,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def join_ranks() -> Iterator[ProcessGroup]:
    """Joins the processes that torchrun has started; at the end of the leader the others end, too."""
    is_cuda = torch.cuda.is_available()
    if is_cuda:
        torch.cuda.set_device(place())
    try:
        # Processes that do not find each other in time are started again.
        with _losses_named(), _ends_after(_MEETING):
            dist.init_process_group("nccl" if is_cuda else "gloo", timeout=_MEETING)
            group = ProcessGroup()
        try:
            yield group
        finally:
            group.end()
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
