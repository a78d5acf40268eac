"""What `maskdm-torch pretrain`, `finetune` and `resume` do."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from .changes import Resumed, change_notes, changed_keys, file_notes, refuse_other_run
from .checkpoints import list_checkpoints
from .classes import KnownClasses
from .documents import Unreadable, read_document
from .distributed import ALONE, Ranks
from .engine import BACKEND, CheckpointWeights, StartWeights
from .errors import UserError
from .evaluations import refuse_evaluations
from .experiment import Experiment, Stage, parse_experiment, read_experiment_file
from .experiment_checks import check_experiment
from .experiment_of_run import config_hash, experiment_behind, experiment_of_run, named_experiment, place_of_experiment
from .launch import launch
from .machine import software
from .overrides import Override, apply_overrides
from .progress import put, say
from .run_folder import NewRun, SessionRequest, create_run, read_experiment_text, read_run, take_run
from .run_names import check_free
from .session import Session, run_session
from .shell import maskdm_command, short_path
from .sources import Source, named_in_file, parent_checkpoint, resolve_run, resolve_source, run_record
from .yaml_text import yaml_text


@dataclass(frozen=True)
class RunOptions:
    """What pretrain, finetune and resume have in common."""

    runs_dir: Path
    run: str | None = None
    until: int | None = None
    group: str | None = None
    name: str | None = None
    overrides: tuple[Override, ...] = ()
    #: the experiment's text, where it is not the file's as it stands
    experiment_text: str | None = None
    #: the processes that train together, of which this one leads; None: those that are asked for are not started yet
    ranks: Ranks | None = None
    command: tuple[str, ...] = field(default_factory=lambda: ("maskdm-torch", *sys.argv[1:]))


def _request(options: RunOptions) -> SessionRequest:
    return SessionRequest(options.command, software(), BACKEND)


def pretrain(file: Path, options: RunOptions, named: str | None) -> None:
    """named: weights that it starts from."""
    source = None if named is None else resolve_source(named, options.runs_dir)
    _start(file, "pretrain", options, source, "raw", named or "")


def finetune(file: Path, options: RunOptions, named: str | None, from_scratch: bool) -> None:
    """named: weights that it starts from; None: those that the file names."""
    if from_scratch and named is not None:
        raise UserError("--from and --from-scratch exclude each other.")
    text = options.experiment_text if options.experiment_text is not None else read_experiment_file(file)
    experiment = parse_experiment(text, options.overrides, str(file))
    if from_scratch:
        _start(file, "finetune", options, None, "raw", "")
        return
    in_file = experiment.finetune.from_
    if named is None and in_file is not None:
        named = named_in_file(in_file, experiment_behind(file).parent)
    if named is None:
        raise UserError(
            f"{file} names no checkpoint to finetune from, and neither does --from. Name one, such as --from runs/RUN, "
            "or ask for new weights with --from-scratch."
        )
    _start(file, "finetune", options, resolve_source(named, options.runs_dir), experiment.finetune.weights, named)


def _start(file: Path, stage: Stage, options: RunOptions, source: Source | None, weights: str, named: str) -> None:
    """Starts a new run of a stage and trains it."""
    original = options.experiment_text if options.experiment_text is not None else read_experiment_file(file)
    experiment = parse_experiment(original, options.overrides, str(file))
    check_experiment(experiment, stage, str(file))
    refuse_evaluations(experiment, stage)
    _note_backend(experiment)
    parent = None if source is None else _parent(source, weights)
    known = None
    if source is not None:
        _compare_with(source, experiment, named)
        if experiment.finetune.classes != "new":
            known = KnownClasses(named, source.classes, "finetune")
    runs_dir = Path(os.path.abspath(options.runs_dir))
    # Said before images are decoded; create_run says it again if somebody else was quicker.
    if options.run is not None:
        check_free(runs_dir, options.run)
    experiment_file = experiment_behind(file)
    plain = parse_experiment(original, (), str(file)) if _is_complete(original, options.overrides) else None
    request = NewRun(
        runs_dir=runs_dir,
        name=options.run,
        experiment_file=experiment_file,
        experiment_text=apply_overrides(original, options.overrides),
        changes=[] if plain is None else [change.recorded() for change in changed_keys(plain, experiment)],
        stage=stage,
        seed=experiment.seed,
        total_steps=experiment.stage(stage).steps,
        parent=parent,
        group=options.group,
        title=options.name,
    )
    start = None if parent is None else StartWeights(Path(parent["checkpoint"]))
    if _is_for_several(experiment, options):
        launch(experiment.compute.workers, options.command[1:], options.experiment_text)
        return
    run_session(
        Session(
            experiment,
            stage,
            lambda: create_run(request, _request(options)),
            experiment_file,
            start,
            None,
            options.until,
            known,
            options.ranks or ALONE,
        )
    )


def _is_complete(text: str, overrides: Sequence[Override]) -> bool:
    """Whether the file can be used without what the command line writes into it."""
    try:
        parse_experiment(text)
    except UserError:
        return False
    return len(overrides) > 0


def _parent(source: Source, weights: str) -> dict[str, Any]:
    for note in source.notes:
        say(note)
    file = source.ema_file if weights == "ema" else source.model_file
    if file is None:
        raise UserError(f"{source.model_file} has no averaged weights beside it. Set finetune.weights: raw.")
    taken = "ema" if file.name == "ema.safetensors" else weights
    say(f"starting from the {taken} weights in {file}")
    run = None if source.run_dir is None else run_record(source.run_dir).get("id")
    return {"run": run, "checkpoint": str(file), "step": source.step, "weights": taken}


def _compare_with(source: Source, experiment: Experiment, named: str) -> None:
    """Raises UserError where the weights were trained with another network; says it where with another diffusion."""
    trained = source.experiment()
    if trained is None:
        return
    for change in changed_keys(trained, experiment):
        rule = change.rule
        conv = change.path == "model.output_conv" and change.after == "residual"
        if (
            rule["may"] != "never"
            or conv
            or change.path in ("data.labels", "data.holdout")
            or rule["breaks"] == "start"
        ):
            continue
        what = (
            f"{change.path} is {yaml_text(change.after)}, but {named} was trained with "
            f"{yaml_text(change.before)}: {rule['why']}."
        )
        if rule["breaks"] == "network":
            raise UserError(f"{what} Use {change.path}: {yaml_text(change.before)}, or start from other weights.")
        say(f"warning: {what}")


def _is_for_several(experiment: Experiment, options: RunOptions) -> bool:
    """Whether the processes that train are still to be started. Raises UserError where this machine cannot."""
    workers = experiment.compute.workers
    if options.ranks is not None or workers == 1:
        return False
    cards = torch.cuda.device_count()
    if 0 < cards < workers:
        raise UserError(
            f"compute.workers {workers}: each has a GPU of its own, and this machine has {cards}. Ask for fewer with: --set compute.workers={cards}"
        )
    return True


def _note_backend(experiment: Experiment) -> None:
    backend = experiment.engine.backend
    if backend not in ("auto", BACKEND):
        say(f"note: engine.backend {backend} is one of the other engine's; this run is computed with PyTorch")


def resume(text: str, options: RunOptions, steps: int | None, stretch_lr: bool) -> None:
    """Goes on with a run, by path or id. Raises UserError where it cannot go on, or not like that; the run is then left
    as it was."""
    run_dir = resolve_run(text, options.runs_dir)
    record = read_run(run_dir)
    stage: Stage = record["stage"]
    name = short_path(run_dir)
    checkpoints = list_checkpoints(run_dir)
    done = checkpoints[-1].step if checkpoints else 0
    experiment_file = experiment_of_run(run_dir, record)
    parent = None if record["parent"] is None else parent_checkpoint(run_dir, record["parent"])
    file = short_path(named_experiment(run_dir, experiment_file))
    if not record.get("imported", {}).get("optimizer", True):
        again = maskdm_command(stage, file, "--from", name)
        raise UserError(
            f"{run_dir} was imported, without the state of its optimiser: it cannot go on as it was. Train on from its weights: {again}"
        )
    scratch = ("--from-scratch",) if stage == "finetune" else ()
    anew = (stage, file, *(scratch if parent is None else ("--from", short_path(parent))))

    frozen = read_experiment_text(run_dir)
    overrides = [*options.overrides, *([] if steps is None else [Override(f"{stage}.steps", str(steps))])]
    former = parse_experiment(frozen, (), f"{name}/experiment.maskdm.yaml")
    experiment = parse_experiment(frozen, overrides, f"{name}/experiment.maskdm.yaml")
    check_experiment(experiment, stage, f"{name}/experiment.maskdm.yaml")
    refuse_evaluations(experiment, stage)
    resumed = Resumed(name, stage, done, former, anew)
    refuse_other_run(resumed, experiment, stretch_lr)
    changes = [change.recorded() for change in changed_keys(former, experiment)]
    said = change_notes(resumed, experiment)
    if config_hash(frozen) != record["configHash"]:
        said.append(
            f"{name}/experiment.maskdm.yaml was changed by hand since the run was last at work; it is used as it is now"
        )
    if experiment_file.exists():
        earlier = [change for session in record["sessions"] for change in session.get("changes", [])]
        said += file_notes(experiment_file, file, experiment, resumed, [*earlier, *changes])

    total = experiment.stage(stage).steps
    if done > total:
        raise UserError(f"{run_dir} has {done} steps already, more than the {total} asked for.")
    if done == total and _state_of(run_dir) == "finished":
        for line in said:
            say(line)
        put(name)
        say(f"{record['id']} has all its {total} steps. Train it for longer with: --steps N")
        return
    _note_backend(experiment)

    if _is_for_several(experiment, options):
        launch(experiment.compute.workers, options.command[1:], None)
        return
    # The lock is taken before the data are opened: two resumes of one run must not both decode and load.
    taken = take_run(run_dir, say)
    for note in taken.notes:
        say(note)

    def open_run():  # noqa: ANN202
        # Not before images and weights are known to fit: a run must not be left with an experiment that it cannot go on
        # with.
        place = place_of_experiment(run_dir, experiment_file) if experiment_file.exists() else {}
        writer = taken.begin(_request(options), place, apply_overrides(frozen, overrides), total, changes)
        for line in said:
            say(line)
            writer.log(line)
        return writer

    checkpoint = taken.checkpoint
    weights = (
        CheckpointWeights(checkpoint.path, checkpoint.state["files"], checkpoint.step)
        if checkpoint
        else None
        if parent is None
        else StartWeights(parent)
    )
    classes = (checkpoint.state.get("classes") if checkpoint else None) or record.get("classes")
    others = maskdm_command("finetune", file, "--from", name, "--set", "finetune.classes=new")
    known = KnownClasses(record["id"], classes, "resume", others)
    state = checkpoint.state if checkpoint else None
    reason = ""
    try:
        run_session(
            Session(
                experiment,
                stage,
                open_run,
                experiment_file,
                weights,
                state,
                options.until,
                known,
                options.ranks or ALONE,
            )
        )
    except BaseException as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise
    finally:
        taken.release(reason)


def _state_of(run_dir: Path) -> str | None:
    try:
        state: str = read_document(run_dir / "status.json", "status.schema.json")["state"]
        return state
    except Unreadable:
        return None
