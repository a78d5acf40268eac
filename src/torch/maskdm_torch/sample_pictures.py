"""Pictures of drawn images: grids, trajectories and single images, laid out and named as the other engine's, and saying
how they were drawn.

docs/run-format.md, "samples/". Each page is written as soon as it is full, so memory does not grow with the number of
images.
"""

from __future__ import annotations

import io
import itertools
import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image, PngImagePlugin
from torch import Tensor, nn

from .checkpoints import checkpoint_name
from .documents import RUN_FORMAT_VERSION
from .errors import UserError
from .experiment import Experiment, plain
from .files import disk_errors, names_in, replace_file
from .samplers import SampleStep, denoiser_of, sample_images, trajectory_steps

KEYWORD = "maskdm"
_SEPARATOR = 2
_SEPARATOR_GREY = 128
_COMFORTABLE_SIDE = 64
#: What Pillow opens without a warning, and the longest side that browsers show.
_LARGEST_PIXELS = 89_478_485
_LARGEST_SIDE = 32_767
_MOST_COLUMNS = 8
_MOST_NAMED_CLASSES = 8
_MOST_NAMES = 1000
#: Whole images per call of the network; more gain little and take memory.
_MOST_IMAGES = 16
_MOST_VALUES = 2**23

Document = dict[str, Any]


def drawing_batch(experiment: Experiment) -> int:
    """Whole images per call of the network, where images are drawn or measured."""
    data = experiment.data
    return max(1, min(_MOST_IMAGES, _MOST_VALUES // (data.image_size**2 * data.channels)))


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
        **_label(experiment.model.num_classes, chosen),
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


def _label(num_classes: int, chosen: list[int] | None) -> Document:
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


@dataclass(frozen=True)
class _File:
    path: Path
    #: what of the drawing is in it
    shows: Document


class DrawingFiles:
    """The files of a drawing. Nothing that is there is overwritten, unless it is the same drawing's or the user says
    so."""

    def __init__(
        self,
        drawing: Document,
        grid: Layout,
        trajectory: Layout | None,
        single_images: bool,
        path: Path,
        overwrite: bool,
    ) -> None:
        """path: of the grid, were it one page; ends in .png."""
        self.drawing = drawing
        self.grid_layout, self.trajectory_layout = grid, trajectory
        self.grid = self._pages("grid", grid, path, 1)
        way = path.with_name(f"{path.stem}-trajectory{path.suffix}")
        self.trajectory = self._pages("trajectory", trajectory, way, 2 * trajectory.columns) if trajectory else []
        self.images_folder = path.with_suffix("") if single_images else None
        self._overwrite = overwrite

    def obstacle(self) -> str | None:
        """What is in the way, for people; None: every place is free, or holds the same."""
        for file in (*self.grid, *self.trajectory):
            if (found := self._obstacle_at(file)) is not None:
                return found
        folder = self.images_folder
        if folder is None or not folder.exists():
            return None
        if not folder.is_dir():
            return f"{folder} is a file"
        for name in sorted(name for name in names_in(folder) if not name.startswith(".")):
            number = int(name[:-4]) if re.fullmatch(r"\d{5,}\.png", name) else -1
            if not 0 <= number < self.drawing["count"]:
                return f"{folder / name} is not of this drawing"
            if (found := self._obstacle_at(self._image(number))) is not None:
                return found
        return None

    def write_page(self, kind: Literal["grid", "trajectory"], page: int, picture: np.ndarray) -> None:
        self._write((self.grid if kind == "grid" else self.trajectory)[page], picture)

    def write_image(self, number: int, picture: np.ndarray) -> None:
        self._write(self._image(number), picture)

    def _write(self, file: _File, picture: np.ndarray) -> None:
        """picture: uint8 [H, W, C]. Raises DiskError, UserError where something else has come there meanwhile."""
        text = PngImagePlugin.PngInfo()
        text.add_text(KEYWORD, self._text(file))
        data = io.BytesIO()
        Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture).save(
            data, "PNG", pnginfo=text, compress_level=6
        )
        if (found := self._obstacle_at(file)) is not None:
            raise UserError(f"{found}; it has come there meanwhile and is left as it is.", "failure")
        with disk_errors(file.path):
            file.path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file.path, data.getvalue(), False)

    def _text(self, file: _File) -> str:
        return json.dumps({**self.drawing, "shows": file.shows}, separators=(",", ":"))

    def _obstacle_at(self, file: _File) -> str | None:
        if not file.path.exists():
            return None
        if file.path.is_dir():
            return f"{file.path} is a folder"
        if self._overwrite:
            return None
        there = read_drawing(file.path)
        if there is None:
            return f"{file.path} exists and does not say how it was drawn"
        here = {**self.drawing, "shows": file.shows}
        return None if there == here else f"{file.path} holds another drawing ({_differences(there, here)})"

    def _image(self, number: int) -> _File:
        assert self.images_folder is not None
        shows = _shows("image", number, 1, 1, number + 1, self.drawing["count"])
        return _File(self.images_folder / f"{number:05d}.png", shows)

    def _pages(self, kind: str, layout: Layout, path: Path, pictures: int) -> list[_File]:
        """pictures: that each image takes."""
        files, per_page, count = [], layout.per_page // pictures, self.drawing["count"]
        for page in range(layout.pages):
            digits = len(str(layout.pages))
            name = (
                path.name
                if layout.pages == 1
                else f"{path.stem}-page-{page + 1:0{digits}d}-of-{layout.pages}{path.suffix}"
            )
            first = page * per_page
            shows = _shows(kind, first, min(per_page, count - first), layout.columns, page + 1, layout.pages)
            files.append(_File(path.with_name(name), shows))
        return files


def _shows(kind: str, first: int, images: int, columns: int, page: int, pages: int) -> Document:
    return {"kind": kind, "firstImage": first, "images": images, "columns": columns, "page": page, "pages": pages}


def read_drawing(path: Path) -> Document | None:
    """What a picture says about itself; None: nothing."""
    try:
        with Image.open(path) as image:
            document = json.loads(image.info[KEYWORD])
    except (OSError, KeyError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def _differences(there: Document, here: Document) -> str:
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


def place_in_folder(
    make: Callable[[Path], DrawingFiles], folder: Path, name: str, note: Callable[[str], None]
) -> DrawingFiles:
    """A place under a name, or with a number where another drawing has that. note: told what is in the way."""
    taken: str | None = None
    for number in range(1, _MOST_NAMES + 1):
        path = folder / f"{name}{'' if number == 1 else f'-{number}'}.png"
        files = make(path)
        obstacle = files.obstacle()
        if obstacle is None:
            if taken is not None:
                note(f"note: {taken}; this one becomes {path.name}")
            return files
        taken = taken or obstacle
    raise UserError(f"{folder} holds {_MOST_NAMES} drawings named {name}. Remove some, or name a file with --out.")


class _PagedGrid:
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
    grid = _PagedGrid(files.grid_layout, count, channels, lambda page, picture: files.write_page("grid", page, picture))
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
        self._grid = _PagedGrid(
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
