"""Images in archives, as if those were folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from .archive import Archive, Member
from .image_source import FileFacts, Kind, first_folder
from .system_names import is_ignored_by_default

ARCHIVE_EXTENSIONS = (".zip", ".tar", ".parquet")


class ArchiveSource:
    """archives: each with the name of its file; several lie side by side, each in a folder called as its file."""

    def __init__(self, path: str, noun: str, archives: Sequence[tuple[str, Archive]]) -> None:
        self.path = path
        self.noun = noun
        self.class_remedy = archives[0][1].class_remedy
        self._archives = [archive for _, archive in archives]
        #: archive, number of the member in it, and its class
        self._files: dict[str, tuple[Archive, int, str | None]] = {}
        self._folders: dict[str, dict[str, Kind]] = {"": {}}
        for name, archive in archives:
            self._add("" if len(archives) == 1 else f"{name}/", name, archive)

    def entries(self, path: str) -> Iterable[tuple[str, Kind]]:
        return self._folders.get(path, {}).items()

    def link_kind(self, path: str) -> Kind:
        return "broken_link"

    def real_path(self, path: str) -> str:
        return path

    def holds(self, path: str) -> bool:
        return path in self._files or path in self._folders

    def head(self, path: str, most: int) -> bytes:
        archive, index, _ = self._files[path]
        return archive.read(index, most)

    def facts(self, path: str) -> FileFacts:
        archive, index, _ = self._files[path]
        facts = archive.facts
        return FileFacts(archive.members[index].size, facts.modified, facts.changed, facts.inode)

    def read(self, path: str) -> bytes:
        archive, index, _ = self._files[path]
        if archive.members[index].kind == "broken_link":
            raise OSError("a link, which is not followed in an archive")
        return archive.read(index)

    def class_of(self, path: str) -> str | None:
        return self._files[path][2]

    def close(self) -> None:
        for archive in self._archives:
            archive.close()

    def _add(self, prefix: str, name: str, archive: Archive) -> None:
        wrapper = _wrapper(name, archive.members)
        for index, member in enumerate(archive.members):
            inner = member.path[len(wrapper) :]
            if not member.path.startswith(wrapper) or not inner:
                continue
            self._add_entry(prefix + inner, member.kind)
            label = first_folder(inner) if member.label is None else member.label
            self._files[prefix + inner] = (archive, index, label)

    def _add_entry(self, path: str, kind: Kind) -> None:
        folder, _, name = path.rpartition("/")
        if folder not in self._folders:
            self._folders[folder] = {}
            self._add_entry(folder, "folder")
        self._folders[folder][name] = kind


def _wrapper(name: str, members: Sequence[Member]) -> str:
    """Most programs pack the folder `photos` as photos.zip with `photos/…` in it, others what it holds: a folder that
    is called as the archive and holds all that is in it stands for the whole. "" or the folder with a slash."""
    stem, extension = os.path.splitext(name)
    wrapper = f"{stem if extension.lower() in ARCHIVE_EXTENSIONS else name}/"
    for member in members:
        first = first_folder(member.path) or member.path
        if not member.path.startswith(wrapper) and not first.startswith(".") and not is_ignored_by_default(first):
            return ""
    return wrapper if any(member.path.startswith(wrapper) for member in members) else ""
