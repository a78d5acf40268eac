"""status.json: where a run stands, written by its process several times a minute and whenever the state changes."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from .documents import RUN_FORMAT_VERSION
from .files import now, replace_json
from .run_lock import HEARTBEAT_SECONDS, RunLock

FinalState = Literal["finished", "stopped", "failed", "diverged"]
State = FinalState | Literal["starting", "running", "stopping"]

#: Steps can be quicker than anybody looks; the file is replaced no more often than this.
_QUIET_SECONDS = 0.5


@dataclass(frozen=True)
class StatusReport:
    """What the training loop reports; version and heartbeat are the writer's."""

    state: State
    step: int
    total_steps: int
    images_seen: int
    images_per_second: float | None = None
    eta_seconds: float | None = None
    #: of the sessions before
    work_seconds: float = 0.0
    #: kept as they are: those that another session made, or this one
    forecasts: tuple[dict[str, Any], ...] = field(default=())
    loss: float | None = None
    message: str | None = None


class StatusWriter:
    """Writes the first status at once. A thread renews the heartbeat, whatever the run is doing."""

    def __init__(self, run_dir: Path, first: StatusReport, lock: RunLock) -> None:
        self._run_dir = run_dir
        self._report = first
        self._lock = lock
        self._began = time.monotonic()
        self._written_at = float("-inf")
        self._mutex = threading.Lock()
        self._ended = threading.Event()
        self._write(True)
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    @property
    def current(self) -> StatusReport:
        return self._report

    @property
    def work_seconds(self) -> float:
        """Of all sessions."""
        return self._report.work_seconds + time.monotonic() - self._began

    def update(self, **change: Any) -> None:
        """Takes over what has changed: written at once if state or message did, else twice a second at most.

        Raises DiskError, LockLostError.
        """
        with self._mutex:
            before, self._report = self._report, replace(self._report, **change)
            told = self._report.state != before.state or self._report.message != before.message
            if told or time.monotonic() - self._written_at >= _QUIET_SECONDS:
                self._write(False)

    def finish(self, state: FinalState, message: str | None) -> None:
        """Writes the last status, durably, and ends the heartbeat. Raises DiskError, LockLostError."""
        self.abandon()
        with self._mutex:
            self._report = replace(
                self._report, state=state, message=message, eta_seconds=0.0 if state == "finished" else None
            )
            self._write(True)

    def abandon(self) -> None:
        """Ends the heartbeat and writes nothing: the run then shows as interrupted."""
        self._ended.set()

    def _beat(self) -> None:
        while not self._ended.wait(HEARTBEAT_SECONDS / 4):
            with self._mutex:
                if self._ended.is_set() or time.monotonic() - self._written_at < HEARTBEAT_SECONDS / 2:
                    continue
                try:
                    self._write(False)
                except Exception:  # noqa: BLE001, S112
                    continue

    def _write(self, durable: bool) -> None:
        self._lock.check()
        self._written_at = time.monotonic()
        write_status(self._run_dir, replace(self._report, work_seconds=self.work_seconds), durable)


def write_status(run_dir: Path, report: StatusReport, durable: bool) -> None:
    """Replaces status.json once, heartbeat: now. Raises DiskError."""
    document: dict[str, Any] = {
        "formatVersion": RUN_FORMAT_VERSION,
        "state": report.state,
        "step": report.step,
        "totalSteps": report.total_steps,
        "imagesSeen": report.images_seen,
        "imagesPerSecond": finite(report.images_per_second),
        "etaSeconds": finite(report.eta_seconds),
        "workSeconds": report.work_seconds,
        **({"forecasts": list(report.forecasts)} if report.forecasts else {}),
        "loss": finite(report.loss),
        "heartbeat": now(),
        "message": report.message,
    }
    replace_json(run_dir / "status.json", document, durable)


def finite(value: float | None) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if value is not None and math.isfinite(value) else None
