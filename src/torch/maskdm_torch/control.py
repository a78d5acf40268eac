"""control.json: how anybody, on any system, asks a run to stop."""

from __future__ import annotations

from pathlib import Path

from .documents import Unreadable, read_document
from .files import now, remove_quietly, replace_json

_FILE = "control.json"


def stop_is_asked(run_dir: Path) -> bool:
    """Cheap enough to be asked twice a second. What this version does not understand asks for nothing."""
    try:
        return read_document(run_dir / _FILE).get("command") == "stop"
    except Unreadable:
        return False


def ask_to_stop(run_dir: Path) -> None:
    """Asks whoever writes a run to stop. Raises DiskError."""
    replace_json(run_dir / _FILE, {"command": "stop", "requestedAt": now()}, False)


def clear_control(run_dir: Path) -> None:
    """Removes a request: one that was obeyed, or one left over when a session begins."""
    remove_quietly(run_dir / _FILE)
