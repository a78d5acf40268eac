"""What data.path names: a folder, an archive, or several of them."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from .archive import Archive, ArchiveError, TarArchive, ZipArchive
from .archive_source import ARCHIVE_EXTENSIONS, ArchiveSource
from .errors import UserError
from .find_images import holds_image
from .image_kinds import HEAD_BYTES, image_format
from .image_source import FileFacts, FolderSource, ImageSource, reason_of
from .parquet_archive import ParquetArchive
from .shards import shards_in, shards_of
from .shell import shown_text

_START_BYTES = 512
_OTHER_KINDS = (b"BZh", b"\xfd7zX", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf", b"Rar!")


def open_data_path(path: str, base: Path) -> ImageSource:
    """base: folder of the experiment file. To be closed. Raises UserError where there is nothing, or what is there
    cannot be used."""
    own = os.path.expanduser(path) if re.match(r"~(/|$)", path) else path
    absolute = os.path.abspath(base / own)
    try:
        source = _opened(absolute)
    except ArchiveError as error:
        problem = f"cannot be used: {error}"
    except OSError as error:
        problem = f"cannot be read ({reason_of(error)}). Give yourself the right to read it."
    else:
        if source is not None:
            return source
        noun = "file" if own.lower().endswith(ARCHIVE_EXTENSIONS) else "folder"
        origin = f' (data.path is "{shown_text(path)}", taken from the experiment file\'s folder)'
        raise UserError(
            f'data.path: the {noun} "{shown_text(absolute)}" does not exist{"" if os.path.isabs(own) else origin}. '
            "Correct data.path, or put the images there."
        )
    raise UserError(
        f'data.path: the {"folder" if os.path.isdir(absolute) else "file"} "{shown_text(absolute)}" {problem}'
    )


def _opened(path: str) -> ImageSource | None:
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        # A pattern names no file of its own.
        shards = shards_of(path)
        folder, pattern = os.path.split(path)
        return None if shards is None else _open_shards(shards, os.path.join(os.path.realpath(folder), pattern))
    if stat.S_ISDIR(mode):
        return _open_folder(os.path.realpath(path))
    if stat.S_ISREG(mode):
        return _open_shards([path], os.path.realpath(path))
    raise ArchiveError("it is neither a folder nor a plain file. Name what holds the images.")


def _open_folder(path: str) -> ImageSource:
    """A folder is one of images, or where it holds none, of the shards that lie in it."""
    folder = FolderSource(path)
    shards = None if holds_image(folder) else shards_in(path)
    return folder if shards is None else _open_shards(shards, path)


def _open_shards(files: list[str], path: str) -> ImageSource:
    """path: stands for all of them."""
    _allow_open_files(len(files))
    archives: list[tuple[str, Archive]] = []
    try:
        for file in files:
            archives.append((os.path.basename(file), _open_archive(file)))
    except (ArchiveError, OSError) as error:
        for _, archive in archives:
            archive.close()
        if len(files) == 1:
            raise
        reason = str(error) if isinstance(error, ArchiveError) else reason_of(error)
        raise ArchiveError(f'"{os.path.basename(files[len(archives)])}": {reason}') from None
    is_parquet = any(isinstance(archive, ParquetArchive) for _, archive in archives)
    return ArchiveSource(path, "Parquet file" if is_parquet else "archive", archives)


def _allow_open_files(count: int) -> None:
    """Each shard stays open, and a process may mostly have fewer files open than it could ask for."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = soft + count
    if count > 64 and soft != resource.RLIM_INFINITY:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _open_archive(path: str) -> Archive:
    """By what it holds, whatever its name is."""
    with open(path, "rb") as file:
        facts = FileFacts.of(os.fstat(file.fileno()))
        start = file.read(_START_BYTES)
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ZipArchive(path, facts)
    if start.startswith(b"PAR1"):
        return ParquetArchive(path, facts)
    if not start:
        raise ArchiveError("it is empty. Copy or download it again.")
    if start.startswith(b"\x1f\x8b"):
        raise ArchiveError(
            "it is compressed as a whole, so that no image in it can be read by itself. Unpack that once, with gunzip "
            "or another program: a .tar can be used as it is."
        )
    if start.startswith(_OTHER_KINDS):
        raise ArchiveError("it is an archive of a kind that is not read. Pack the images as .zip or .tar.")
    if _is_tar(start):
        return TarArchive(path, facts)
    if image_format(start[:HEAD_BYTES]) is not None:
        raise ArchiveError("it is a single image. Name the folder or archive that holds the images.")
    raise ArchiveError(
        "it is neither a folder nor a .zip, .tar or .parquet file, whatever its name says. Name one that holds the "
        "images."
    )


def _is_tar(start: bytes) -> bool:
    """The checksum of the first header counts its own field as spaces."""
    if len(start) < _START_BYTES:
        return False
    try:
        told = int(start[148:156].split(b"\0")[0].strip(), 8)
    except ValueError:
        return False
    values = start[:148] + b" " * 8 + start[156:]
    return told in (sum(values), sum(value if value < 128 else value - 256 for value in values))
