"""What torchrun tells the processes that it starts, by their environment. Imports nothing heavy."""

from __future__ import annotations

import os


def started_by_torchrun() -> bool:
    return "TORCHELASTIC_RUN_ID" in os.environ


def place() -> int:
    """This process's number on its machine, which is that of its GPU."""
    return int(os.environ["LOCAL_RANK"])


def neighbours() -> int:
    """Processes on this machine, with this one."""
    return int(os.environ["LOCAL_WORLD_SIZE"])
