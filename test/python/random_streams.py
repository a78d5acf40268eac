"""The random streams of the package maskdm_torch, as test/unit/random/document.test.ts asks for them: the task
"streams"."""

from __future__ import annotations

from types import SimpleNamespace

import torch

from maskdm_torch.batch_plan import BatchPlan, BatchPlanner, token_noise
from maskdm_torch.masks import MaskPiece, mask_of
from maskdm_torch.streams import Streams, permutation, philox


def planner(config: dict) -> BatchPlanner:
    mean, deviation = config.get("logitNormal", (0, 1))
    keys = config["mask"]
    mask = {"block_size": keys["blockSize"], "cell_size": keys.get("cellSize", 2), "crop_size": keys["cropSize"]}
    stage = SimpleNamespace(steps=1, batch_size=config["batchSize"])
    experiment = SimpleNamespace(
        seed=config["seed"],
        data=SimpleNamespace(image_size=config["gridSize"], hflip=config["hflip"]),
        model=SimpleNamespace(patch_size=1, num_classes=1, class_dropout=config["labelDropout"]),
        diffusion=SimpleNamespace(
            timesteps=config["timesteps"],
            timestep_distribution="logit_normal" if "logitNormal" in config else "uniform",
            logit_mean=mean,
            logit_std=deviation,
        ),
        mask=SimpleNamespace(strategy=keys["strategy"], rate=keys["rate"], **mask),
        pretrain=stage,
        finetune=stage,
    )
    planner = BatchPlanner(experiment, config["stage"], config["datasetSize"])
    # The page has masks in both stages.
    planner.pieces = [MaskPiece("", 0, 1, mask_of(experiment.mask, keys["rate"], config["gridSize"]))]
    return planner


def plan_as_json(plan: BatchPlan) -> dict:
    return {
        "indices": plan.indices.tolist(),
        "timesteps": plan.timesteps.tolist(),
        "flips": plan.flips.int().tolist(),
        "droppedLabels": plan.dropped_labels.int().tolist(),
        "visible": plan.visible.tolist(),
    }


def noise(config: dict, step: int, slot: int, token: int, elements: int) -> list[float]:
    streams = Streams(config["seed"], config["stage"], "noise")
    return token_noise(streams, step, torch.tensor([slot]), torch.tensor([[token]]), elements)[0, 0].tolist()


def at(address: list) -> tuple[Streams, int, torch.Tensor]:
    seed, stage, stream, step, item = address
    return Streams(seed, stage, stream), step, torch.tensor([item])


def words(request: dict) -> list[int]:
    streams, step, item = at(request["address"])
    return streams.words(step, item, request["count"])[0, : request["count"]].tolist()


def below(request: dict) -> list[int]:
    streams, step, item = at(request["address"])
    bounds = torch.full((request["count"],), request["n"])
    return streams.integers(step, item, bounds, request["n"])[0].tolist()


def normals(request: dict) -> list[float]:
    streams, step, item = at(request["address"])
    return streams.normals(step, item, request["count"])[0].tolist()


def block(request: dict) -> list[int]:
    return [int(word) for word in philox(tuple(torch.tensor(request["counter"])), tuple(request["key"]))]


def order(seed: int, stage: str, epoch: int, size: int) -> list[int]:
    return permutation(Streams(seed, stage, "order"), epoch, size).tolist()


def answer(request: dict) -> dict:
    """Lists in the order of the requests."""
    return {
        "philox": [block(r) for r in request["philox"]],
        "words": [words(r) for r in request["words"]],
        "below": [below(r) for r in request["below"]],
        "normals": [normals(r) for r in request["normals"]],
        "permutations": [order(*r) for r in request["permutations"]],
        "plans": [plan_as_json(planner(r["config"]).plan(r["step"])) for r in request["plans"]],
        "noise": [noise(r["config"], r["step"], r["slot"], r["token"], r["elements"]) for r in request["noise"]],
    }
