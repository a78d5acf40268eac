"""What the formats of archives have in common, and ZIP and tar (docs/data.md, "Archives")."""

from __future__ import annotations

import json
import re
import stat
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from .image_source import FileFacts, Kind

_MAX_LABEL_BYTES = 256
_BLOCK = 512
_AGAIN = "Copy or download it again."


class ArchiveError(Exception):
    """An archive that cannot be used; the message is why, and what to do."""


@dataclass(frozen=True)
class Member:
    """A file in an archive. path: with forward slashes; label: its class, where the archive itself says one; at: where
    its bytes are in a tar."""

    path: str
    size: int
    kind: Kind = "file"
    label: str | None = None
    at: int = 0


class Archive(Protocol):
    #: of the archive's file
    facts: FileFacts
    #: in the archive's order; of several at one path the last counts
    members: Sequence[Member]
    class_remedy: str

    def read(self, index: int, most: int | None = None) -> bytes:
        """All of a member, or so many bytes of its beginning. Raises OSError with the reason."""
        ...

    def close(self) -> None: ...


def member_path(name: str) -> str:
    """As a folder on a disk would have it: `./a//b` is `a/b`. What leads upwards is left out by its name later."""
    return "/".join(part for part in name.split("/") if part not in ("", "."))


class ZipArchive:
    """Stored or deflated members, each read by itself."""

    class_remedy = "Put it into a folder of the archive that is named after the class"

    def __init__(self, path: str, facts: FileFacts) -> None:
        self.facts = facts
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise ArchiveError(
                f"its directory, at the end of the file, is damaged or missing ({error}): the archive may have been "
                f"cut short. {_AGAIN}"
            ) from None
        self._infos = [info for info in self._zip.infolist() if not info.orig_filename.endswith(("/", "\\"))]
        self.members = [_zip_member(info) for info in self._infos]

    def read(self, index: int, most: int | None = None) -> bytes:
        info = self._infos[index]
        if info.flag_bits & 1:
            raise OSError("it is encrypted in the archive; pack the images without a password")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise OSError(
                f"the archive compresses it by method {info.compress_type}, which is not read; pack the images with "
                "Deflate, or stored"
            )
        try:
            with self._zip.open(info) as file:
                return file.read(most)
        except (zipfile.BadZipFile, zlib.error, EOFError):
            raise OSError("it is damaged in the archive") from None

    def close(self) -> None:
        self._zip.close()


def _zip_member(info: zipfile.ZipInfo) -> Member:
    # Names are any bytes: those that are no UTF-8 are kept as they are.
    raw = info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")
    path = member_path(raw.decode("utf-8", "surrogateescape").replace("\\", "/"))
    is_link = info.create_system == 3 and stat.S_ISLNK(info.external_attr >> 16)
    return Member(path, info.file_size, "broken_link" if is_link else "file")


class TarArchive:
    """Members by their places in the file, and the classes of a WebDataset: members that share all up to the first dot
    of their names are one sample, and KEY.cls says its class."""

    class_remedy = "Give it a .cls file beside it, or a folder that is named after the class"

    def __init__(self, path: str, facts: FileFacts) -> None:
        self.facts = facts
        self._file = open(path, "rb")  # noqa: SIM115
        self._lock = threading.Lock()
        try:
            self.members = self._with_labels(self._listed(path))
        except BaseException:
            self._file.close()
            raise

    def _listed(self, path: str) -> list[Member]:
        try:
            # utf-8 with surrogateescape, as names have it here.
            with tarfile.open(path, "r:", encoding="utf-8", errors="surrogateescape") as tar:
                found = tar.getmembers()
                end = tar.offset
        except (tarfile.TarError, OSError, ValueError) as error:
            raise ArchiveError(f"{error}: the archive is damaged or was cut short. {_AGAIN}") from None
        last = self._read_at(end, _BLOCK)
        if not last or any(last):
            # Without its end it may lack members, too.
            what = f"at byte {end} there is no header" if last else "its end is missing"
            raise ArchiveError(f"{what}: the archive is damaged or was cut short. {_AGAIN}")
        members: dict[str, Member] = {}
        for info in found:
            name, link = member_path(info.name), member_path(info.linkname)
            if not name:
                continue
            if info.type in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE):
                members[name] = Member(name, info.size, at=info.offset_data)
            elif info.type == tarfile.LNKTYPE and link in members:
                # A hard link: the same file once more, which came before.
                members[name] = replace(members[link], path=name)
            elif info.type in (tarfile.LNKTYPE, tarfile.SYMTYPE):
                members[name] = Member(name, 0, "broken_link")
        return list(members.values())

    def _with_labels(self, members: Sequence[Member]) -> list[Member]:
        """The class of each sample goes to its other members; a class without any stays, to be told of."""
        labels, others = {}, set()
        for member in members:
            key, extension = _sample_key(member.path)
            if extension == "cls":
                labels[key] = self._label(member)
            else:
                others.add(key)
        return [
            replace(member, label=labels.get(key))
            for member in members
            for key, extension in [_sample_key(member.path)]
            if not (extension == "cls" and key in others)
        ]

    def _label(self, member: Member) -> str:
        data = b"" if member.size > _MAX_LABEL_BYTES else self._read_at(member.at, member.size)
        text = data.decode("utf-8", "replace").strip()
        if text and not re.search("[\0-\x1f\x7f-\x9f\ufffd]", text):
            return text
        raise ArchiveError(
            f"{json.dumps(member.path)} in it says no class: it has to hold a whole number or a name, as text. Correct "
            "it, or pack the samples without it."
        )

    def read(self, index: int, most: int | None = None) -> bytes:
        member = self.members[index]
        return self._read_at(member.at, member.size if most is None else min(most, member.size))

    def _read_at(self, position: int, length: int) -> bytes:
        with self._lock:
            self._file.seek(position)
            return self._file.read(length)

    def close(self) -> None:
        self._file.close()


def _sample_key(path: str) -> tuple[str, str]:
    """All up to the first dot of the name, and all behind it in lower case."""
    dot = path.find(".", path.rfind("/") + 1)
    return (path, "") if dot < 0 else (path[:dot], path[dot + 1 :].lower())
