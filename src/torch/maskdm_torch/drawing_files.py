"""The files of a drawing: grids, the way there, single images."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, PngImagePlugin

from .drawing import KEYWORD, Document, differences, read_drawing
from .errors import UserError
from .files import disk_errors, names_in, replace_file
from .picture_pages import Layout

_MOST_NAMES = 1000


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
        return None if there == here else f"{file.path} holds another drawing ({differences(there, here)})"

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
