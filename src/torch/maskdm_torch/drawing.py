"""What a picture says about how it was drawn (docs/run-format.md, "samples/"), and the name that follows from it."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from .checkpoints import checkpoint_name
from .documents import RUN_FORMAT_VERSION
from .experiment import Experiment, plain
from .samplers import trajectory_steps

#: of the text in a PNG that holds it
KEYWORD = "maskdm"
_MOST_NAMED_CLASSES = 8

Document = dict[str, Any]


def drawing_of(
    experiment: Experiment,
    *,
    run: str,
    stage: str,
    step: int,
    weights: str,
    seed: int,
    chosen: list[int] | None,
    backend: str,
    versions: dict[str, str],
    weights_crc32: str | None = None,
) -> Document:
    """What a picture says about how it was drawn (docs/run-format.md, "samples/"), but for what is in the file.

    chosen: classes that take turns; None: all, or the model has none.
    """
    sample, diffusion, data = experiment.sample, experiment.diffusion, experiment.data
    steps = trajectory_steps(sample, diffusion.timesteps)
    return {
        "formatVersion": RUN_FORMAT_VERSION,
        "run": run,
        "stage": stage,
        "step": step,
        "weights": weights,
        **({} if weights_crc32 is None else {"weightsCrc32": weights_crc32}),
        "sampler": sample.sampler,
        "steps": 2 * steps - 1 if sample.sampler == "heun" else steps,
        "eta": sample.eta if sample.sampler == "ddim" else None,
        "clip": sample.clip,
        **_guidance(experiment),
        "seed": seed,
        "count": sample.count,
        **label_of(experiment.model.num_classes, chosen),
        "imageSize": data.image_size,
        "channels": data.channels,
        "diffusion": {
            **({} if diffusion.process == "ddpm" else {"process": diffusion.process}),
            "timesteps": diffusion.timesteps,
            **({"schedule": diffusion.schedule} if diffusion.process == "ddpm" else {}),
            "prediction": diffusion.prediction,
        },
        "model": {field.name: plain(getattr(experiment.model, field.name)) for field in fields(experiment.model)},
        "backend": backend,
        "versions": versions,
    }


def _guidance(experiment: Experiment) -> Document:
    if not is_guided(experiment):
        return {}
    first, last = experiment.sample.guidance_interval
    return {"guidance": {"scale": experiment.sample.guidance, "from": first, "to": last}}


def is_guided(experiment: Experiment) -> bool:
    """Whether classifier-free guidance has an effect at any of the times that the sampler asks the network."""
    sample, total = experiment.sample, experiment.diffusion.timesteps
    if experiment.model.num_classes == 0 or sample.guidance == 1:
        return False
    first, last = (math.floor(share * (total - 1) + 0.5) for share in sample.guidance_interval)
    steps = trajectory_steps(sample, total)
    return any(first <= i * total // steps - 1 <= last for i in range(1, steps + 1))


def label_of(num_classes: int, chosen: list[int] | None) -> Document:
    """What a drawing says of the classes of its images."""
    if num_classes == 0:
        return {"label": None}
    if chosen is None:
        return {"label": "turns"}
    return {"label": chosen[0]} if len(chosen) == 1 else {"label": "turns", "classes": chosen}


def drawn_labels(drawing: Document, num_classes: int) -> Tensor | None:
    """The class of each image [count]; None: there are no classes."""
    label = drawing["label"]
    if label is None:
        return None
    turns = drawing.get("classes") or range(num_classes)
    return torch.tensor([turns[i % len(turns)] if label == "turns" else label for i in range(drawing["count"])])


def drawing_name(drawing: Document) -> str:
    """Name without extension of what a drawing on request is written to."""
    guidance = drawing.get("guidance")
    parts: list[Any] = [checkpoint_name(drawing["step"]), drawing["sampler"], drawing["steps"]]
    if drawing["eta"] is not None:
        parts += ["eta", drawing["eta"]]
    if guidance is not None:
        parts += ["guidance", guidance["scale"]]
        if (guidance["from"], guidance["to"]) != (0, 1):
            parts += ["from", guidance["from"], "to", guidance["to"]]
    parts += ["seed", drawing["seed"], "count", drawing["count"]]
    if isinstance(drawing["label"], int):
        parts += ["label", drawing["label"]]
    if "classes" in drawing:
        parts += ["labels", *drawing["classes"][:_MOST_NAMED_CLASSES]]
    parts += ["raw"] if drawing["weights"] == "raw" else []
    parts += [] if drawing["clip"] else ["unclipped"]
    return "-".join(map(str, parts))


def read_drawing(path: Path) -> Document | None:
    """What a picture says about itself; None: nothing."""
    try:
        with Image.open(path) as image:
            document = json.loads(image.info[KEYWORD])
    except (OSError, KeyError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def differences(there: Document, here: Document) -> str:
    """Such as `eta 0 there, 1 here`; at most three things are named."""
    old, own = _flat(there), _flat(here)
    names = [name for name in dict.fromkeys([*own, *old]) if own.get(name) != old.get(name)]
    told = [f"{name} {old.get(name, 'none')} there, {own.get(name, 'none')} here" for name in names[:3]]
    return "; ".join([*told, *([f"{len(names) - 3} more"] if len(names) > 3 else [])])


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {name: value}
    return {
        key: entry
        for part, below in value.items()
        for key, entry in _flat(below, f"{name}.{part}" if name else part).items()
    }
