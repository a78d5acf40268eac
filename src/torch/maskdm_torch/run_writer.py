"""The one writer of a run: what a training loop holds while it is at work."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from .checkpoints import Tensors, WeightSet, checkpoint_name, prune_checkpoints, write_checkpoint
from .control import clear_control, stop_is_asked
from .errors import UserError
from .files import now, replace_json
from .log import RunLog
from .metrics import MetricsWriter
from .run_lock import RunLock
from .status import FinalState, StatusWriter


class RunWriter:
    """Whatever it writes, it makes sure first that the run is still its own, and raises LockLostError otherwise."""

    def __init__(
        self, path: Path, record: dict[str, Any], lock: RunLock, status: StatusWriter, metrics: MetricsWriter
    ) -> None:
        self.path = path
        self.status = status
        self.metrics = metrics
        #: run.json as it is now
        self.record = record
        self._lock = lock
        self._log = RunLog(path)
        self._closed = False

    @property
    def id(self) -> str:
        return str(self.record["id"])

    def log(self, text: str) -> None:
        """Adds lines to log.txt. Never fails: a log that cannot be written must not end a run; metrics and checkpoints
        will say so."""
        try:
            self._lock.glance()
            self._log.append(text)
        except (UserError, OSError, ValueError):
            pass

    def update(self, backend: str, versions: Mapping[str, str], classes: list[str] | None) -> None:
        """Records what became known after the start. Raises DiskError."""
        self._lock.check()
        known = {"backend": backend, "versions": {**self.record["versions"], **versions}}
        self._replace_record({**known, **({} if classes is None else {"classes": classes})}, known)

    def save_checkpoint(
        self, state: Mapping[str, Any], tensors: Mapping[WeightSet, Tensors], keep: int, keep_every: int | None
    ) -> None:
        """Saves a checkpoint, the metrics up to it flushed first, and removes those that are no longer to be kept.
        Raises DiskError."""
        self._lock.check()
        self.metrics.sync()
        write_checkpoint(self.path, state, tensors)
        self._lock.check()
        self.log(f"checkpoint of step {state['step']} saved")
        try:
            prune_checkpoints(self.path, keep, keep_every)
        except OSError as error:
            self.log(f"old checkpoints could not be removed: {error}")

    def sample_path(self, step: int) -> Path:
        """Where the sample grid of a step belongs."""
        self._lock.check()
        return self.path / "samples" / f"{checkpoint_name(step)}.png"

    def stop_requested(self) -> bool:
        """Whether the control file asks for a stop. Asked between steps, it notices a lost lock, too."""
        self._lock.glance()
        return stop_is_asked(self.path)

    def abandon(self, why: str) -> None:
        """Gives the run free without a last status: it shows as interrupted, and goes on from its last checkpoint.
        Never fails."""
        self._closed = True
        self.log(why)
        self.status.abandon()
        for step in (self.metrics.close, self._log.close, self._lock.release):
            with suppress(UserError, OSError):
                step()

    def close(self, state: FinalState, message: str) -> list[str]:
        """Ends the session: metrics flushed, end of the session in run.json, last status, lock released. Never fails.

        Where the lock is lost nothing is written: the run is another process's. Returns what could not be written, for
        people.
        """
        if self._closed:
            return []
        self._closed = True
        steps = [self.metrics.close, self._log.close]
        if self._lock.is_lost():
            self.status.abandon()
        else:
            self.log(f"{state}: {message}")
            end = {"endedAt": now(), "endState": state}
            steps = [
                self.metrics.sync,
                *steps,
                lambda: clear_control(self.path),
                lambda: self._replace_record({}, end),
                lambda: self.status.finish(state, message),
                self._lock.release,
            ]
        problems = []
        for step in steps:
            try:
                step()
            except (UserError, OSError) as error:
                problems.append(str(error))
        return problems

    def _replace_record(self, change: dict[str, Any], of_session: dict[str, Any]) -> None:
        *before, session = self.record["sessions"]
        self.record = {**self.record, **change, "sessions": [*before, {**session, **of_session}]}
        replace_json(self.path / "run.json", self.record, True)
