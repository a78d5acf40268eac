"""Makes run folders, and takes up those that are there for a resume (docs/run-format.md)."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .checkpoints import Checkpoint, clean_leftovers, latest_checkpoint, passed_over_notes
from .control import clear_control
from .documents import RUN_FORMAT_VERSION, Unreadable, read_document, read_plain_file
from .errors import UserError
from .experiment import Stage
from .experiment_of_run import EXPERIMENT_FILE, config_hash, place_of_experiment, way_from_run
from .files import (
    disk_errors,
    names_in,
    now,
    remove_quietly,
    replace_file,
    replace_json,
    retry_sharing_violation,
    sync_folder,
)
from .log import RunLog
from .machine import git_state, platform_name, this_machine
from .metrics import MetricsWriter
from .process_identity import is_gone, this_process
from .run_lock import HEARTBEAT_SECONDS, RunLock, acquire_lock, lock_new
from .run_names import check_free, experiment_name, new_run_id
from .run_writer import RunWriter
from .status import StatusReport, StatusWriter, write_status

#: A changed key as run.json records it: key, from, to.
Change = dict[str, str]


@dataclass(frozen=True)
class SessionRequest:
    """What every session, the first or a resume, tells about itself."""

    command: Sequence[str]
    versions: dict[str, str]
    backend: str


@dataclass(frozen=True)
class NewRun:
    runs_dir: Path
    #: folder name asked for; None: one is made from date, experiment and stage
    name: str | None
    #: absolute path of the user's file
    experiment_file: Path
    #: its text, overrides written in
    experiment_text: str
    #: keys that were written in: the file's value, and the run's
    changes: Sequence[Change]
    stage: Stage
    seed: int
    total_steps: int
    #: as run.json has it, without checkpointFromRun
    parent: dict[str, Any] | None
    #: the group that lists show it in, and what they call it
    group: str | None = None
    title: str | None = None


def create_run(request: NewRun, session: SessionRequest) -> RunWriter:
    """Makes a run folder, which appears whole under its name, and becomes its writer.

    Raises UserError if the name will not do or exists, DiskError.
    """
    runs_dir = request.runs_dir
    git = git_state(request.experiment_file.parent)
    with disk_errors(runs_dir):
        runs_dir.mkdir(parents=True, exist_ok=True)
        _clean_unfinished(runs_dir)
        while True:
            name = request.name or new_run_id(runs_dir, experiment_name(request.experiment_file), request.stage)
            if request.name is not None:
                check_free(runs_dir, name)
            path = runs_dir / name
            record = _new_record(request, session, path, git)
            if _lay_out(path, record, request):
                break
        lock = lock_new(path)
        status = StatusWriter(path, StatusReport("starting", 0, request.total_steps, 0), lock)
        return RunWriter(path, record, lock, status, MetricsWriter(path, None, lock))


_UNFINISHED = re.compile(r"^\.new-.*-(\d+)$")


def _clean_unfinished(runs_dir: Path) -> None:
    """Removes folders whose making was cut off by a kill."""
    for name in names_in(runs_dir):
        match = _UNFINISHED.match(name)
        if match and is_gone(int(match.group(1))):
            remove_quietly(runs_dir / name)


def _lay_out(path: Path, record: dict[str, Any], request: NewRun) -> bool:
    """Lays the folder out under another name and renames it. False if the name has been taken meanwhile."""
    temporary = path.with_name(f".new-{path.name}-{os.getpid()}")
    try:
        remove_quietly(temporary)
        for folder in ("checkpoints", "samples"):
            (temporary / folder).mkdir(parents=True)
        replace_file(temporary / EXPERIMENT_FILE, request.experiment_text, True)
        replace_json(temporary / "run.json", record, True)
        write_status(temporary, StatusReport("starting", 0, request.total_steps, 0), True)
        noted = {name: text for name, text in (("group", request.group), ("name", request.title)) if text is not None}
        if noted:
            annotations = {"formatVersion": RUN_FORMAT_VERSION, "tags": [], "pinned": False, "archived": False, **noted}
            replace_json(temporary / "annotations.json", annotations, False)
        if path.exists():
            return False
        retry_sharing_violation(lambda: os.rename(temporary, path))
        sync_folder(path.parent)
        return True
    except OSError:
        if path.exists():
            return False
        raise
    finally:
        remove_quietly(temporary)


def _new_record(request: NewRun, session: SessionRequest, path: Path, git: dict[str, Any] | None) -> dict[str, Any]:
    digest = config_hash(request.experiment_text)
    own = _session(session, 0, digest, request.changes)
    return {
        "formatVersion": RUN_FORMAT_VERSION,
        "id": path.name,
        "name": experiment_name(request.experiment_file),
        "stage": request.stage,
        **place_of_experiment(path, request.experiment_file),
        "command": list(session.command),
        "versions": session.versions,
        "backend": session.backend,
        "host": own["host"],
        "platform": platform_name(),
        "machine": this_machine(),
        "git": git,
        "configHash": digest,
        "seed": request.seed,
        "pid": own["pid"],
        "processStart": own["processStart"],
        "parent": _parent(path, request.parent),
        "createdAt": own["startedAt"],
        "totalSteps": request.total_steps,
        "sessions": [own],
    }


def _parent(path: Path, parent: dict[str, Any] | None) -> dict[str, Any] | None:
    way = None if parent is None else way_from_run(path, Path(parent["checkpoint"]))
    return parent if parent is None or way is None else {**parent, "checkpointFromRun": way}


def _session(request: SessionRequest, from_step: int, digest: str, changes: Sequence[Change]) -> dict[str, Any]:
    """A session of this process that begins now."""
    return {
        **this_process().document(),
        "startedAt": now(),
        "fromStep": from_step,
        "command": list(request.command),
        "versions": request.versions,
        "backend": request.backend,
        "configHash": digest,
        **({"changes": list(changes)} if changes else {}),
    }


class TakenRun:
    """An existing run that this process is about to go on with: its lock is held, and nothing that it tells has been
    changed.

    Thus a resume that cannot begin, or is killed before, leaves the run as it was.
    """

    def __init__(
        self, path: Path, lock: RunLock, record: dict[str, Any], checkpoint: Checkpoint | None, notes: list[str]
    ) -> None:
        self.path = path
        #: what to go on from; None: the run ended before its first checkpoint, so it begins again at step 0
        self.checkpoint = checkpoint
        self.notes = notes
        self._lock = lock
        self._record = record
        self._ended = threading.Event()
        # It writes no heartbeat yet.
        threading.Thread(target=self._renew, name="lock", daemon=True).start()

    def begin(
        self, request: SessionRequest, place: dict[str, str], text: str, total_steps: int, changes: Sequence[Change]
    ) -> RunWriter:
        """Becomes the run's writer: records the session and what it changes, and marks metrics beyond the checkpoint as
        void.

        place: where the experiment file is now, as run.json has it; text: of the frozen one from now on. Raises
        DiskError.
        """
        with disk_errors(self.path, advice="Its checkpoints are intact."):
            self._lock.check()
            step = self.checkpoint.step if self.checkpoint else 0
            metrics = MetricsWriter(self.path, step, self._lock)
            if text != read_experiment_text(self.path):
                replace_file(self.path / EXPERIMENT_FILE, text, True)
            session = _session(request, step, config_hash(text), changes)
            record = {
                **self._record,
                **place,
                "versions": {**self._record["versions"], **request.versions},
                "backend": request.backend,
                "host": session["host"],
                "configHash": session["configHash"],
                "pid": session["pid"],
                "processStart": session["processStart"],
                "totalSteps": total_steps,
                "sessions": [*self._record["sessions"], session],
            }
            replace_json(self.path / "run.json", record, True)
            status = StatusWriter(self.path, self._starting(step, total_steps, bool(changes)), self._lock)
            self._ended.set()
            run = RunWriter(self.path, record, self._lock, status, metrics)
            for line in (f"resumed from step {step}", *self.notes):
                run.log(line)
            return run

    def release(self, reason: str) -> None:
        """Gives the run back as it was, unless it has begun. reason: why it did not begin, for its log."""
        if self._ended.is_set():
            return
        self._ended.set()
        if self._lock.is_lost():
            return
        try:
            log = RunLog(self.path)
            log.append(f"a resume did not begin: {reason}")
            log.close()
        except UserError:
            pass  # where the disk refuses, the error that is shown anyway has to do
        self._lock.release()

    def _starting(self, step: int, total_steps: int, is_changed: bool) -> StatusReport:
        try:
            before = read_document(self.path / "status.json", "status.schema.json")
        except Unreadable:
            before = {}
        return StatusReport(
            "starting",
            step,
            total_steps,
            self.checkpoint.state["imagesSeen"] if self.checkpoint else 0,
            work_seconds=before.get("workSeconds", 0),
            # Of a run that is another one from here on nothing was expected yet.
            forecasts=() if is_changed else tuple(before.get("forecasts", ())),
        )

    def _renew(self) -> None:
        while not self._ended.wait(HEARTBEAT_SECONDS):
            try:
                self._lock.renew()
            except UserError:
                continue  # a disk that refuses is met again where it can be reported


def take_run(path: Path, tell: Callable[[str], None]) -> TakenRun:
    """Takes the lock of an existing run, clears what a killed writer left and finds the newest whole checkpoint.

    Raises UserError if the folder is no readable run or somebody else writes it, DiskError.
    """
    read_run(path)
    lock = acquire_lock(path, tell)
    try:
        with disk_errors(path, advice="Its checkpoints are intact."):
            clear_control(path)
            clean_leftovers(path)
            for name in names_in(path):
                if re.match(r"^\..*\.tmp-\d+-\d+$", name):
                    remove_quietly(path / name)
            record = read_run(path)  # again: the writer before may have changed it until it released the lock
            checkpoint, passed_over = latest_checkpoint(path)
            return TakenRun(path, lock, record, checkpoint, passed_over_notes(passed_over, checkpoint))
    except BaseException:
        lock.release()
        raise


def read_run(path: Path) -> dict[str, Any]:
    """run.json. Raises UserError."""
    try:
        return read_document(path / "run.json", "run.schema.json")
    except Unreadable as problem:
        raise UserError(f"{path} cannot be resumed: {problem}.") from None


def read_experiment_text(path: Path) -> str:
    """Text of a run's frozen experiment file. Raises UserError."""
    try:
        return read_plain_file(path / EXPERIMENT_FILE).decode("utf-8", errors="replace")
    except OSError as error:
        raise UserError(
            f"{path / EXPERIMENT_FILE} cannot be read ({error.strerror}). Is {path} a run folder?"
        ) from None
