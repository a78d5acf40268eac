"""Draws images into pictures: grids, trajectories and single images, laid out and named as the other engine's.

Each page is written as soon as it is full, so memory does not grow with the number of images.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from .drawing import drawn_labels
from .drawing_files import DrawingFiles
from .experiment import Experiment
from .picture_pages import PagedGrid
from .samplers import SampleStep, denoiser_of, sample_images

#: Whole images per call of the network; more gain little and take memory.
_MOST_IMAGES = 16
_MOST_VALUES = 2**23


def drawing_batch(experiment: Experiment) -> int:
    """Whole images per call of the network, where images are drawn or measured."""
    data = experiment.data
    return max(1, min(_MOST_IMAGES, _MOST_VALUES // (data.image_size**2 * data.channels)))


def to_pixels(images: Tensor) -> np.ndarray:
    """Values in [-1, 1], [n, H, W, C], as uint8: what lies outside is cut off, what is no number is 0; halves go to
    even numbers."""
    return ((images.float() + 1) * 127.5).nan_to_num(0, 255, 0).clamp(0, 255).round().to(torch.uint8).cpu().numpy()


def draw_to_files(
    network: nn.Module,
    experiment: Experiment,
    files: DrawingFiles,
    device: torch.device,
    on_step: Callable[[SampleStep], None] = lambda step: None,
) -> None:
    """Draws the images of a drawing and writes each page and each single image as soon as it is complete.

    experiment.seed is that of the noise. What on_step raises ends the drawing; complete files stay.
    """
    count, channels = files.drawing["count"], experiment.data.channels
    grid = PagedGrid(files.grid_layout, count, channels, lambda page, picture: files.write_page("grid", page, picture))
    recorder = _TrajectoryRecorder(files, channels) if files.trajectory_layout else None

    def step_done(step: SampleStep) -> None:
        if recorder is not None:
            recorder.record(step)
        on_step(step)

    batches: Iterator[Tensor] = sample_images(
        denoiser_of(network, experiment),
        experiment,
        count,
        labels=drawn_labels(files.drawing, experiment.model.num_classes),
        batch_size=min(drawing_batch(experiment), count),
        device=device,
        on_step=step_done,
    )
    numbers = itertools.count()
    for batch in batches:
        pictures = to_pixels(batch)
        if files.images_folder is not None:
            for picture in pictures:
                files.write_image(next(numbers), picture)
        grid.add(pictures)


class _TrajectoryRecorder:
    """Collects what the picture of the way shows: x_t above, the image predicted from it below."""

    def __init__(self, files: DrawingFiles, channels: int) -> None:
        layout = files.trajectory_layout
        assert layout is not None
        self._columns = layout.columns
        count = 2 * files.drawing["count"] * layout.columns
        self._grid = PagedGrid(
            layout, count, channels, lambda page, picture: files.write_page("trajectory", page, picture)
        )
        self._rows: np.ndarray = np.empty(0, np.uint8)

    def record(self, step: SampleStep) -> None:
        last = step.steps - 1
        if step.step == 0:
            batch, *shape = step.xt.shape
            self._rows = np.zeros((batch, 2, self._columns, *shape), np.uint8)
        for column in range(self._columns):
            if math.floor(column * last / max(1, self._columns - 1) + 0.5) == step.step:
                self._rows[:, 0, column] = to_pixels(step.x_next if step.step == last else step.xt)
                self._rows[:, 1, column] = to_pixels(step.x0)
        if step.step == last:
            self._grid.add(self._rows.reshape(-1, *self._rows.shape[3:]))
