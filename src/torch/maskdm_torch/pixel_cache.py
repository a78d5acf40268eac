"""The cache of decoded images (docs/data.md, "The cache"), shared by both engines: each reads what the other has
decoded, and writes its own.

Two files per data folder, settings and decoder: `<key>.json`, a line with a checksum and then the manifest, and the
file of pixels that it names, uint8 [n, H, W, C]. A pixel file is complete and on the disk before a manifest names it,
which appears in one step.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from .decode import DECODER, BrokenImage, PixelSettings, decode_image
from .errors import UserError
from .files import disk_errors, names_in, remove_quietly, replace_file
from .image_source import ImageSource, reason_of
from .machine import usable_cores

_FORMAT = "maskdm image cache"
_FORMAT_VERSION = 2
DIGEST_BYTES = 8
_MAX_FILE_BYTES = 2**29
_STALE_SECONDS = 3600


@dataclass(frozen=True)
class ImageFile:
    """path: relative to the data folder; times in milliseconds."""

    path: str
    size: int
    modified: float
    changed: float
    inode: int

    def has_facts(self, size: int, modified: float, changed: float, inode: int) -> bool:
        # Engines make milliseconds of nanoseconds with other roundings.
        same = abs(self.modified - modified) < 0.01 and abs(self.changed - changed) < 0.01
        return self.size == size and same and self.inode == inode


@dataclass(frozen=True)
class CachedImages:
    """Images that can be used, in the order of their paths, and the others with the reason."""

    paths: list[str]
    #: of each image's pixels [n]: the first DIGEST_BYTES of their SHA-256
    digests: list[bytes]
    #: uint8 [n, H, W, C], in memory or mapped
    pixels: np.ndarray
    broken: list[tuple[str, str]]
    only_grey: bool
    decoder: str


@dataclass
class _Columns:
    """The manifest's images, as columns, which read faster than a list of objects."""

    paths: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    modified: list[float] = field(default_factory=list)
    changed: list[float] = field(default_factory=list)
    inodes: list[int] = field(default_factory=list)
    contents: bytearray = field(default_factory=bytearray)
    pixels: bytearray = field(default_factory=bytearray)

    def add(self, image: ImageFile, content: bytes, pixels: bytes) -> None:
        self.paths.append(image.path)
        self.sizes.append(image.size)
        self.modified.append(image.modified)
        self.changed.append(image.changed)
        self.inodes.append(image.inode)
        self.contents += content
        self.pixels += pixels

    def content(self, row: int) -> bytes:
        return bytes(self.contents[row * DIGEST_BYTES : (row + 1) * DIGEST_BYTES])

    def digest(self, row: int) -> bytes:
        return bytes(self.pixels[row * DIGEST_BYTES : (row + 1) * DIGEST_BYTES])

    def document(self) -> dict[str, Any]:
        texts = {name: base64.b64encode(getattr(self, name)).decode() for name in ("contents", "pixels")}
        return {**vars(self), **texts}

    @staticmethod
    def of(document: dict[str, Any]) -> _Columns:
        bytes_of = {name: bytearray(base64.b64decode(document[name])) for name in ("contents", "pixels")}
        return _Columns(**{**document, **bytes_of})


@dataclass(frozen=True)
class _Cache:
    """A complete cache."""

    images: _Columns
    broken: list[dict[str, Any]]
    pixel_file: Path
    only_grey: bool
    decoder: str

    @property
    def rows(self) -> dict[str, int]:
        return {path: row for row, path in enumerate(self.images.paths)}


class ImageCache:
    def __init__(
        self, cache_dir: Path, source: ImageSource, settings: PixelSettings, log: Callable[[str], None]
    ) -> None:
        self._dir = cache_dir
        self._source = source
        self._settings = settings
        self._log = log

    def open(
        self, files: Sequence[ImageFile], preferred: str | None, on_progress: Callable[[int, int], None]
    ) -> CachedImages:
        """The images of the files, those decoded that no cache holds.

        preferred: the decoder of a checkpoint that training goes on from: another one would give slightly other pixels.
        Raises DiskError where the cache cannot be written.
        """
        found = self._caches()
        for decoder in sorted(found, key=lambda name: (name != preferred, name == DECODER)):
            if self._holds(found[decoder], files):
                return self._loaded(found[decoder])
        return self._loaded(self._build(files, found.get(DECODER), on_progress))

    def _caches(self) -> dict[str, _Cache]:
        """Caches of this folder with these settings, by decoder."""
        found = {}
        for name in names_in(self._dir):
            cache = self._read(self._dir / name) if name.endswith(".json") and not name.startswith(".") else None
            if cache is not None and name == f"{self._key(cache.decoder)}.json":
                found[cache.decoder] = cache
        return found

    def _key(self, decoder: str) -> str:
        settings = self._settings
        identity = [
            _FORMAT_VERSION,
            decoder,
            self._source.path,
            settings.image_size,
            settings.channels,
            settings.background,
        ]
        text = json.dumps(identity, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:20]

    def _read(self, path: Path) -> _Cache | None:
        """None where it is damaged, of another version, or does not say what decoded its images."""
        try:
            head, body = path.read_bytes().split(b"\n", 1)
            header = json.loads(head)
            if (header["format"], header["version"]) != (_FORMAT, _FORMAT_VERSION) or header[
                "sha256"
            ] != hashlib.sha256(body).hexdigest():
                return None
            manifest = json.loads(body)
            images = _Columns.of(manifest["images"])
            pixel_file = self._dir / Path(manifest["pixelFile"]).name
            if pixel_file.stat().st_size != len(images.paths) * self._settings.image_bytes:
                return None
            return _Cache(images, manifest["broken"], pixel_file, manifest["onlyGrey"], manifest["decoder"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _holds(self, cache: _Cache, files: Sequence[ImageFile]) -> bool:
        """Whether a cache is of exactly these files."""
        rows, broken = cache.rows, {entry["path"]: entry for entry in cache.broken}
        if len(rows) + len(broken) != len(files):
            return False
        return all(self._keeps(cache, rows, image) is not None or _is_known_broken(broken, image) for image in files)

    def _keeps(self, cache: _Cache, rows: dict[str, int], image: ImageFile) -> int | None:
        """The row of a file that has not changed: its facts are the same, or where path and size alone are, its content
        is."""
        row = rows.get(image.path)
        columns = cache.images
        if row is None or columns.sizes[row] != image.size:
            return None
        if image.has_facts(columns.sizes[row], columns.modified[row], columns.changed[row], columns.inodes[row]):
            return row
        try:
            content = _digest(self._source.read(image.path))
        except OSError:
            return None
        return row if content == columns.content(row) else None

    def _build(self, files: Sequence[ImageFile], old: _Cache | None, on_progress: Callable[[int, int], None]) -> _Cache:
        self._dir.mkdir(parents=True, exist_ok=True)
        key, shape = self._key(DECODER), (-1, self._settings.image_bytes)
        pixel_file = self._dir / f"{key}-{secrets.token_hex(4)}.pixels"
        columns, broken, only_grey = _Columns(), [], True
        rows = old.rows if old else {}
        kept = {image.path: row for image in files if old and (row := self._keeps(old, rows, image)) is not None}
        known_broken = {entry["path"]: entry for entry in old.broken} if old else {}
        to_decode = [image for image in files if image.path not in kept and not _is_known_broken(known_broken, image)]
        if old:
            self._log(f"image cache: {len(to_decode)} of {len(files)} images are new or changed")
        before = np.memmap(old.pixel_file, np.uint8, "r").reshape(shape) if old and kept else None
        decoded = self._decoded(to_decode, on_progress)
        advice = "The decoded images are kept there. Nothing else was changed; run the command again afterwards."
        try:
            with disk_errors(self._dir, len(files) * shape[1], advice), open(pixel_file, "wb") as file:
                for image in files:
                    if image.path in kept and before is not None and old is not None:
                        row = kept[image.path]
                        pixels, content = before[row], old.images.content(row)
                    elif _is_known_broken(known_broken, image):
                        broken.append(known_broken[image.path])
                        continue
                    else:
                        outcome = next(decoded)
                        if isinstance(outcome, _Failure):
                            broken.append({**vars(image), "reason": outcome.reason, "retry": outcome.retry})
                            continue
                        pixels, content = outcome
                    columns.add(image, content, _digest(pixels.tobytes()))
                    only_grey = only_grey and (self._settings.channels == 1 or _is_grey(pixels))
                    file.write(pixels.tobytes())
                file.flush()
                os.fsync(file.fileno())
            self._commit(key, pixel_file, columns, broken, only_grey)
        except BaseException:
            remove_quietly(pixel_file)
            raise
        return _Cache(columns, broken, pixel_file, only_grey, DECODER)

    def _decoded(
        self, images: Sequence[ImageFile], on_progress: Callable[[int, int], None]
    ) -> Iterator[tuple[np.ndarray, bytes] | _Failure]:
        """Several at a time, in their order; a bounded number of them is held."""
        workers = min(8, usable_cores())
        with ThreadPoolExecutor(workers) as pool:
            waiting: deque[Future[tuple[np.ndarray, bytes] | _Failure]] = deque()
            rest = iter(images)
            for done in range(1, len(images) + 1):
                waiting.extend(pool.submit(self._decode, image) for image in islice(rest, 2 * workers - len(waiting)))
                yield waiting.popleft().result()
                on_progress(done, len(images))

    def _decode(self, image: ImageFile) -> tuple[np.ndarray, bytes] | _Failure:
        if image.size > _MAX_FILE_BYTES:
            return _Failure(f"a file of {round(image.size / 2**20)} MiB is too large", False)
        try:
            data = self._source.read(image.path)
        except OSError as error:
            # What the system refuses it may grant later; what an archive cannot give stays so as long as it is the same.
            return _Failure(f"cannot be read ({reason_of(error)})", error.errno is not None)
        try:
            return decode_image(data, self._settings), _digest(data)
        except BrokenImage as reason:
            return _Failure(str(reason), False)

    def _commit(
        self, key: str, pixel_file: Path, columns: _Columns, broken: list[dict[str, Any]], only_grey: bool
    ) -> None:
        manifest = {
            "folder": self._source.path,
            "decoder": DECODER,
            "pixelFile": pixel_file.name,
            "imageBytes": self._settings.image_bytes,
            "onlyGrey": only_grey,
            "images": columns.document(),
            "broken": broken,
        }
        body = json.dumps(manifest, separators=(",", ":"))
        header = json.dumps(
            {"format": _FORMAT, "version": _FORMAT_VERSION, "sha256": hashlib.sha256(body.encode()).hexdigest()}
        )
        replace_file(self._dir / f"{key}.json", f"{header}\n{body}", True)
        # What nobody names any more was left by a build before, or by a process that was killed.
        for name in names_in(self._dir):
            path = self._dir / name
            if (
                name.startswith(f"{key}-")
                and path != pixel_file
                and time.time() - path.stat().st_mtime > _STALE_SECONDS
            ):
                remove_quietly(path)

    def _loaded(self, cache: _Cache) -> CachedImages:
        size, channels = self._settings.image_size, self._settings.channels
        shape = (len(cache.images.paths), size, size, channels)
        try:
            pixels = np.memmap(cache.pixel_file, np.uint8, "c", shape=shape) if shape[0] else np.empty(shape, np.uint8)
        except (OSError, ValueError):
            raise UserError(
                "The image cache was cut short while in use. Run the command again: it will be rebuilt.", "failure"
            ) from None
        digests = [cache.images.digest(row) for row in range(shape[0])]
        broken = [(entry["path"], entry["reason"]) for entry in cache.broken]
        return CachedImages(cache.images.paths, digests, pixels, broken, cache.only_grey, cache.decoder)


@dataclass(frozen=True)
class _Failure:
    reason: str
    #: the file could not be opened, which may change without the file changing
    retry: bool


def _is_known_broken(broken: dict[str, dict[str, Any]], image: ImageFile) -> bool:
    entry = broken.get(image.path)
    return (
        entry is not None
        and not entry["retry"]
        and image.has_facts(*(entry[name] for name in ("size", "modified", "changed", "inode")))
    )


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:DIGEST_BYTES]


def _is_grey(pixels: np.ndarray) -> bool:
    """Whether an image in colour holds nothing but greys; conversions by a profile round each channel by itself."""
    values = pixels.reshape(-1, 3).astype(np.int16)
    return bool((values.max(axis=1) - values.min(axis=1) <= 2).all())
