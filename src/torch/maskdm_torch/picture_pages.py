"""How pictures of several images are laid out: rows and columns, and pages, each done as soon as it is full."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .errors import UserError
from .experiment import Experiment
from .samplers import trajectory_steps

_SEPARATOR = 2
_SEPARATOR_GREY = 128
_COMFORTABLE_SIDE = 64
#: What Pillow opens without a warning, and the longest side that browsers show.
_LARGEST_PIXELS = 89_478_485
_LARGEST_SIDE = 32_767
_MOST_COLUMNS = 8


@dataclass(frozen=True)
class Layout:
    """How pictures of one size are laid out: rows and columns, and several pages where one would be too large."""

    image_size: int
    columns: int
    scale: int
    #: pictures of every page but the last
    per_page: int
    #: 0: not even one row fits
    pages: int

    def size(self, pictures: int) -> tuple[int, int]:
        """Width and height of a page of so many, in pixels."""
        pitch = self.image_size * self.scale + _SEPARATOR
        return self.columns * pitch + _SEPARATOR, max(1, math.ceil(pictures / self.columns)) * pitch + _SEPARATOR


def grid_layout(count: int, image_size: int, columns: int | None = None, rows_together: int = 1) -> Layout:
    """As square as it gets; what does not fit into one picture becomes pages. rows_together: that no end of a page
    tears apart."""
    scale = max(1, _COMFORTABLE_SIDE // image_size)
    pitch = image_size * scale + _SEPARATOR

    def most_rows(across: int) -> int:
        width = across * pitch + _SEPARATOR
        height = min(_LARGEST_SIDE, _LARGEST_PIXELS // width)
        rows = 0 if width > _LARGEST_SIDE else (height - _SEPARATOR) // pitch
        return rows - rows % rows_together

    across = columns or max(1, math.ceil(math.sqrt(count)))
    rows = max(1, math.ceil(count / across))
    if rows <= most_rows(across):
        return Layout(image_size, across, scale, across * rows, 1)
    while columns is None and across > 1 and across > most_rows(across):
        across -= 1
    per_page = across * most_rows(across)
    return Layout(image_size, across, scale, per_page, math.ceil(count / per_page) if per_page else 0)


def trajectory_layout(experiment: Experiment, asked: int | None) -> Layout:
    """Two rows for each image, at several times on its way. asked: how many; None: as many as are good to look at.
    Raises UserError."""
    steps = trajectory_steps(experiment.sample, experiment.diffusion.timesteps)
    if asked is not None and asked > steps:
        raise UserError(f"--trajectory {asked}: there are {steps} steps to show. Use --trajectory {steps}, or fewer.")
    columns = asked or min(_MOST_COLUMNS, steps)
    layout = grid_layout(2 * experiment.sample.count * columns, experiment.data.image_size, columns, 2)
    if layout.pages == 0:
        raise UserError(
            f"--trajectory {columns}: so many images of {experiment.data.image_size} px side by "
            "side are wider than a picture may be."
        )
    return layout


class PagedGrid:
    """Takes pictures one after the other and hands out each page as soon as it is full. Holds one page at a time."""

    def __init__(self, layout: Layout, count: int, channels: int, on_page: Callable[[int, np.ndarray], None]) -> None:
        """count: pictures of all pages."""
        self._layout, self._count, self._channels, self._on_page = layout, count, channels, on_page
        self._page: np.ndarray | None = None
        self._taken = 0

    def add(self, pictures: np.ndarray) -> None:
        """uint8 [n, H, W, C]"""
        layout = self._layout
        pitch = layout.image_size * layout.scale + _SEPARATOR
        for picture in pictures:
            page, place = divmod(self._taken, layout.per_page)
            on_page = min(layout.per_page, self._count - page * layout.per_page)
            if self._page is None:
                width, height = layout.size(on_page)
                self._page = np.full((height, width, self._channels), _SEPARATOR_GREY, np.uint8)
            row, column = divmod(place, layout.columns)
            top, left = _SEPARATOR + row * pitch, _SEPARATOR + column * pitch
            enlarged = picture.repeat(layout.scale, 0).repeat(layout.scale, 1)
            self._page[top : top + len(enlarged), left : left + len(enlarged)] = enlarged
            self._taken += 1
            if place + 1 == on_page:
                self._on_page(page, self._page)
                self._page = None
