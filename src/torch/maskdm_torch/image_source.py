"""Where images are: in a folder, an archive, or several archives (docs/data.md). Who finds and reads images asks this,
and not the disk."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

#: image: known to be one without a look; link: where it leads has to be asked for; broken_link: to nothing that is read
Kind = Literal["folder", "file", "image", "link", "broken_link", "device"]


@dataclass(frozen=True)
class FileFacts:
    """By which a changed image is known; times in milliseconds. Of an archive's members all but the size are the
    archive's."""

    size: int
    modified: float
    changed: float
    inode: int

    @staticmethod
    def of(found: os.stat_result) -> FileFacts:
        return FileFacts(found.st_size, found.st_mtime_ns / 1e6, found.st_ctime_ns / 1e6, found.st_ino)


class ImageSource(Protocol):
    """Paths in it are relative, with forward slashes; "" is the whole. What cannot be had raises OSError."""

    #: absolute, without links; of several archives their folder, with what was asked for in it
    path: str
    #: what is at the path, for people
    noun: str
    #: what to do about an image without a class
    class_remedy: str

    def entries(self, path: str) -> Iterable[tuple[str, Kind]]:
        """Names in a folder, in no particular order."""
        ...

    def link_kind(self, path: str) -> Kind: ...

    def real_path(self, path: str) -> str:
        """The same for every way to a folder, with separators of the system."""
        ...

    def holds(self, path: str) -> bool: ...

    def head(self, path: str, most: int) -> bytes: ...

    def facts(self, path: str) -> FileFacts: ...

    def read(self, path: str) -> bytes: ...

    def class_of(self, path: str) -> str | None:
        """None: it has none."""
        ...

    def close(self) -> None: ...


def first_folder(path: str) -> str | None:
    """The class of an image that nothing else tells: its first-level folder; None: it lies in none."""
    name, slash, _ = path.partition("/")
    return name if slash else None


def reason_of(error: OSError) -> str:
    return "permission denied" if isinstance(error, PermissionError) else error.strerror or str(error)


class FolderSource:
    """A folder of images on a disk."""

    noun = "folder"
    class_remedy = "Move it into a sub-folder named after the class"

    def __init__(self, path: str) -> None:
        self.path = path

    def entries(self, path: str) -> Iterable[tuple[str, Kind]]:
        with os.scandir(self._absolute(path)) as found:
            return [(entry.name, _kind_of(entry)) for entry in found]

    def link_kind(self, path: str) -> Kind:
        absolute = self._absolute(path)
        if os.path.isfile(absolute):
            return "file"
        if os.path.isdir(absolute):
            return "folder"
        return "device" if os.path.exists(absolute) else "broken_link"

    def real_path(self, path: str) -> str:
        return os.path.realpath(self._absolute(path))

    def holds(self, path: str) -> bool:
        return os.path.exists(self._absolute(path))

    def head(self, path: str, most: int) -> bytes:
        with open(self._absolute(path), "rb") as file:
            return file.read(most)

    def facts(self, path: str) -> FileFacts:
        return FileFacts.of(os.stat(self._absolute(path)))

    def read(self, path: str) -> bytes:
        with open(self._absolute(path), "rb") as file:
            return file.read()

    def class_of(self, path: str) -> str | None:
        return first_folder(path)

    def close(self) -> None:
        pass

    def _absolute(self, path: str) -> str:
        return os.path.join(self.path, path) if path else self.path


def _kind_of(entry: os.DirEntry[str]) -> Kind:
    if entry.is_symlink():
        return "link"
    if entry.is_file():
        return "file"
    return "folder" if entry.is_dir() else "device"
