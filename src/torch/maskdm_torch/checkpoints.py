"""Checkpoints: folders `checkpoints/step-00001000` that appear whole or not at all (docs/run-format.md,
"checkpoints/")."""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from .documents import RUN_FORMAT_VERSION, Unreadable, read_document
from .errors import UserError
from .files import (
    DiskError,
    disk_errors,
    format_bytes,
    names_in,
    now,
    remove_quietly,
    replace_json,
    retry_sharing_violation,
    sync_folder,
)
from .shell import maskdm_command

WeightSet = Literal["raw", "ema", "optimizer"]
WEIGHT_FILES: dict[WeightSet, str] = {
    "raw": "model.safetensors",
    "ema": "ema.safetensors",
    "optimizer": "optimizer.safetensors",
}
Tensors = Mapping[str, np.ndarray]

_STATE_FILE = "state.json"
_NAME = re.compile(r"^step-(\d{8,15})$")
#: Folders in the making or in removal; nobody but their writer looks into them.
_LEFTOVER = re.compile(r"^\.step-\d+\.(tmp|trash)-\d+$")
_CHUNK_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Checkpoint:
    path: Path
    step: int
    #: state.json
    state: dict[str, Any]


@dataclass(frozen=True)
class DamagedCheckpoint:
    path: Path
    reason: str


def checkpoint_name(step: int) -> str:
    """At least 8 digits, so that names sort like steps up to 10^8."""
    return f"step-{step:08d}"


def check_checkpoint(path: Path, full: bool) -> Checkpoint:
    """A whole checkpoint: every file has the recorded size and, if full, checksum. Raises Unreadable with the reason
    otherwise."""
    state = read_document(path / _STATE_FILE, "checkpoint.schema.json")
    named = _NAME.match(path.name)
    if named and int(named.group(1)) != state["step"]:
        raise Unreadable(f"{_STATE_FILE} is of step {state['step']}")
    for name, expected in state["files"].items():
        file = path / Path(name).name
        try:
            size = file.stat().st_size
            if size != expected["bytes"]:
                raise Unreadable(f"{name} holds {size} bytes of {expected['bytes']}")
            if full and _checksum(file) != expected["crc32"]:
                raise Unreadable(f"{name} has another checksum than when it was written")
        except OSError as error:
            missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
            raise Unreadable(f"{name} is missing" if missing else f"{name}: {error.strerror}") from None
    return Checkpoint(path, state["step"], state)


def list_checkpoints(run_dir: Path) -> list[Checkpoint]:
    """Those that are whole by the sizes of their files, oldest first."""
    found = []
    for path in _folders(run_dir):
        try:
            found.append(check_checkpoint(path, full=False))
        except Unreadable:
            continue
    return found


def latest_checkpoint(run_dir: Path) -> tuple[Checkpoint | None, list[DamagedCheckpoint]]:
    """The newest whole one, every byte checked; and the damaged ones that were passed over."""
    passed_over: list[DamagedCheckpoint] = []
    for path in reversed(_folders(run_dir)):
        try:
            return check_checkpoint(path, full=True), passed_over
        except Unreadable as problem:
            passed_over.append(DamagedCheckpoint(path, str(problem)))
    return None, passed_over


def passed_over_notes(passed_over: list[DamagedCheckpoint], taken: Checkpoint | None) -> list[str]:
    """A line about each damaged checkpoint, for people."""
    instead = "no earlier one is whole" if taken is None else f"step {taken.step} is taken instead"
    return [f"Checkpoint {damaged.path} is damaged ({damaged.reason}); {instead}." for damaged in passed_over]


def write_checkpoint(
    run_dir: Path,
    state: Mapping[str, Any],
    tensors: Mapping[WeightSet, Tensors],
    on_progress: Callable[[], None] = lambda: None,
) -> Path:
    """Writes everything into `.step-….tmp-<pid>`, flushed, state.json last, then one rename.

    A whole checkpoint of that step that is there already stays. state: that of the loop, without version, time and
    files. Raises UserError if the disk refuses; earlier checkpoints are then intact and nothing is left behind.
    """
    parent = run_dir / "checkpoints"
    name = checkpoint_name(state["step"])
    target = parent / name
    try:
        return check_checkpoint(target, full=True).path
    except Unreadable:
        pass  # there is none yet, or a damaged one
    temporary = parent / f".{name}.tmp-{os.getpid()}"
    size = sum(array.nbytes for part in tensors.values() for array in part.values())
    try:
        with disk_errors(target, size):
            remove_quietly(temporary)
            temporary.mkdir(parents=True)
            files = {
                WEIGHT_FILES[which]: _write_safetensors(
                    temporary / WEIGHT_FILES[which], part, _metadata(state, which), on_progress
                )
                for which, part in tensors.items()
            }
            record = {"formatVersion": RUN_FORMAT_VERSION, **state, "createdAt": now(), "files": files}
            replace_json(temporary / _STATE_FILE, record, True)
            _remove_folder(target)
            retry_sharing_violation(lambda: os.rename(temporary, target))
            sync_folder(parent)
    except DiskError as error:
        raise DiskError(
            f"The checkpoint of step {state['step']} was not written. {error} A checkpoint of "
            f"this run takes {format_bytes(size)}. "
            f"Earlier checkpoints in {parent} are intact. When the cause is removed, go on with: "
            f"{maskdm_command('resume', str(run_dir))}"
        ) from error
    finally:
        remove_quietly(temporary)
    return target


def _metadata(state: Mapping[str, Any], which: WeightSet) -> dict[str, str]:
    classes = {"classes": json.dumps(state["classes"], separators=(",", ":"))} if "classes" in state else {}
    return {"format": "pt", "stage": state["stage"], "step": str(state["step"]), "weights": which, **classes}


def prune_checkpoints(run_dir: Path, keep: int, keep_every: int | None) -> None:
    """Removes all but the newest `keep` whole ones and those at multiples of keep_every. Damaged ones are left
    alone."""
    for checkpoint in list_checkpoints(run_dir)[: -max(1, keep)]:
        if keep_every is None or checkpoint.step % keep_every != 0:
            _remove_folder(checkpoint.path)


def clean_leftovers(run_dir: Path) -> None:
    """Removes what killed writers left half-done. Only for the one writer of a run."""
    for name in names_in(run_dir / "checkpoints"):
        if _LEFTOVER.match(name):
            remove_quietly(run_dir / "checkpoints" / name)


def read_tensors(path: Path, expected_crc32: str | None = None) -> dict[str, np.ndarray]:
    """All tensors of a safetensors file, float32. Raises UserError where it is damaged, or holds anything else."""
    from safetensors import SafetensorError, safe_open

    try:
        if expected_crc32 is not None and _checksum(path) != expected_crc32:
            raise UserError(
                f"Checkpoint {path.parent} is damaged: {path.name} has another checksum than when "
                f"it was written. Take another one in {path.parent.parent}."
            )
        with safe_open(path, framework="numpy") as file:
            for name in file.keys():  # noqa: SIM118
                kind = file.get_slice(name).get_dtype()
                if kind != "F32":
                    raise UserError(
                        f"{path}: tensor {name} is {kind}, and only F32 can be read; save the weights as float32."
                    )
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise UserError(f"{path} does not exist. Check the path.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}).", "failure") from None
    except SafetensorError as error:
        raise UserError(f"{path} is not a readable safetensors file: {error}. Take another checkpoint.") from None


def classes_in_weights(path: Path) -> list[str] | None:
    """Names of classes that a file of weights brings along; None where it does not say or cannot be read."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            names = json.loads((file.metadata() or {}).get("classes", "null"))
    except (OSError, SafetensorError, ValueError):
        return None
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else None


def _folders(run_dir: Path) -> list[Path]:
    parent = run_dir / "checkpoints"
    return sorted(
        (parent / name for name in names_in(parent) if _NAME.match(name)), key=lambda path: int(path.name[5:])
    )


def _remove_folder(path: Path) -> None:
    """Takes a folder out of sight by one rename before its files go, so that nobody meets half of it."""
    trash = path.with_name(f".{path.name}.trash-{os.getpid()}")
    remove_quietly(trash)
    try:
        retry_sharing_violation(lambda: os.rename(path, trash))
    except FileNotFoundError:
        return
    remove_quietly(trash)


def _checksum(path: Path) -> str:
    crc = 0
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            crc = zlib.crc32(chunk, crc)
    return f"{crc:08x}"


def _write_safetensors(
    path: Path, tensors: Tensors, metadata: dict[str, str], on_progress: Callable[[], None]
) -> dict[str, Any]:
    """Writes and flushes a file in the public format, tensors in their order, without a copy of their values.

    Returns its size and CRC-32, which the library's writer would take a second pass for.
    """
    header: dict[str, Any] = {"__metadata__": metadata}
    offset = 0
    for name, array in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    crc = size = 0
    with open(path, "wb") as file:
        for part in (len(text).to_bytes(8, "little"), text, *(_bytes_of(array) for array in tensors.values())):
            for at in range(0, len(part), _CHUNK_BYTES):
                chunk = part[at : at + _CHUNK_BYTES]
                file.write(chunk)
                crc = zlib.crc32(chunk, crc)
                size += len(chunk)
                on_progress()
        file.flush()
        os.fsync(file.fileno())
    return {"bytes": size, "crc32": f"{crc:08x}"}


def _bytes_of(array: np.ndarray) -> memoryview:
    if array.dtype != np.float32:
        raise TypeError(f"a tensor of {array.dtype}: checkpoints hold float32")
    return memoryview(np.ascontiguousarray(array, dtype="<f4").reshape(-1)).cast("B") if array.size else memoryview(b"")
