"""The machine and the software that a run's record names."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from . import __version__

#: Cores that whoever starts this process gives it; not set: it takes its share of the machine's.
CORES = "MASKDM_CORES"
_UNLIMITED = 2**62


def software() -> dict[str, str]:
    import torch

    return {"maskdm": __version__, "python": platform.python_version(), "backend": torch.__version__}


def this_machine() -> dict[str, Any]:
    """As run.json has it."""
    return {"cpu": _cpu(), "cores": usable_cores(), "memoryBytes": usable_memory()}


def platform_name() -> str:
    """Such as linux-x64, as the other engine writes it."""
    machine = platform.machine().lower()
    return f"{sys.platform}-{ {'x86_64': 'x64', 'amd64': 'x64', 'aarch64': 'arm64'}.get(machine, machine) }"


def usable_cores() -> int:
    """Threads that can run at once: fewer than the machine's where a container allows fewer."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _read("/sys/fs/cgroup/cpu.max").partition(" ")
    if quota.isdigit() and period.strip().isdigit():
        cores = min(cores, -(-int(quota) // int(period)))
    return max(1, cores)


def own_cores(neighbours: int) -> int:
    """Cores of this process, where as many as neighbours, with this one, train together on the machine."""
    given = os.environ.get(CORES)
    return max(1, usable_cores() // neighbours if given is None else int(given))


def usable_memory() -> int:
    """Bytes that this process may take: the machine's, or the limit of a container."""
    limit = _read("/sys/fs/cgroup/memory.max").strip()
    return min(_memory(), int(limit) if limit.isdigit() else _UNLIMITED)


def _memory() -> int:
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    import ctypes

    kilobytes = ctypes.c_ulonglong(0)
    ctypes.windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))  # type: ignore[attr-defined]
    return kilobytes.value * 1024


def resident_bytes() -> int | None:
    """Resident memory of this process; None where that cannot be told."""
    fields = _read("/proc/self/statm").split()
    if len(fields) > 1:
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _cpu() -> str:
    for line in _read("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine() or "unknown"


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", errors="replace")
    except OSError:
        return ""


def git_state(folder: Path) -> dict[str, Any] | None:
    """Revision of the repository that a folder is in, and whether tracked files differ; None without git or outside of
    one."""

    def git(*arguments: str) -> str:
        # Looking must not make git write its index.
        environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=10, check=True
        ).stdout.strip()

    try:
        return {
            "revision": git("rev-parse", "--verify", "HEAD"),
            "dirty": git("status", "--porcelain", "--untracked-files=no") != "",
        }
    except (OSError, subprocess.SubprocessError):
        return None
