"""Networks of a user's own, examples/own-network and ones that cannot be used: the task "own network" of
torch_reference.py.

    {"experiment": {…}, "broken": {module: text}, "folder"} -> {"same", "losses", "drawn", "errors": {module: message}}
"""

from __future__ import annotations

from pathlib import Path

import torch

from equivalence import experiment_of, train
from maskdm_torch.errors import UserError
from maskdm_torch.networks import build_network
from maskdm_torch.samplers import denoiser_of, sample_images

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/own-network"


def answer(values: dict) -> dict:
    experiment = experiment_of(values["experiment"])
    experiment.model.backbone = "mixer:Mixer"
    seeded = [build_network(experiment, EXAMPLE).state_dict() for _ in range(2)]
    steps = [(metrics, state) for _, _, metrics, state in train(experiment, "pretrain", 60, folder=EXAMPLE)]
    network = steps[-1][1].network
    labels = torch.arange(2) % experiment.model.num_classes
    images = torch.cat(list(sample_images(denoiser_of(network, experiment), experiment, 2, labels=labels)))
    errors = {}
    for module, text in values["broken"].items():
        folder = Path(values["folder"])
        if text is not None:
            (folder / f"{module}.py").write_text(text)
        experiment.model.backbone = f"{module}:Net"
        try:
            build_network(experiment, folder)
            errors[module] = None
        except UserError as error:
            errors[module] = error.message
    experiment.mask.mode = "route"
    try:
        build_network(experiment, EXAMPLE)
    except UserError as error:
        errors["route"] = error.message
    return {
        "same": all(torch.equal(tensor, seeded[1][name]) for name, tensor in seeded[0].items()),
        "losses": [metrics.losses.mean().item() for metrics, _ in steps],
        "drawn": list(images.shape) if images.isfinite().all() else [],
        "errors": errors,
    }
