"""Which keys of an experiment differ, and what that means to a run that goes on (docs/experiment-file.md, "Going on
with other values").

The table is that of the other engine: schema/experiment-changes.json is written from it by `npm run docs`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import UserError
from .experiment import Experiment, ExperimentProblems, Stage, keys_of, parse_experiment, read_experiment_file
from .json_schema import load_schema
from .optimizer import learning_rate
from .shell import maskdm_command, quoted
from .yaml_text import number_text, yaml_text

#: A change of the learning rate that is worth a line, as a share; from this factor on a rise is more than what a
#: schedule brings by itself.
_SEEN = 0.05
_JUMP = 2


@dataclass(frozen=True)
class ChangedKey:
    path: str
    before: Any
    after: Any

    @property
    def rule(self) -> dict[str, Any]:
        """may: silently, noted or never; of never also breaks (network, diffusion or start) and why."""
        if self.path == "mask.mode" and "fuse" in (self.before, self.after):
            return {
                "may": "never",
                "breaks": "network",
                "why": "only with mode fuse the network has the tensors of fuse",
            }
        rule: dict[str, Any] = load_schema("experiment-changes.json")[self.path]
        return rule

    def recorded(self) -> dict[str, str]:
        """As run.json has it."""
        return {"key": self.path, "from": yaml_text(self.before), "to": yaml_text(self.after)}


def changed_keys(before: Experiment, after: Experiment) -> list[ChangedKey]:
    """Keys whose values differ, in the order of the file. Depths that build the same blocks do not, nor what nothing
    reads."""
    old, now = keys_of(before), keys_of(after)
    changes = [ChangedKey(path, old[path], value) for path, value in now.items()]
    return [change for change in changes if not _is_same(change, now)]


def _is_same(change: ChangedKey, now: dict[str, Any]) -> bool:
    read_with = load_schema("experiment-changes.json")[change.path].get("readWith")
    if read_with is not None and now[read_with["key"]] != read_with["value"]:
        return True
    if change.path == "model.depth" and now["model.backbone"] == "uvit":
        return bool(change.before // 2 == change.after // 2)
    return yaml_text(change.before) == yaml_text(change.after)


def is_read_by(stage: Stage, path: str) -> bool:
    """Whether a stage reads a key at all."""
    other = "finetune." if stage == "pretrain" else "pretrain."
    is_mask = path.startswith("mask.") and path not in ("mask.mode", "mask.fuse_blocks")
    return not path.startswith(other) and not (stage == "finetune" and is_mask)


@dataclass(frozen=True)
class Resumed:
    """A run that is to go on."""

    name: str
    stage: Stage
    #: steps done
    step: int
    former: Experiment
    #: arguments of the command that trains the like from the start
    anew: tuple[str, ...]


def refuse_other_run(resumed: Resumed, now: Experiment, stretch_lr: bool) -> None:
    """Raises UserError for changes that would make another run of it."""
    stage, step = resumed.stage, resumed.step
    if step == 0:
        return
    for change in changed_keys(resumed.former, now):
        rule = change.rule
        if rule["may"] == "never" and is_read_by(stage, change.path):
            raise UserError(
                f"{change.path} {yaml_text(change.after)}: {resumed.name} was trained with "
                f"{yaml_text(change.before)} so far, and {rule['why']}. "
                f"That needs a run of its own: {maskdm_command(*resumed.anew)}"
            )
    _refuse_other_past(resumed, now)
    before, planned, after = _lr_border(resumed.former.stage(stage), now.stage(stage), step)
    same = all(
        getattr(resumed.former.stage(stage), key) == getattr(now.stage(stage), key)
        for key in ("lr", "lr_schedule", "warmup_steps")
    )
    if same and not stretch_lr and after >= _JUMP * max(before, planned) > 0:
        raise UserError(
            f"{stage}.steps {now.stage(stage).steps}: the learning rate would jump from "
            f"{_rate(before)} to {_rate(after)} at step {step}, "
            "which undoes what its low end has brought. --stretch-lr says that this is meant; a "
            "change of lr, lr_schedule or warmup_steps says it, too."
        )


def _refuse_other_past(resumed: Resumed, now: Experiment) -> None:
    """Pieces of the mask that are over must stay as they were."""
    from .masks import mask_pieces

    if resumed.stage != "pretrain":
        return
    old, new = (
        [piece for piece in mask_pieces(e, "pretrain")[:-1] if piece.until <= resumed.step]
        for e in (resumed.former, now)
    )
    for before, after in zip(old, [*new, *[None] * len(old)]):
        if after is None or (before.until, before.mask) != (after.until, after.mask):
            raise UserError(
                f"{before.name}: this piece, up to step {before.until}, is over at step "
                f"{resumed.step} and must stay as it was trained. "
                "Pieces to come, and the one at work, may change."
            )


def _lr_border(former: Any, now: Any, step: int) -> tuple[float, float, float]:
    """Rates of the last step done, of the next one as it was planned, and as it is to be."""
    if step == 0 or step >= now.steps:
        return 0, 0, 0
    before = learning_rate(former, step - 1)
    planned = learning_rate(former, step) if step < former.steps else before
    return before, planned, learning_rate(now, step)


def _rate(value: float) -> str:
    return number_text(float(f"{value:.2g}"))


def change_notes(resumed: Resumed, now: Experiment) -> list[str]:
    """What the command line changes about the steps to come."""
    step = resumed.step
    noted = [
        f"from step {step} on {change.path} is {yaml_text(change.after)} ({yaml_text(change.before)} before)"
        for change in changed_keys(resumed.former, now)
        if step > 0 and is_read_by(resumed.stage, change.path) and change.rule["may"] == "noted"
    ]
    before, planned, after = _lr_border(resumed.former.stage(resumed.stage), now.stage(resumed.stage), step)
    if abs(after - planned) > _SEEN * planned:
        noted.append(f"the learning rate goes from {_rate(before)} to {_rate(after)} at step {step}")
    return noted


def file_notes(file: Path, shown: str, used: Experiment, resumed: Resumed, changes: list[dict[str, str]]) -> list[str]:
    """What the user's file says otherwise than the run, unless the command line has the run so. shown: the file as the
    user would write it."""
    try:
        theirs = parse_experiment(read_experiment_file(file))
    except ExperimentProblems:
        return [f"{shown} has errors now and was not looked at; the run goes on with its own copy of it"]
    # What the file said where the command line took something else, from the first time on.
    overridden: dict[str, str] = {}
    for entry in changes:
        overridden.setdefault(entry["key"], entry["from"])
    lines = []
    for change in changed_keys(used, theirs):
        if not is_read_by(resumed.stage, change.path) or overridden.get(change.path) == yaml_text(change.after):
            continue
        anew = f"that needs a run of its own: {maskdm_command(*resumed.anew)}"
        over = f"take it over with --set {quoted(f'{change.path}={yaml_text(change.after)}')}"
        remedy = anew if change.rule["may"] == "never" else over
        lines.append(
            f"  {change.path} is {yaml_text(change.before)} in the run, {yaml_text(change.after)} in the file; {remedy}"
        )
    return [f"{shown} differs from the run's own copy of it, which is used:", *lines] if lines else []
