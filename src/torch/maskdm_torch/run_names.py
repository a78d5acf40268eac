"""Names of run folders: fit for every file system that a run may be copied to."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import date
from pathlib import Path

from .errors import UserError
from .files import names_in
from .shell import maskdm_command

_RESERVED = re.compile(r"^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$", re.IGNORECASE)
_LONGEST_BYTES = 120


def check_free(runs_dir: Path, name: str) -> None:
    """Raises UserError if the name will not do for a run, or is taken."""
    problem = _problem(name)
    if problem is not None:
        raise UserError(f"{json.dumps(name, ensure_ascii=False)} cannot name a run: {problem}. Choose another --run.")
    # Compared as the file systems of Windows and macOS would.
    same = next((other for other in names_in(runs_dir) if other.lower() == name.lower()), None)
    if same is not None:
        there = runs_dir / same
        raise UserError(
            f"{there} exists already. Choose another --run, or go on with it: {maskdm_command('resume', str(there))}"
        )


def _problem(name: str) -> str | None:
    if name == "":
        return "it is empty"
    if name in (".", ".."):
        return "it names a folder relative to another"
    if "/" in name or "\\" in name:
        return "it holds a path separator"
    wrong = next((c for c in name if not (unicodedata.category(c)[0] in "LMN" or c in "._-")), None)
    if wrong is not None:
        return f'it holds {json.dumps(wrong, ensure_ascii=False)}; use letters, digits, ".", "_" and "-"'
    if name[0] in ".-":
        return f'it begins with "{name[0]}"'
    if name.endswith("."):
        return 'it ends with "."'
    if _RESERVED.match(name):
        return "Windows reserves it"
    return (
        f"it is longer than {_LONGEST_BYTES} bytes"
        if len(name.encode("utf-8", "surrogateescape")) > _LONGEST_BYTES
        else None
    )


def new_run_id(runs_dir: Path, experiment: str, stage: str) -> str:
    """The first free id of the form 2026-11-22-emoji-pretrain-01."""
    used = {name.lower() for name in names_in(runs_dir)}
    number = 1
    while (name := f"{date.today().isoformat()}-{_slug(experiment)}-{stage}-{number:02d}") in used:
        number += 1
    return name


def _slug(name: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if unicodedata.category(c)[0] != "M")
    return re.sub(r"[^a-z0-9]+", "-", plain.lower())[:40].strip("-") or "run"


def experiment_name(file: Path) -> str:
    """faces.maskdm.yaml -> faces"""
    return re.sub(r"(\.maskdm)?\.ya?ml$", "", file.name, flags=re.IGNORECASE) or "experiment"
