"""Whether a Mac's graphics card does what an experiment needs. It is younger than PyTorch's other devices, and what it
lacks differs from one version to the next: so a step of the experiment is done there and on the processor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from .batch_plan import BatchPlanner
from .batches import Assembler, TrainingBatch
from .engine import evaluating, free_memory, training_state
from .experiment import Experiment, Stage
from .training_state import TrainingState

#: Relative; what differs by more is no rounding, not even that of bfloat16.
_TOLERANCE = 0.05
_IMAGES = 2
#: Of numbers added to all weights, or those that begin at zero would hide what the others do.
_SPREAD = 0.02


def proven(
    device: torch.device, experiment: Experiment, stage: Stage, folder: Path, note: Callable[[str], None]
) -> torch.device:
    """The device, or the processor where that is Metal and fails. folder: that of the experiment file."""
    wrong = failure(device, experiment, stage, folder) if device.type == "mps" else None
    if wrong is None:
        return device
    note(f"{wrong}: the processor computes instead")
    return torch.device("cpu")


def failure(device: torch.device, experiment: Experiment, stage: Stage, folder: Path) -> str | None:
    """What is wrong with a step on a device; None: it does what one on the processor does. Raises UserError where there
    is no such network."""
    batch = _noise(experiment, stage)
    here = _state(experiment, stage, folder, torch.device("cpu"))
    generator = torch.Generator()
    for tensor in here.raw:
        tensor.detach().add_(torch.empty(tensor.shape).normal_(std=_SPREAD, generator=generator))
    before = {name: tensor.detach().clone() for name, tensor in zip(here.names, here.raw)}
    should = _step(here, batch, before)
    try:
        found = _step(_state(experiment, stage, folder, device), batch.to(device), before)
    except (RuntimeError, TypeError) as error:
        return f"{device} cannot train this network ({str(error).splitlines()[0].rstrip('.')})"
    finally:
        free_memory(device)
    for what in should:
        apart = ((found[what] - should[what]).norm() / should[what].norm().clamp(min=1e-12)).item()
        if not apart <= _TOLERANCE:
            return f"{device} computes another {what} than the processor (by {100 * apart:.0f} %)"
    return None


def _state(experiment: Experiment, stage: Stage, folder: Path, device: torch.device) -> TrainingState:
    return training_state(experiment, stage, None, device, folder, lambda _: None)


def _noise(experiment: Experiment, stage: Stage) -> TrainingBatch:
    """A batch of images of noise, on the processor."""
    data, model = experiment.data, experiment.model
    planner = BatchPlanner(experiment, stage, _IMAGES)
    plan = planner.plan(0, range(min(_IMAGES, planner.batch_size)))
    shape = (len(plan.indices), data.image_size, data.image_size, data.channels)
    pixels = torch.empty(shape, dtype=torch.uint8).random_(0, 256, generator=torch.Generator())
    labels = torch.zeros_like(plan.indices) if model.num_classes > 0 else None
    return Assembler(experiment).assemble(planner, plan, pixels, labels)


def _step(state: TrainingState, batch: TrainingBatch, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """From those weights: losses, norm of the gradient, and how the step changed them; on the processor."""
    state.load(weights)
    with evaluating(state.network):
        metrics = state.update(batch, want_gradient_norm=True)
    assert metrics.gradient_norm is not None
    changes = [tensor.detach().cpu() - weights[name] for name, tensor in zip(state.names, state.raw)]
    return {
        "loss": metrics.losses.cpu(),
        "gradient": metrics.gradient_norm.cpu(),
        "change of the weights": torch.cat([change.flatten() for change in changes]),
    }
