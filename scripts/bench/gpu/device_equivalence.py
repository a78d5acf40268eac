"""The device against the processor, both in float32: plans, batches, losses, gradients, and a few updates, of tiny experiments."""

from __future__ import annotations

import json
import math
from typing import Any

import torch
from maskdm_torch.batch_plan import BatchPlanner
from maskdm_torch.batches import Assembler
from maskdm_torch.experiment import parse_experiment
from maskdm_torch.networks import network_of, shape_of
from maskdm_torch.training_state import TrainingState
from torch import Tensor

UPDATES = 5
IMAGES = 7
# Differences that are allowed. Of gradients: of a tensor's largest value, and nothing beside the largest gradient of all.
LIMITS = {"plan": 0.0, "batch": 1e-6, "loss": 1e-5, "gradient": 1e-4, "weights": 1e-4}

_UVIT = {"patch_size": 4, "embed_dim": 32, "depth": 3, "num_heads": 2}
_DIT = {**_UVIT, "backbone": "dit"}
CASES: dict[str, dict[str, Any]] = {
    "U-ViT, patch, flips, clipping": {"data": {"hflip": 0.5}, "pretrain": {"clip_grad": 0.1}},
    "U-ViT, block, rms, swiglu, v": {
        "model": {**_UVIT, "qk_norm": "rms", "norm": "rms", "mlp": "swiglu"},
        "mask": {"strategy": "block", "block_size": 2},
        "diffusion": {"prediction": "v", "loss_weighting": "min_snr"},
    },
    "U-ViT, stratified, route, output convolution, flow": {
        "model": {**_UVIT, "depth": 5, "output_conv": "residual"},
        "mask": {"strategy": "stratified", "mode": "route"},
        "diffusion": {"process": "flow", "prediction": "v", "timestep_distribution": "logit_normal"},
    },
    "U-ViT, crop, fuse, classes": {
        "data": {"labels": "folders"},
        "model": {**_UVIT, "depth": 5, "num_classes": 3, "class_dropout": 0.3},
        "mask": {"strategy": "crop", "mode": "fuse", "fuse_blocks": 1},
    },
    "DiT, patch": {"model": _DIT},
}


def experiment_of(case: str, seed: int = 7) -> Any:
    sections = CASES[case]
    values = {
        "data": {"path": ".", "image_size": 32, **sections.get("data", {})},
        "model": sections.get("model", _UVIT),
        "mask": {"strategy": "patch", "rate": 0.75, **sections.get("mask", {})},
        "diffusion": sections.get("diffusion", {}),
        "pretrain": {"steps": UPDATES, "batch_size": 4, "lr": 1e-4, **sections.get("pretrain", {})},
        "seed": seed,
    }
    return parse_experiment(json.dumps(values))


def follow(experiment: Any, device: torch.device | str) -> dict[str, list[Tensor]]:
    """A few updates -> what LIMITS compares, on the processor."""
    torch.manual_seed(0)
    # The same first values everywhere; those of DiT itself are zeros, which would hide most gradients.
    network = network_of(shape_of(experiment)).to(device)
    size = experiment.data.image_size
    pixels = torch.randint(256, (IMAGES, size, size, experiment.data.channels), dtype=torch.uint8).to(device)
    labels = (torch.arange(IMAGES) % max(1, experiment.model.num_classes)).to(device)
    planner, assembler = BatchPlanner(experiment, "pretrain", IMAGES, device), Assembler(experiment, device)
    state = TrainingState(network, experiment, "pretrain")
    found: dict[str, list[Tensor]] = {name: [] for name in LIMITS}
    for step in range(UPDATES):
        plan = planner.plan(step)
        batch = assembler.assemble(planner, plan, pixels[plan.indices], labels[plan.indices])
        metrics = state.update(batch)
        found["plan"] += [plan.indices, plan.flips, plan.timesteps, plan.dropped_labels, plan.visible]
        found["batch"] += [batch.tokens, batch.target]
        found["loss"].append(metrics.losses)
        if step == 0:
            # After one update the first moment is (1 - beta1) times the gradient.
            moments = state.tensors()["optimizer"].items()
            found["gradient"] += [moment.clone() for name, moment in moments if name.startswith("exp_avg.")]
    found["weights"] += [tensor for kind in ("raw", "ema") for tensor in state.tensors()[kind].values()]
    return {name: [tensor.detach().double().cpu() for tensor in tensors] for name, tensors in found.items()}


def differences(expected: dict[str, list[Tensor]], found: dict[str, list[Tensor]]) -> dict[str, float]:
    """The largest of each kind; infinite where shapes differ or something is no number."""
    worst = {}
    for name, tensors in expected.items():
        least = 1e-5 * max(tensor.abs().max().item() for tensor in tensors) if name == "gradient" else 0.0
        worst[name] = max(_apart(a, b, name, least) for a, b in zip(tensors, found[name], strict=True))
    return worst


def _apart(a: Tensor, b: Tensor, name: str, least: float) -> float:
    if a.shape != b.shape or not torch.isfinite(b).all():
        return math.inf
    scale = {"loss": max(1.0, a.abs().max().item()), "gradient": max(least, a.abs().max().item())}.get(name, 1.0)
    return (a - b).abs().max().item() / scale if scale else 0.0


def compare(device: torch.device) -> list[dict[str, Any]]:
    """One entry a case."""
    cases = []
    for case in CASES:
        experiment = experiment_of(case)
        # Convolutions round to tf32 by default, products do not.
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            apart = differences(follow(experiment, "cpu"), follow(experiment, device))
        passed = all(apart[name] <= limit for name, limit in LIMITS.items())
        # JSON has no infinity.
        shown = {name: value if math.isfinite(value) else None for name, value in apart.items()}
        cases.append({"title": case, "passed": passed, "differences": shown})
    return cases
