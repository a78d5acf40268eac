"""What those who start processes tell them by their environment. Imports nothing heavy."""

from __future__ import annotations

import os


def started_by_torchrun() -> bool:
    return "TORCHELASTIC_RUN_ID" in os.environ


def started_again() -> bool:
    """Whether torchrun, Slurm after a requeue, or the script of `compute.target: command` starts the same command another
    time."""
    names = ("TORCHELASTIC_RESTART_COUNT", "SLURM_RESTART_COUNT", "MASKDM_STARTED_AGAIN")
    return any(int(os.environ.get(name) or 0) > 0 for name in names)


def place() -> int:
    """This process's number on its machine, which is that of its GPU."""
    return int(os.environ["LOCAL_RANK"])


def neighbours() -> int:
    """Processes on this machine, with this one."""
    return int(os.environ["LOCAL_WORLD_SIZE"])
