"""The images of an experiment as the training loop sees them: usable ones, those held out, labels, and what tells them
apart."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .classes import KnownClasses, folder_classes, has_classes, number_classes
from .data_path import open_data_path
from .decode import PixelSettings
from .documents import Unreadable
from .errors import UserError
from .experiment import Experiment
from .files import disk_errors, replace_file
from .find_images import find_images
from .image_source import ImageSource, reason_of
from .pixel_cache import CachedImages, ImageCache, ImageFile
from .shell import shown_text

_NAMED_IN_LOG = 20
_NAMED_IN_ERROR = 5


@dataclass(frozen=True)
class Images:
    """Some of the images, sorted by path, so that numbers are the same on every machine."""

    paths: list[str]
    #: of all images, those that are not among these included: uint8 [m, H, W, C], mapped from the disk
    store: np.ndarray
    #: which of them these are: int64 [n]
    positions: np.ndarray
    #: class of each image, 0 without labels: int64 [n]
    labels: np.ndarray
    digests: list[bytes]

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, numbers: np.ndarray) -> np.ndarray:
        """A copy of the pixels of some of these images, [k] -> [k, H, W, C]."""
        return np.asarray(self.store[self.positions[numbers]])

    def where(self, wanted: np.ndarray) -> Images:
        """wanted: bool [n]"""
        (rows,) = np.nonzero(wanted)
        paths, digests = [self.paths[row] for row in rows], [self.digests[row] for row in rows]
        return Images(paths, self.store, self.positions[rows], self.labels[rows], digests)


@dataclass(frozen=True)
class Dataset:
    training: Images
    #: that data.holdout keeps out of training
    held_out: Images
    #: names by number; None: the model has no classes
    classes: list[str] | None
    #: which class has which number, for people
    class_notes: list[str]
    #: path and reason of images that were left out
    broken: list[tuple[str, str]]
    #: what lies there and is not read, and how many are held out; a line each
    notes: list[str]
    #: what new weights had better be made for: images of colours in which there is only grey
    grey_hint: str | None
    decoder: str


def open_dataset(
    experiment: Experiment,
    base: Path,
    known: KnownClasses | None,
    log: Callable[[str], None],
    on_progress: Callable[[int, int], None],
    decoder: str | None = None,
) -> Dataset:
    """base: folder of the experiment file; known: classes that the weights know; decoder: of a checkpoint that training
    goes on from.

    Each image is decoded once; from then on the cache is read. Raises UserError where folder, archive, classes or too
    many images cannot be used.
    """
    source = open_data_path(experiment.data.path, base)
    try:
        return _dataset_of(source, experiment, base, known, log, on_progress, decoder)
    finally:
        source.close()


def _dataset_of(
    source: ImageSource,
    experiment: Experiment,
    base: Path,
    known: KnownClasses | None,
    log: Callable[[str], None],
    on_progress: Callable[[int, int], None],
    decoder: str | None,
) -> Dataset:
    data = experiment.data
    found = find_images(source, data.ignore)
    notes = found.notes()
    for line in notes:
        log(line)
    classes: list[str] | None = None
    class_notes: list[str] = []
    folders = folder_classes(source, found.images) if data.labels == "folders" else []
    if has_classes(experiment):
        classes, class_notes = number_classes(folders, experiment.model.num_classes, known)
        # What new weights learn is the order of the folders, as everybody expects; else it is said at once.
        for line in class_notes if known is not None else ():
            log(line)
    files, unreadable = _facts(source, found.images)
    settings = PixelSettings(data.image_size, data.channels, data.background.lower())
    cached = ImageCache(_cache_folder(base), source, settings, log).open(files, decoder, on_progress)
    broken = sorted([*cached.broken, *unreadable])
    _check_broken(source.path, broken, len(cached.paths), data.max_broken)
    if broken:
        log(f"left out {_list(broken, len(cached.paths), _NAMED_IN_LOG)}")
    all_images = Images(
        cached.paths,
        cached.pixels,
        np.arange(len(cached.paths)),
        _labels(source, cached, classes or folders),
        cached.digests,
    )
    training, held_out = _held_out(all_images, data.holdout, notes, log)
    return Dataset(
        training, held_out, classes, class_notes, broken, notes, _grey_hint(cached, data.channels), cached.decoder
    )


def _labels(source: ImageSource, cached: CachedImages, classes: Sequence[str]) -> np.ndarray:
    numbers = {name: number for number, name in enumerate(classes)}
    return np.array([numbers.get(source.class_of(path) or "", 0) for path in cached.paths], np.int64)


def _held_out(images: Images, share: float, notes: list[str], log: Callable[[str], None]) -> tuple[Images, Images]:
    """An image is held out if the first 32 bits of its pixels' digest, as a number from 0 to 1, are below the share."""
    is_out = np.array([int.from_bytes(digest[:4], "big") / 2**32 < share for digest in images.digests], bool)
    count = len(images)
    if is_out.all():
        different = len(set(images.digests))
        copies = "" if different == count else f", which are {different} and copies: copies stay together"
        raise UserError(
            f"data.holdout {share} keeps all {_images(count)} out of training{copies}. Lower it, or add images."
        )
    if share > 0:
        notes.append(f"data.holdout keeps {int(is_out.sum())} of {_images(count)} out of training")
        log(notes[-1])
    return images.where(~is_out), images.where(is_out)


def _images(count: int) -> str:
    return f"{count:,} image" if count == 1 else f"{count:,} images" if count >= 10_000 else f"{count} images"


def _facts(source: ImageSource, paths: Sequence[str]) -> tuple[list[ImageFile], list[tuple[str, str]]]:
    files, unreadable = [], []
    for path in paths:
        try:
            facts = source.facts(path)
        except FileNotFoundError:
            unreadable.append((path, "a link to a file that does not exist"))
        except OSError as error:
            unreadable.append((path, f"cannot be read ({reason_of(error)})"))
        else:
            files.append(ImageFile(path, **vars(facts)))
    return files, unreadable


def _cache_folder(base: Path) -> Path:
    folder = base / ".maskdm" / "cache"
    with disk_errors(
        folder, advice="Make the experiment's folder writable, or copy the experiment to a folder that is."
    ):
        folder.mkdir(parents=True, exist_ok=True)
        # The folder is this tool's own: what is in it can be made again and belongs in no repository.
        ignore = folder.parent / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
    return folder


def _check_broken(folder: str, broken: list[tuple[str, str]], usable: int, most: float) -> None:
    share = len(broken) / (len(broken) + usable)
    listed = f"Unusable: {_list(broken, usable, _NAMED_IN_ERROR)}"
    if share > most:
        percent = f"{100 * share:.1f}" if share < 0.1 else f"{100 * share:.0f}"
        raise UserError(
            f'{percent} % of the images in "{shown_text(folder)}" cannot be used, more than '
            f"data.max_broken = {most} allows. "
            f"{listed}\nRepair or remove them, or raise data.max_broken."
        )
    if usable == 0:
        raise UserError(f'None of the images in "{shown_text(folder)}" can be used. {listed}\nRepair or replace them.')


def _list(broken: list[tuple[str, str]], usable: int, named: int) -> str:
    lines = [f"\n  {shown_text(path)}: {reason}" for path, reason in broken[:named]]
    more = f"\n  … and {len(broken) - named} more" if len(broken) > named else ""
    return f"{len(broken)} of {len(broken) + usable} images:{''.join(lines)}{more}"


def _grey_hint(cached: CachedImages, channels: int) -> str | None:
    if not cached.only_grey or channels != 3:
        return None
    return (
        f"all {len(cached.paths)} images are grey: with data.channels: 1 they take a third of the memory, "
        "and the model need not learn that red, green and blue are the same"
    )


def fingerprint(dataset: Dataset) -> dict[str, Any]:
    """Which images a checkpoint was trained on, as `loop.data` has it (docs/run-format.md, "images/")."""
    paths, pixels = hashlib.sha256(), hashlib.sha256()
    for path, digest in zip(dataset.training.paths, dataset.training.digests):
        name = path.encode("utf-8", "surrogatepass")
        paths.update(name + b"\n")
        pixels.update(name + b"\n" + digest.hex().encode() + b"\n")
    digests = {"paths": paths.hexdigest()[:16], "pixels": pixels.hexdigest()[:16]}
    return {"images": len(dataset.training), **digests, "decoder": dataset.decoder}


def write_image_list(run_dir: Path, dataset: Dataset, now: dict[str, Any]) -> None:
    """images/<digest>.json.gz of a run, so that a later resume can say what has changed. now: the fingerprint. Raises
    DiskError."""
    path = run_dir / "images" / f"{now['pixels']}.json.gz"
    if path.exists():
        return
    images = [[path, digest.hex()] for path, digest in zip(dataset.training.paths, dataset.training.digests)]
    with disk_errors(path):
        path.parent.mkdir(exist_ok=True)
    text = json.dumps({"formatVersion": 1, "images": images}, separators=(",", ":"))
    replace_file(path, gzip.compress(text.encode(), 1), False)


def images_since(run_dir: Path, before: Any, dataset: Dataset, now: dict[str, Any]) -> str | None:
    """How today's images differ from those of a checkpoint, whose `loop.data` is `before`; None: not, as far as can be
    known."""
    if not isinstance(before, dict) or before.get("pixels") == now["pixels"]:
        return None
    same = before.get("decoder") == now["decoder"]
    decoder = "" if same else f"; they were decoded by {before.get('decoder')}, now by {now['decoder']}"
    try:
        then = _read_image_list(run_dir / "images" / f"{before.get('pixels')}.json.gz")
    except Unreadable:
        if before.get("paths") != now["paths"]:
            return f"{before.get('images')} images then, {now['images']} now{decoder}"
        return f"the same names, but other pixels{decoder}"
    today = {path: digest.hex() for path, digest in zip(dataset.training.paths, dataset.training.digests)}
    kinds = {
        "added": [path for path in today if path not in then],
        "removed": [path for path in then if path not in today],
        "changed": [path for path, digest in today.items() if then.get(path, digest) != digest],
    }
    parts = [
        f'{len(paths)} {what}{": " if len(paths) == 1 else ", such as "}"{shown_text(paths[0])}"'
        for what, paths in kinds.items()
        if paths
    ]
    return "; ".join(parts) + decoder


def _read_image_list(path: Path) -> dict[str, str]:
    try:
        document = json.loads(gzip.decompress(path.read_bytes()))
        return {name: digest for name, digest in document["images"]}
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        raise Unreadable(f"{path.name} cannot be read") from None
