"""Which experiment file a run belongs to now (docs/run-format.md, "Moved runs"): projects are renamed and copied with
their runs."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any

from .documents import Unreadable, read_document

EXPERIMENT_FILE = "experiment.maskdm.yaml"
_EXPERIMENT = re.compile(r"\.maskdm\.ya?ml$", re.IGNORECASE)
_MOST_FOLDERS = 200


def config_hash(text: str) -> str:
    """sha256:… of the text's UTF-8 bytes."""
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()}"


def way_from_run(run_dir: Path, file: Path) -> str | None:
    """The way from a run's folder to a file, with "/"; None where they have no folder in common.

    Of the ways with and without links that which climbs less is taken, as links may lead far around.
    """
    ends = [(run_dir, file), (_real(run_dir), _real(file))]
    ways = [way for start, end in ends if (way := _way(start, end)) is not None]
    return min(ways, key=_climbs, default=None)


def _way(start: Path, end: Path) -> str | None:
    try:
        way = Path(os.path.relpath(end, start)).as_posix()
    except ValueError:  # another drive of Windows
        return None
    # A way over the root says no more than the absolute path.
    return way if _climbs(way) < len(start.parts) - 1 else None


def _climbs(way: str) -> int:
    return way.split("/").count("..")


def _real(path: Path) -> Path:
    """The real path of something that need not exist yet, in a folder that does."""
    return Path(os.path.realpath(path.parent)) / path.name


def place_of_experiment(run_dir: Path, experiment_file: Path) -> dict[str, str]:
    """Where an experiment file is, absolute and relative to the run's folder, as run.json has it."""
    way = way_from_run(run_dir, experiment_file)
    return {"experimentFile": str(experiment_file), **({} if way is None else {"experimentFromRun": way})}


def experiment_of_run(run_dir: Path, record: dict[str, Any]) -> Path:
    """Absolute path of the user's file; where there is none any more, the path that it would have. record: run.json."""
    former = Path(record["experimentFile"])
    way = record.get("experimentFromRun")
    near = (
        []
        if way is None
        else [Path(os.path.normpath(base / way)) for base in (run_dir, Path(os.path.realpath(run_dir)))]
    )
    for path in near:
        if path.exists():
            return path
    around = _around(run_dir, near)
    same = [path for path in around if _has_text(path, record.get("configHash"))]
    named = [path for path in same if path.name == former.name]
    for found in (named, same):
        if len(found) == 1:
            return found[0]
    if former.exists():
        return former
    named = [path for path in around if path.name == former.name]
    return named[0] if len(named) == 1 else near[0] if near else former


def _around(run_dir: Path, near: list[Path]) -> list[Path]:
    """Experiment files in the run's project, in its folder and those directly below."""
    project = run_dir.parent.parent
    below = [
        path
        for path in _entries(project)
        if path.is_dir() and not path.name.startswith(".") and path.name != "node_modules"
    ]
    folders = dict.fromkeys([project, *below[:_MOST_FOLDERS], *(path.parent for path in near[:1])])
    return [
        path
        for folder in folders
        for path in _entries(folder)
        if _EXPERIMENT.search(path.name) and path.name != EXPERIMENT_FILE
    ]


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _has_text(path: Path, digest: str | None) -> bool:
    try:
        return digest is not None and f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" == digest
    except OSError:
        return False


def experiment_behind(file: Path) -> Path:
    """The file that a file stands for: for the copy frozen in a run's folder the one that the run belongs to, where
    relative paths start."""
    path = Path(os.path.abspath(file))
    if path.name != EXPERIMENT_FILE:
        return path
    try:
        return experiment_of_run(path.parent, read_document(path.parent / "run.json", "run.schema.json"))
    except Unreadable:
        return path


def named_experiment(run_dir: Path, experiment_file: Path) -> Path:
    """The one that a command can name for a run: its own copy where the user's is gone."""
    return experiment_file if experiment_file.exists() else run_dir / EXPERIMENT_FILE
