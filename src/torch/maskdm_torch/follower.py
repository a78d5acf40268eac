"""A process that follows the leader of a training (distributed.py): it knows of the run only what it is told."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

import torch

from .batch_source import BatchSource
from .classes import KnownClasses
from .dataset import open_dataset
from .distributed import Ranks, TrainingEnded
from .engine import prepare_device, smaller_micro_batch, training_state
from .experiment import Experiment, Stage
from .stop_request import end_signals


@dataclass(frozen=True)
class FollowersTask:
    """What the leader says of a training once its images are decoded."""

    experiment: Experiment
    stage: Stage
    #: folder of the experiment file
    base: Path
    known_classes: KnownClasses | None
    decoder: str


def follow(ranks: Ranks) -> None:
    """Does its part of every step until the leader ends. Raises WorkerLost, UserError."""
    # Whether to stop is the leader's decision.
    for number in end_signals():
        signal.signal(number, signal.SIG_IGN)
    try:
        _train(ranks, ranks.tell(None))
    except TrainingEnded:
        return


def _train(ranks: Ranks, task: FollowersTask) -> None:
    experiment, stage = task.experiment, task.stage
    device = prepare_device(experiment, ranks)
    state = training_state(experiment, stage, None, device, task.base, _say_nothing, ranks)
    dataset = open_dataset(experiment, task.base, task.known_classes, _say_nothing, _say_nothing, task.decoder)
    source = BatchSource(experiment, stage, dataset.training, device, ranks)
    ranks.share(state)
    while True:
        # Made before the step begins, as the leader makes its own at the same time.
        batch = source.batch(state.step)
        try:
            state.update(batch)
        except torch.cuda.OutOfMemoryError:
            smaller_micro_batch(state, experiment, stage)


def _say_nothing(*_: object) -> None:
    """The leader has said it."""
