"""`maskdm-torch bench`: how fast training steps are on this machine, row by row as `maskdm bench` tells it."""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .batch_source import BatchSource
from .dataset import Images
from .engine import BACKEND, device_name, free_memory, prepare_device, training_state
from .experiment import Experiment, parse_experiment, read_experiment_file
from .experiment_checks import check_experiment
from .machine import resident_bytes, software, this_machine
from .overrides import Override
from .progress import put, say

_WARM_UP_STEPS = 3
_IMAGES = 512

Row = dict[str, Any]


def bench(
    file: Path,
    overrides: Sequence[Override],
    rates: Sequence[float] | None,
    batches: Sequence[int] | None,
    steps: int,
    as_json: bool,
) -> None:
    """rates: mask rates, those of the file and 0 by default; batches: batch sizes, the file's by default; steps:
    measured for each row."""
    text = read_experiment_file(file)
    experiment = parse_experiment(text, overrides, str(file))
    check_experiment(experiment, "pretrain", str(file))
    device = prepare_device(experiment)
    rows = []
    for batch in batches or [experiment.pretrain.batch_size]:
        for rate in rates or _rates(experiment):
            own = [*overrides, *_row_overrides(experiment, rate, batch)]
            row = measure_row(parse_experiment(text, own, str(file)), rate, steps, device, file.parent)
            say(
                f"mask rate {rate}, batch {batch}: {row['imagesPerSecond']:.1f} images/s on {BACKEND} "
                f"({device_name(device)})"
            )
            rows.append(row)
    if as_json:
        put(
            json.dumps(
                {"machine": {**this_machine(), **software(), "device": device_name(device)}, "rows": rows}, indent=2
            )
        )
    else:
        for line in _table(rows):
            put(line)


def _rates(experiment: Experiment) -> list[float]:
    rate = experiment.mask.rate
    given = [piece.rate for piece in rate] if isinstance(rate, tuple) else [rate]
    return list(dict.fromkeys([*given, 0]))


def _row_overrides(experiment: Experiment, rate: float, batch: int) -> Iterator[Override]:
    strategy = "patch" if experiment.mask.strategy == "none" else experiment.mask.strategy
    yield Override("pretrain.batch_size", str(batch))
    yield Override("pretrain.micro_batch_size", "auto")
    yield Override("mask.strategy", "none" if rate == 0 else strategy)
    yield Override("mask.rate", str(rate))
    yield Override("mask.crop_size", "null")


def measure_row(experiment: Experiment, rate: float, steps: int, device: torch.device, folder: Path) -> Row:
    """The median of some pretraining steps on images of noise, what they are made of included; the first few are left
    out."""
    data, size = experiment.data, experiment.data.image_size
    # What the row before has left would count as taken where micro-batches are planned.
    gc.collect()
    free_memory(device)
    state = training_state(experiment, "pretrain", None, device, folder, say)
    pixels = np.random.default_rng(0).integers(0, 256, (_IMAGES, size, size, data.channels), np.uint8)
    images = Images([""] * _IMAGES, pixels, np.arange(_IMAGES), np.zeros(_IMAGES, np.int64), [b""] * _IMAGES)
    source = BatchSource(experiment, "pretrain", images, device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    seconds = []
    for step in range(_WARM_UP_STEPS + steps):
        began = time.perf_counter()
        state.update(source.batch(step))
        _wait_for(device)
        seconds.append(time.perf_counter() - began)
    median = statistics.median(seconds[_WARM_UP_STEPS:])
    batch = experiment.pretrain.batch_size
    return {
        "backend": BACKEND,
        "maskRate": rate,
        "batchSize": batch,
        "visibleTokens": source.visible_tokens(0),
        "microBatchSize": state.micro_batch_size,
        "imagesPerSecond": batch / median,
        "stepsPerSecond": 1 / median,
        "peakMemoryBytes": _peak_memory(device),
    }


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def _peak_memory(device: torch.device) -> int | None:
    """Bytes; of Metal those that are taken now, since it counts no peak."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return torch.mps.driver_allocated_memory() if device.type == "mps" else resident_bytes()


def _table(rows: Sequence[Row]) -> Iterator[str]:
    header = ["backend", "mask rate", "S", "batch", "micro", "images/s", "steps/s", "MiB"]
    lines = [
        [
            row["backend"],
            str(row["maskRate"]),
            str(row["visibleTokens"]),
            str(row["batchSize"]),
            str(row["microBatchSize"]),
            f"{row['imagesPerSecond']:.1f}",
            f"{row['stepsPerSecond']:.2f}",
            f"{(row['peakMemoryBytes'] or 0) / 2**20:.0f}",
        ]
        for row in rows
    ]
    widths = [max(len(line[i]) for line in [header, *lines]) for i in range(len(header))]
    for line in [header, *lines]:
        yield "  ".join(cell.rjust(width) for cell, width in zip(line, widths))
