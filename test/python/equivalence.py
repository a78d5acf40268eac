"""Answers the Node tests with the package maskdm_torch on whole experiments: the tasks of torch_reference.py that take
one.

    {"task": "updates", "experiment": {…}, "stage", "folder", "updates": n, "save": [steps]} -> {"plans", "losses", "norms", "nothing"}
    {"task": "draw", "experiment": {…}, "folder", "count"}     -> {} and images.f32 [count, H, W, C]
    {"task": "golden", "file"}                                 -> {"deviations"}, see golden.py
    {"task": "streams", …}                                     -> see random_streams.py

The experiment is complete: every key has a value. Files of the folder:
    in   weights.safetensors (draw)
    out  tokens.f32 and target.f32 [B, F, p*p*C] of the first step · step<k>-raw/ema/optimizer.safetensors after the steps to save
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

import random_streams
from maskdm_torch.batch_plan import BatchPlan, BatchPlanner
from maskdm_torch.batches import Assembler, TrainingBatch
from maskdm_torch.networks import build_network
from maskdm_torch.samplers import denoiser_of, sample_images
from maskdm_torch.streams import Streams
from maskdm_torch.training_state import StepMetrics, TrainingState

# As in test/unit/torch/ownEngine.ts.
IMAGES = 7


def experiment_of(values: dict) -> SimpleNamespace:
    """Sections and keys as attributes."""
    return json.loads(json.dumps(values), object_hook=lambda mapping: SimpleNamespace(**mapping))


def images(experiment: SimpleNamespace, device: str) -> tuple[Tensor, Tensor]:
    """Noise as images, uint8 [IMAGES, H, W, C], and a class of each."""
    data = experiment.data
    count = IMAGES * data.image_size**2 * data.channels
    words = Streams(1, "pretrain", "init").words(0, torch.zeros(1, dtype=torch.long), count)[0, :count]
    pixels = (words % 256).to(torch.uint8).reshape(IMAGES, data.image_size, data.image_size, data.channels)
    return pixels.to(device), (torch.arange(IMAGES) % max(1, experiment.model.num_classes)).to(device)


def train(
    experiment: SimpleNamespace,
    stage: str,
    updates: int,
    device: str = "cpu",
    is_compiled: bool = False,
    folder: Path | None = None,
) -> Iterator[tuple[BatchPlan, TrainingBatch, StepMetrics, TrainingState]]:
    """Steps from new weights. folder: where a network of the user's own is looked for."""
    pixels, labels = images(experiment, device)
    micro = getattr(experiment, stage).micro_batch_size
    network = build_network(experiment, folder, device)
    state = TrainingState(
        network, experiment, stage, micro_batch_size=None if micro == "auto" else micro, is_compiled=is_compiled
    )
    planner = BatchPlanner(experiment, stage, IMAGES, device, is_compiled)
    assembler = Assembler(experiment, device, is_compiled=is_compiled)
    for step in range(updates):
        plan = planner.plan(step)
        batch = assembler.assemble(planner, plan, pixels[plan.indices], labels[plan.indices])
        yield plan, batch, state.update(batch, want_gradient_norm=True), state


def updates(values: dict) -> dict:
    folder = Path(values["folder"])
    reply: dict = {"plans": [], "losses": [], "norms": [], "nothing": []}
    steps = train(experiment_of(values["experiment"]), values["stage"], values["updates"])
    for plan, batch, metrics, state in steps:
        if state.step == 1:
            for name in ("tokens", "target"):
                getattr(batch, name).numpy().tofile(folder / f"{name}.f32")
        reply["plans"].append(random_streams.plan_as_json(plan))
        reply["losses"].append(metrics.losses.tolist())
        reply["norms"].append(metrics.gradient_norm.item())
        reply["nothing"].append(metrics.nothing.item())
        if state.step in values["save"]:
            for kind, tensors in state.tensors().items():
                save_file(tensors, folder / f"step{state.step}-{kind}.safetensors")
    return reply


def draw(values: dict) -> dict:
    experiment, folder, count = experiment_of(values["experiment"]), Path(values["folder"]), values["count"]
    network = build_network(experiment).eval()
    network.load_state_dict(load_file(folder / "weights.safetensors"))
    classes = experiment.model.num_classes
    labels = torch.arange(count) % classes if classes > 0 else None
    batches = sample_images(denoiser_of(network, experiment), experiment, count, labels=labels, batch_size=2)
    torch.cat(list(batches)).numpy().tofile(folder / "images.f32")
    return {}
