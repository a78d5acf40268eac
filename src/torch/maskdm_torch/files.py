"""Writing files so that a reader, a kill or a power failure never meets a half-written one; and what the disk refuses,
in words."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .errors import UserError

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file is larger than the system allows",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EROFS: "the file system is read-only",
    errno.ENOENT: "its folder does not exist",
    errno.ENOTDIR: "a file is in the way",
    errno.EEXIST: "a file is in the way",
    errno.ENOTEMPTY: "a folder is in the way",
    errno.EIO: "the disk reported an error",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
    errno.EBUSY: "another process has it open",
    errno.ENAMETOOLONG: "the path is too long for this system",
}
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class DiskError(UserError):
    """The file system refused; what was written before is intact."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "failure")


@contextlib.contextmanager
def disk_errors(path: Path, size: int | None = None, advice: str = "") -> Iterator[None]:
    """Turns what the file system refuses inside into a DiskError that names file and reason; one that is a DiskError
    already stays."""
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0)
        if reason is None:
            raise
        code = errno.errorcode[error.errno or 0]
        message = f"Cannot write {path}: {reason} ({code})."
        if error.errno in _FULL:
            needed = "" if size is None else f"{format_bytes(size)} were needed, "
            message += f" {needed}{_free_text(path)}. Free some space."
        raise DiskError(f"{message} {advice}".rstrip()) from error


def format_bytes(size: float) -> str:
    """1536 -> "1.5 KiB"."""
    units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
    unit = 0
    while size >= 1024 and unit < len(units) - 1:
        size /= 1024
        unit += 1
    return f"{size:.0f} {units[0]}" if unit == 0 else f"{size:.1f} {units[unit]}"


def _free_text(path: Path) -> str:
    for folder in (path, *path.parents):
        with contextlib.suppress(OSError):
            return f"{format_bytes(shutil.disk_usage(folder).free)} are free"
    return "free space unknown"


def now() -> str:
    """The time, UTC, as all documents of a run have it: 2026-11-22T21:41:00.000Z."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def retry_sharing_violation(work: Callable[[], None]) -> None:
    """A rename, again for up to two seconds while Windows reports that somebody has the file open."""
    until = time.monotonic() + 2
    wait = 0.005
    while True:
        try:
            return work()
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > until:
                raise
            time.sleep(wait)
            wait = min(2 * wait, 0.2)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable. Windows cannot and need not."""
    if sys.platform == "win32":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


_serial = itertools.count()


def replace_file(path: Path, content: bytes | str, durable: bool) -> None:
    """Replaces a file as a whole: temporary file beside it, then rename. Raises DiskError; the old file is then intact.

    durable: flushed to the disk, so that it survives a power failure.
    """
    # A name that is no UTF-8 holds lone surrogates, which JSON writes as \udc80.
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    temporary = path.with_name(f".{path.name}.tmp-{os.getpid()}-{next(_serial)}")
    with disk_errors(path, len(data)):
        try:
            with open(temporary, "wb") as file:
                file.write(data)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            retry_sharing_violation(lambda: os.replace(temporary, path))
            if durable:
                sync_folder(path.parent)
        except BaseException:
            remove_quietly(temporary)
            raise


def replace_json(path: Path, value: Any, durable: bool) -> None:
    """Replaces a JSON document as a whole; see replace_file."""
    replace_file(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n", durable)


def remove_quietly(path: Path) -> None:
    """Removes a file or folder, if it can; what is left is left for the next cleaning."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    except OSError:
        pass


def names_in(folder: Path) -> list[str]:
    """Names in a folder; none if it does not exist."""
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


class AppendFile:
    """A text file that only grows, line by line. A torn last line, as a kill or a full disk leaves it, is closed by the
    next line."""

    def __init__(self, path: Path, advice: str) -> None:
        self._path = path
        self._advice = advice
        with disk_errors(path, advice=advice):
            self._file = open(path, "ab+", buffering=0)  # noqa: SIM115
            size = self._file.seek(0, os.SEEK_END)
            self._file.seek(max(0, size - 1))
            self._torn = self._file.read(1) not in (b"", b"\n")

    def append(self, line: str) -> None:
        """Appends one line, given without its newline, with one write. Raises DiskError."""
        data = memoryview(f"{chr(10) if self._torn else ''}{line}\n".encode("utf-8", "backslashreplace"))
        with disk_errors(self._path, len(data), self._advice):
            while data:
                written = self._file.write(data) or 0
                data = data[written:]
                self._torn = len(data) > 0

    def sync(self) -> None:
        """Flushes to the disk. Raises DiskError."""
        with disk_errors(self._path, advice=self._advice):
            os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()
