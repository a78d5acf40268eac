"""log.txt of a run: lines for people, each with the time."""

from __future__ import annotations

from pathlib import Path

from .files import AppendFile, now
from .shell import shown_lines


class RunLog:
    def __init__(self, run_dir: Path) -> None:
        self._file = AppendFile(run_dir / "log.txt", f"Checkpoints in {run_dir} are intact.")

    def append(self, text: str) -> None:
        """Adds the lines of a text. Raises DiskError."""
        for line in shown_lines(text).rstrip().split("\n"):
            self._file.append(f"{now()} {line}")

    def close(self) -> None:
        self._file.close()
