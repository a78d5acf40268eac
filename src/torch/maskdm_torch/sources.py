"""Finds what a user means by a run or a checkpoint: a path, or the id of a run."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .checkpoints import WEIGHT_FILES, check_checkpoint, classes_in_weights, latest_checkpoint, passed_over_notes
from .documents import Unreadable, read_document
from .errors import UserError
from .experiment import Experiment, ExperimentProblems, parse_experiment
from .experiment_of_run import EXPERIMENT_FILE
from .files import names_in
from .run_folder import read_experiment_text


@dataclass(frozen=True)
class Source:
    """Weights to start from, and what is known around them. Paths are absolute."""

    model_file: Path
    ema_file: Path | None = None
    run_dir: Path | None = None
    checkpoint_dir: Path | None = None
    #: optimiser steps behind the weights; None: a bare file does not say
    step: int | None = None
    #: state.json of the checkpoint
    state: dict[str, Any] | None = None
    #: names of the model's classes by number; None: it has none, or they are not recorded
    classes: list[str] | None = None
    #: what the user should know, e.g. that a damaged checkpoint was passed over
    notes: list[str] = field(default_factory=list)

    def experiment(self) -> Experiment | None:
        """What the weights were trained with, where that is known."""
        if self.run_dir is None or not (self.run_dir / EXPERIMENT_FILE).exists():
            return None
        try:
            return parse_experiment(read_experiment_text(self.run_dir))
        except ExperimentProblems:
            return None


def looks_like_run(path: Path) -> bool:
    """A run folder, or what is left of one."""
    return any((path / name).exists() for name in ("run.json", EXPERIMENT_FILE, "checkpoints"))


def _is_checkpoint(path: Path) -> bool:
    return any((path / name).exists() for name in (*WEIGHT_FILES.values(), "state.json"))


def _locate(text: str, runs_dir: Path) -> Path:
    """The existing path that a text names: as it stands, or inside a folder of runs. Raises UserError."""
    candidates = [Path(os.path.abspath(path)) for path in (text, runs_dir / text)] if text.strip() else []
    # A folder of the same name that is no run must not hide the run of that id.
    useful = [path for path in candidates if path.is_file() or looks_like_run(path) or _is_checkpoint(path)]
    found = next(iter(useful), None) or next((path for path in candidates if path.exists()), None)
    if found is not None:
        return found
    known = sorted(name for name in names_in(runs_dir) if looks_like_run(runs_dir / name))
    near = [name for name in known if name in text or text in name]
    shown = (near or known)[-5:]
    there = f"runs there: {', '.join(shown)}" if shown else "there are no runs in it"
    raise UserError(
        f"{json.dumps(text, ensure_ascii=False)} is neither a path nor the id of a run in "
        f"{os.path.abspath(runs_dir)} ({there}). "
        "List the runs with: maskdm runs"
    )


def named_in_file(text: str, folder: Path) -> str:
    """finetune.from as a name to look for: a relative path starts at the file that writes it, ~ is the user's home;
    else an id."""
    return os.path.abspath(folder / os.path.expanduser(text)) if re.match(r"[.~]", text) or "/" in text else text


def resolve_run(text: str, runs_dir: Path) -> Path:
    """A run folder, by path or id. Raises UserError, also if only a part of a run is named: it is resumed as a
    whole."""
    path = _locate(text, runs_dir)
    if looks_like_run(path):
        return path
    around = next((parent for parent in list(path.parents)[:3] if looks_like_run(parent)), None)
    if around is not None:
        raise UserError(
            f"{path} is a part of the run {around}. Name the run itself; it is resumed from its "
            "newest whole checkpoint."
        )
    raise UserError(f"{path} is not a run folder: it holds no run.json. List the runs with: maskdm runs")


def resolve_source(text: str, runs_dir: Path) -> Source:
    """Weights of a run folder or run id (its newest whole checkpoint), of a checkpoint folder, or a safetensors file.
    Raises UserError."""
    path = _locate(text, runs_dir)
    if path.is_file():
        return _source_file(path)
    # state.json alone tells apart a checkpoint from a run whose name looks like one.
    if not looks_like_run(path) and _is_checkpoint(path):
        return _source_checkpoint(path, [])
    run_dir = path.parent if path.name == "checkpoints" and looks_like_run(path.parent) else path
    if not looks_like_run(run_dir):
        raise UserError(
            f"{path} is neither a run folder nor a checkpoint: it holds no run.json and no safetensors file."
        )
    checkpoint, passed_over = latest_checkpoint(run_dir)
    notes = passed_over_notes(passed_over, checkpoint)
    if checkpoint is None:
        why = " ".join(notes) or "It ended, or stands, before its first one; see checkpoint_every."
        raise UserError(f"{run_dir} has no whole checkpoint. {why}")
    return _source_checkpoint(checkpoint.path, notes)


def _source_checkpoint(path: Path, notes: list[str]) -> Source:
    try:
        state = check_checkpoint(path, full=False).state
    except Unreadable as problem:
        raise UserError(f"Checkpoint {path} is damaged: {problem}. Take another one in {path.parent}.") from None
    run_dir = _run_around(path)
    return Source(
        path / WEIGHT_FILES["raw"],
        path / WEIGHT_FILES["ema"],
        run_dir,
        path,
        state["step"],
        state,
        _classes(state, run_dir),
        notes,
    )


def _source_file(path: Path) -> Source:
    """ema.safetensors named outright is both, raw and EMA: the user wants these weights whatever the option says."""
    if path.suffix != ".safetensors":
        raise UserError(f"{path} is not a safetensors file. Name a run, a checkpoint folder or a file of weights.")
    if path.name == WEIGHT_FILES["optimizer"]:
        raise UserError(f"{path} holds the optimiser's state, not weights. Name {WEIGHT_FILES['raw']} beside it.")
    try:
        state = check_checkpoint(path.parent, full=False).state
    except Unreadable:
        return Source(path, classes=classes_in_weights(path))
    run_dir = _run_around(path.parent)
    ema = path.parent / WEIGHT_FILES["ema"] if path.name == WEIGHT_FILES["raw"] else path
    return Source(path, ema, run_dir, path.parent, state["step"], state, _classes(state, run_dir))


def _run_around(checkpoint: Path) -> Path | None:
    run_dir = checkpoint.parent.parent
    return run_dir if checkpoint.parent.name == "checkpoints" and looks_like_run(run_dir) else None


def _classes(state: dict[str, Any], run_dir: Path | None) -> list[str] | None:
    """An earlier version may have written the checkpoint, and a later one the run's newest session."""
    if "classes" in state or run_dir is None:
        return state.get("classes")
    return run_record(run_dir).get("classes")


def run_record(run_dir: Path) -> dict[str, Any]:
    """run.json; empty where it cannot be read."""
    try:
        return read_document(run_dir / "run.json", "run.schema.json")
    except Unreadable:
        return {}


def parent_checkpoint(run_dir: Path, parent: dict[str, Any]) -> Path:
    """Where the weights are now that a run was finetuned from: relative to the run, where they were, or in the parent
    run beside this one."""
    former = Path(parent["checkpoint"])
    way = parent.get("checkpointFromRun")
    candidates = [former] if way is None else [Path(os.path.normpath(run_dir / way)), former]
    parts = re.split(r"[/\\]", parent["checkpoint"])
    if parent["run"] in parts:
        at = len(parts) - 1 - parts[::-1].index(parent["run"])
        candidates.append(run_dir.parent.joinpath(*parts[at:]))
    return next((path for path in candidates if path.exists()), former)
