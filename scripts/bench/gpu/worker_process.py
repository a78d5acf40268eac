"""Starts a worker, asks it, and ends it: nobody waits longer than allowed for anything."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, TextIO


class WayFailed(Exception):
    """A sentence. is_memory: the device's memory did not suffice."""

    def __init__(self, reason: str, is_memory: bool = False) -> None:
        super().__init__(reason)
        self.is_memory = is_memory


class OutOfTime(WayFailed):
    """The end of the whole came first."""

    def __init__(self) -> None:
        super().__init__("the time was over")


class WorkerProcess:
    """It is started when it is first asked, and anew after it had to be ended."""

    def __init__(self, log: TextIO, deadline: float, environment: dict[str, str]) -> None:
        """deadline: of the whole, on time.monotonic()'s clock; log: takes what the process and its libraries say"""
        self.log = log
        self.deadline = deadline
        self.environment = environment
        self.child: subprocess.Popen[str] | None = None
        self.lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def ask(self, command: str, limit: float, **values: Any) -> dict[str, Any]:
        """The reply within so many seconds. Raises WayFailed."""
        limit = min(limit, self.deadline - time.monotonic())
        if limit <= 0:
            raise OutOfTime
        child = self.child or self._start()
        try:
            child.stdin.write(json.dumps({"cmd": command, **values}) + "\n")
            child.stdin.flush()
            line = self.lines.get(timeout=limit)
        except queue.Empty:
            self.end()
            raise OutOfTime if time.monotonic() >= self.deadline else WayFailed(f"{command} took longer than {limit:.0f} s") from None
        except OSError:
            line = None
        if line is None:
            code = child.wait()
            self.end()
            raise WayFailed(f"its process ended with {code}, see the log")
        reply = json.loads(line)
        if "error" in reply:
            raise WayFailed(reply["error"], reply["isMemory"])
        return reply

    def _start(self) -> subprocess.Popen[str]:
        self.lines = queue.SimpleQueue()
        self.child = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("worker.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env={**os.environ, **self.environment},
            # A compiler's helpers end with it.
            start_new_session=True,
        )
        threading.Thread(target=_read, args=(self.child.stdout, self.lines), daemon=True).start()
        return self.child

    def end(self) -> None:
        """At once, with everything that it has started."""
        child, self.child = self.child, None
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        with contextlib.suppress(OSError):
            child.stdin.close()


def _read(stream: TextIO, lines: queue.SimpleQueue[str | None]) -> None:
    with stream:
        for line in stream:
            lines.put(line)
    lines.put(None)
