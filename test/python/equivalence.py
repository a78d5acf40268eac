"""Answers the Node tests with the package maskdm_torch on whole experiments: the tasks of torch_reference.py that take one.

    {"task": "updates", "experiment": {…}, "stage", "folder", "updates": n, "save": [steps]}    -> {"plans", "losses", "norms", "nothing"}
    {"task": "draw", "experiment": {…}, "folder", "count"}                       -> {} and images.f32 [count, H, W, C]
    {"task": "streams", …}                                                       -> see random_streams.py

The experiment is complete: every key has a value. Files of the folder, raw and little-endian:
    in   pixels.u8 [n, H, W, C] · labels.i32 [n] (updates) · weights.safetensors (draw)
    out  tokens.f32 and target.f32 [B, F, p*p*C] of the first step · step<k>-raw/ema/optimizer.safetensors after the steps to save
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from safetensors.torch import load_file, save_file

import random_streams
from maskdm_torch.batch_plan import BatchPlanner
from maskdm_torch.batches import Assembler
from maskdm_torch.networks import build_network
from maskdm_torch.samplers import denoiser_of, sample_images
from maskdm_torch.training_state import TrainingState


def experiment_of(values: dict) -> SimpleNamespace:
    """Sections and keys as attributes."""
    return json.loads(json.dumps(values), object_hook=lambda mapping: SimpleNamespace(**mapping))


def updates(values: dict) -> dict:
    experiment, stage, folder = experiment_of(values["experiment"]), values["stage"], Path(values["folder"])
    data = experiment.data
    pixels = torch.from_numpy(np.fromfile(folder / "pixels.u8", dtype=np.uint8))
    pixels = pixels.reshape(-1, data.image_size, data.image_size, data.channels)
    labels = torch.from_numpy(np.fromfile(folder / "labels.i32", dtype="<i4")).long()
    network = build_network(experiment)
    micro = getattr(experiment, stage).micro_batch_size
    state = TrainingState(network, experiment, stage, micro_batch_size=None if micro == "auto" else micro)
    planner, assembler = BatchPlanner(experiment, stage, len(pixels)), Assembler(experiment)
    reply: dict = {"plans": [], "losses": [], "norms": [], "nothing": []}
    for step in range(values["updates"]):
        drawn = planner.plan(step)
        batch = assembler.assemble(planner, drawn, pixels[drawn.indices], labels[drawn.indices])
        if step == 0:
            for name in ("tokens", "target"):
                getattr(batch, name).numpy().tofile(folder / f"{name}.f32")
        metrics = state.update(batch, want_gradient_norm=True)
        reply["plans"].append(random_streams.plan_as_json(drawn))
        reply["losses"].append(metrics.losses.tolist())
        reply["norms"].append(metrics.gradient_norm.item())
        reply["nothing"].append(metrics.nothing.item())
        if step + 1 in values["save"]:
            for kind, tensors in state.tensors().items():
                save_file(tensors, folder / f"step{step + 1}-{kind}.safetensors")
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


TASKS = {"updates": updates, "draw": draw, "streams": random_streams.answer}
