"""Names processes for good, as an id alone is used again, and tells whether one still lives (docs/run-format.md,
"run.json")."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any, Literal

Check = Literal["alive", "gone", "unknown"]


@dataclass(frozen=True)
class ProcessIdentity:
    host: str
    pid: int
    #: platform, what else names the process table, and the start time, joined by ":"
    process_start: str

    def document(self) -> dict[str, Any]:
        """As the documents of a run have it."""
        return {"host": self.host, "pid": self.pid, "processStart": self.process_start}

    @staticmethod
    def of(document: dict[str, Any]) -> ProcessIdentity:
        return ProcessIdentity(document["host"], document["pid"], document["processStart"])

    @property
    def table(self) -> tuple[str, str]:
        """Processes of one table can look for each other."""
        return self.host, self.process_start.rpartition(":")[0]


@cache
def this_process() -> ProcessIdentity:
    """This process. Where its start time cannot be found out, the time of asking stands for it."""
    _, start = _look_up(os.getpid())
    return ProcessIdentity(
        socket.gethostname(), os.getpid(), start or f"{sys.platform}:unreadable:{time.time_ns() // 10**6}"
    )


def check_process(identity: ProcessIdentity) -> Check:
    """Whether a process recorded earlier, perhaps on another host or before a reboot, still lives."""
    if identity == this_process():
        return "alive"
    if identity.table != this_process().table:
        return "unknown"
    check, start = _look_up(identity.pid)
    return check if start is None or start == identity.process_start else "gone"


def is_gone(pid: int) -> bool:
    """Whether no process of this machine has the id."""
    return _look_up(pid)[0] == "gone"


def _look_up(pid: int) -> tuple[Check, str | None]:
    """A process of this machine, and its start in the form of its platform. A zombie is gone."""
    try:
        if sys.platform == "linux":
            return _look_up_linux(pid)
        if sys.platform == "win32":
            return _look_up_windows(pid)
        return _look_up_ps(pid)
    except (FileNotFoundError, ProcessLookupError):
        return "gone", None
    except (OSError, ValueError, subprocess.SubprocessError):
        return "unknown", None


@cache
def _linux_table() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    namespace = re.search(r"\d+", os.readlink("/proc/self/ns/pid"))
    return f"linux:{boot}:{namespace.group() if namespace else '0'}"


def _look_up_linux(pid: int) -> tuple[Check, str | None]:
    # The name in field 2 may hold spaces and parentheses; field 3 is the state, field 22 the start in ticks since boot.
    fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    return ("gone", None) if fields[0] in "ZX" else ("alive", f"{_linux_table()}:{int(fields[19])}")


def _look_up_ps(pid: int) -> tuple[Check, str | None]:
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    command = ["ps", "-p", str(pid), "-o", "stat=", "-o", "lstart="]
    found = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=5, check=False
    ).stdout.strip()
    state, _, started = found.partition(" ")
    if not found or state.startswith("Z"):
        return "gone", None
    moment = datetime.strptime(started.strip(), "%a %b %d %H:%M:%S %Y").replace(tzinfo=timezone.utc)
    return "alive", f"{sys.platform}:{int(moment.timestamp())}"


def _look_up_windows(pid: int) -> tuple[Check, str | None]:
    # Of a process of somebody else's the start is not told.
    ask = f"$found = Get-Process -Id {pid} -ErrorAction SilentlyContinue"
    script = f"{ask}; if ($found) {{ $found.StartTime.ToFileTimeUtc() }} else {{ 'gone' }}"
    command = ["powershell.exe", "-NoProfile", "-NonInteractive", "-Command", script]
    found = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout.strip()
    if found == "gone":
        return "gone", None
    return ("alive", f"win32:{found}") if found.isdigit() else ("unknown", None)
