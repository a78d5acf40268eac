"""One writer per run (docs/run-format.md, "Locks"): files lock-0001.json, lock-0002.json …, of which the highest counts.

Whoever finds it released, or its holder dead, creates the next number, which the file system grants to one contender
only. Nothing that could be somebody's live lock is ever removed or renamed, so two contenders for a stale lock cannot
both win.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .documents import RUN_FORMAT_VERSION, Unreadable, read_document
from .errors import UserError
from .files import DiskError, disk_errors, names_in, now, remove_quietly, replace_json
from .process_identity import ProcessIdentity, check_process, this_process
from .shell import maskdm_command

#: A process at work renews its sign of life this often; who has given none for so long is taken for dead.
HEARTBEAT_SECONDS = 5
STALE_SECONDS = 60
_UNREADABLE_SECONDS = 3
_LOOK_EVERY_SECONDS = 0.05
_PATIENCE_SECONDS = 5
_GLANCE_SECONDS = 0.5
_FINAL = ("finished", "stopped", "failed", "diverged")
_NAME = re.compile(r"^lock-(\d{4,15})\.json$")


class LockLostError(UserError):
    """Somebody else has the lock that this process had: it must not write any more."""

    def __init__(self, run_dir: Path, by: ProcessIdentity | None) -> None:
        gone = f"The lock of {run_dir} is gone: the folder was moved or removed, or somebody has deleted the lock."
        taken = (
            f"{run_dir} was taken over by process {by.pid} on {by.host}, which writes it now. A "
            "run is taken over from who gives "
            f"no sign of life for {STALE_SECONDS} seconds, as while a machine sleeps."
            if by
            else gone
        )
        super().__init__(f"{taken} This process writes nothing more.", "failure")


class RunLock:
    """A lock that this process has. Its methods may be called from several threads."""

    def __init__(self, run_dir: Path, number: int, record: dict[str, Any]) -> None:
        self._run_dir = run_dir
        self._number = number
        self._record = record
        self._checked_at = float("-inf")
        self._lost: LockLostError | None = None
        self._mutex = threading.RLock()

    def check(self) -> None:
        """To be called before this process writes. Raises LockLostError if somebody else has the lock."""
        with self._mutex:
            if self._lost is None and not self._is_own():
                self._lost = LockLostError(self._run_dir, _holder_written(self._run_dir))
            if self._lost is not None:
                raise self._lost
            self._checked_at = time.time()

    def glance(self) -> None:
        """The same for what is done many times a second. By the time of day, which goes on while the machine sleeps."""
        if self._lost is not None or abs(time.time() - self._checked_at) >= _GLANCE_SECONDS:
            self.check()

    def is_lost(self) -> bool:
        try:
            self.check()
        except LockLostError:
            return True
        return False

    def renew(self) -> None:
        """A sign of life of a holder that writes no heartbeat yet. Raises LockLostError, DiskError."""
        with self._mutex:
            self.check()
            # The thread that renews may come a moment late.
            if not self._record["released"]:
                self._record = {**self._record, "acquiredAt": now()}
                self._write()

    def release(self) -> None:
        """Gives the run free for the next writer. If the disk refuses, the end of this process does it."""
        with self._mutex:
            if self.is_lost():
                return
            self._record = {**self._record, "released": True}
            with suppress(DiskError):
                self._write()

    def _write(self) -> None:
        replace_json(self._run_dir / _file_name(self._number), self._record, False)

    def _is_own(self) -> bool:
        try:
            numbers = _numbers(self._run_dir)
        except OSError:
            return True  # a disk that does not answer says nothing about the lock
        return max(numbers, default=0) == self._number


@dataclass
class _Watched:
    sign: str
    looked_at: float
    unmoved: float = 0.0
    moved: bool = False


@dataclass
class _LifeWatch:
    """Watches signs of life for whether they move, by this process's own clock, and of that only by how much time has
    passed."""

    watched: dict[str, _Watched] = field(default_factory=dict)

    def look(self, key: str, sign: str, seconds: float = STALE_SECONDS) -> str:
        """ "moving", "standing" or "unsure"."""
        moment = time.monotonic()
        before = self.watched.get(key)
        if before is None or before.sign != sign:
            self.watched[key] = _Watched(sign, moment, moved=before is not None)
            return "unsure" if before is None else "moving"
        # Who did not look for long, as while the machine slept, has not watched.
        before.unmoved += min(moment - before.looked_at, HEARTBEAT_SECONDS)
        before.looked_at = moment
        if before.unmoved >= seconds:
            return "standing"
        return "moving" if before.moved else "unsure"


@dataclass(frozen=True)
class _Held:
    """by: None while somebody is just creating the lock; certain: the process was found, or its sign of life was seen
    to move."""

    by: ProcessIdentity | None
    certain: bool


def acquire_lock(run_dir: Path, tell: Callable[[str], None]) -> RunLock:
    """Makes this process the writer of a run. Raises UserError if another process is, DiskError.

    tell: told if that takes long, as a holder whose process cannot be looked for is watched for STALE_SECONDS.
    """
    watch = _LifeWatch()
    patient_until = time.monotonic() + _PATIENCE_SECONDS
    told = False
    while True:
        lock = _try_lock(run_dir, watch)
        if isinstance(lock, RunLock):
            return lock
        if lock.certain and (time.monotonic() > patient_until or not _releases_soon(run_dir, lock.by)):
            raise _held_by(run_dir, lock.by)
        if not lock.certain and lock.by is not None and not told:
            told = True
            tell(
                f"The lock of {run_dir} is that of process {lock.by.pid} on {lock.by.host}, which "
                "cannot be looked for from here: "
                f"watching for {STALE_SECONDS} seconds whether it gives a sign of life."
            )
        time.sleep(_LOOK_EVERY_SECONDS)


def lock_new(run_dir: Path) -> RunLock:
    """Makes this process the writer of a folder that was made just now. Raises UserError if somebody was quicker,
    DiskError."""
    lock = _try_lock(run_dir, _LifeWatch())
    if isinstance(lock, RunLock):
        return lock
    raise _held_by(run_dir, lock.by)


def _try_lock(run_dir: Path, watch: _LifeWatch) -> RunLock | _Held:
    record = {"formatVersion": RUN_FORMAT_VERSION, **this_process().document(), "acquiredAt": now(), "released": False}
    while True:
        highest = max(_numbers(run_dir), default=0)
        holder = _holder_of(run_dir, highest, watch)
        if holder is not None:
            return holder
        number = highest + 1
        path = run_dir / _file_name(number)
        if not _create(path, record):
            continue
        # The folder may have been read before others took and released locks of higher numbers.
        if max(_numbers(run_dir), default=0) > number:
            remove_quietly(path)
            continue
        for old in _numbers(run_dir):
            if old < number:
                remove_quietly(run_dir / _file_name(old))
        return RunLock(run_dir, number, record)


def _create(path: Path, record: dict[str, Any]) -> bool:
    """False if somebody else has created the file."""
    data = (json.dumps(record, indent=2) + "\n").encode()
    with disk_errors(path, len(data)):
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            return False
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(data)
        except OSError:
            remove_quietly(path)
            raise
    return True


def _holder_of(run_dir: Path, number: int, watch: _LifeWatch) -> _Held | None:
    if number == 0:
        return None
    path = run_dir / _file_name(number)
    try:
        lock = read_document(path)
        holder = ProcessIdentity.of(lock)
        released, acquired_at = lock["released"], lock["acquiredAt"]
    except (Unreadable, KeyError):
        return _unreadable(path, number, watch)
    if released:
        return None
    check = check_process(holder)
    if check != "unknown":
        return _Held(holder, True) if check == "alive" else None
    # Another host, or the same before a reboot: only its signs of life can tell.
    motion = watch.look("lock", f"{number} {acquired_at} {_status_of(run_dir).get('heartbeat')}")
    return None if motion == "standing" else _Held(holder, motion == "moving")


def _unreadable(path: Path, number: int, watch: _LifeWatch) -> _Held | None:
    """A lock that is being written now, or whose writer died over it."""
    try:
        found = path.stat()
    except OSError:
        return None
    motion = watch.look("lock", f"{number} {found.st_mtime_ns} {found.st_size}", _UNREADABLE_SECONDS)
    return None if motion == "standing" else _Held(None, False)


def _holder_written(run_dir: Path) -> ProcessIdentity | None:
    try:
        number = max(_numbers(run_dir), default=0)
        return ProcessIdentity.of(read_document(run_dir / _file_name(number)))
    except (OSError, Unreadable, KeyError):
        return None


def _releases_soon(run_dir: Path, by: ProcessIdentity | None) -> bool:
    """A holder that has written its last status is about to release."""
    return by is None or (by != this_process() and _status_of(run_dir).get("state") in _FINAL)


def _status_of(run_dir: Path) -> dict[str, Any]:
    try:
        return read_document(run_dir / "status.json", "status.schema.json")
    except Unreadable:
        return {}


def _held_by(run_dir: Path, by: ProcessIdentity | None) -> UserError:
    who = "a process that is just starting" if by is None else f"process {by.pid} on {by.host}"
    return UserError(
        f"{run_dir} is being written by {who}, and a run has one writer at a time. Wait for it, "
        f"or stop it with: {maskdm_command('stop', str(run_dir))}"
    )


def _numbers(run_dir: Path) -> list[int]:
    return [int(match.group(1)) for name in names_in(run_dir) if (match := _NAME.match(name))]


def _file_name(number: int) -> str:
    return f"lock-{number:04d}.json"
