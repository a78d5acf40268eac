"""metrics.jsonl: one JSON object a line, only ever appended to; and the means over the steps since the line before."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .files import AppendFile, now
from .run_lock import RunLock
from .shell import maskdm_command
from .status import finite

#: Timesteps are told apart in this many equal ranges of {0 … T-1}.
TIMESTEP_RANGES = 4


class MetricsWriter:
    """metrics.columns, which is optional, is left to the other engine and to viewers."""

    def __init__(self, run_dir: Path, resumed_from: int | None, lock: RunLock) -> None:
        """resumed_from: step of the checkpoint that training goes on from, which voids the lines beyond it; None for a
        new run."""
        advice = (
            f"Checkpoints in {run_dir} are intact. When the cause is removed, go on with: "
            f"{maskdm_command('resume', str(run_dir))}"
        )
        self._file = AppendFile(run_dir / "metrics.jsonl", advice)
        self._lock = lock
        if resumed_from is not None:
            self._file.append(json.dumps({"type": "resume", "step": resumed_from, "time": now()}))

    def append(self, line: dict[str, Any]) -> None:
        """Appends a step's line. Numbers that are not finite become null. Raises DiskError, LockLostError."""
        self._lock.glance()
        values = {name: finite(value) if isinstance(value, float) else value for name, value in line.items()}
        self._file.append(json.dumps({"type": "step", **values}, allow_nan=False))

    def sync(self) -> None:
        self._file.sync()

    def close(self) -> None:
        self._file.close()


def read_step_line(run_dir: Path, step: int) -> dict[str, Any] | None:
    """The line of a step that counts: the last one that no later resume voids."""
    found: dict[str, Any] | None = None
    try:
        text = (run_dir / "metrics.jsonl").read_text("utf-8", errors="replace")
    except OSError:
        return None
    for line in text.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue  # torn by a kill
        if not isinstance(value, dict):
            continue
        if value.get("type") == "resume" and value.get("step", 0) < step:
            found = None
        if value.get("type") == "step" and value.get("step") == step:
            found = {name: entry for name, entry in value.items() if name != "type"}
    return found


@dataclass
class MetricsWindow:
    """Sums over the images of the steps since the last line. Its state goes into checkpoints, so that a resume writes
    the same lines."""

    timesteps: int
    loss_sum: float = 0.0
    images: int = 0
    range_sums: list[float] = field(default_factory=lambda: [0.0] * TIMESTEP_RANGES)
    range_counts: list[int] = field(default_factory=lambda: [0] * TIMESTEP_RANGES)

    def add(self, losses: Sequence[float], timesteps: Sequence[int]) -> None:
        """The images of a step, [B]."""
        for loss, timestep in zip(losses, timesteps):
            place = timestep * TIMESTEP_RANGES // self.timesteps
            self.loss_sum += loss
            self.images += 1
            self.range_sums[place] += loss
            self.range_counts[place] += 1

    def take(self) -> dict[str, Any]:
        """The means, and an empty window."""
        ranges = zip(self.range_sums, self.range_counts)
        means = {
            "loss": finite(self.loss_sum / self.images) if self.images else None,
            "lossByTimestep": [finite(total / count) if count else None for total, count in ranges],
        }
        vars(self).update(vars(MetricsWindow(self.timesteps)))
        return means

    def save(self) -> dict[str, Any]:
        """As the other engine keeps it in `loop.window`."""
        sums = {
            "lossSum": self.loss_sum,
            "images": self.images,
            "rangeSums": list(self.range_sums),
            "rangeCounts": list(self.range_counts),
        }
        return sums if math.isfinite(self.loss_sum) else MetricsWindow(self.timesteps).save()

    def restore(self, saved: Any) -> None:
        """Takes up a saved state; anything else leaves the window empty."""
        try:
            loss_sum, images = float(saved["lossSum"]), int(saved["images"])
            sums, counts = (
                [float(value) for value in saved["rangeSums"]],
                [int(value) for value in saved["rangeCounts"]],
            )
        except (TypeError, KeyError, ValueError):
            return
        if len(sums) == len(counts) == TIMESTEP_RANGES:
            self.loss_sum, self.images, self.range_sums, self.range_counts = loss_sum, images, sums, counts
