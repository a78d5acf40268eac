"""One session of a run: loads weights, opens the data, trains, and leaves the run folder in order however it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from .batch_source import BatchSource
from .classes import KnownClasses, drawn_classes
from .data_path import open_data_path
from .dataset import Dataset, fingerprint, images_since, open_dataset, write_image_list
from .distributed import ALONE, Ranks, WorkerLost
from .engine import BACKEND, CheckpointWeights, StartWeights, device_name, prepare_device, training_state
from .errors import CommandExit
from .experiment import Experiment, Stage
from .experiment_of_run import named_experiment
from .follower import FollowersTask
from .launch import Launch
from .machine import software
from .metal import proven
from .progress import Progress, put, say
from .run_writer import RunWriter
from .shell import maskdm_command, short_path, shown_text
from .stop_request import StopRequest
from .training_loop import DivergedError, TrainingEnd, TrainingLoop, TrainingSetup


@dataclass(frozen=True)
class Session:
    experiment: Experiment
    stage: Stage
    #: makes or takes up the run folder, once images and weights are known to be usable
    open: Callable[[], RunWriter]
    #: the user's experiment file; relative data paths start there
    experiment_file: Path
    #: weights to begin with; None: new ones
    weights: StartWeights | CheckpointWeights | None
    #: state.json of the checkpoint to go on from
    resumed: dict[str, Any] | None
    #: step at which it saves and ends as stopped, to go on later
    pause_at: int | None
    #: classes that the weights know; None: new weights, or classes that are numbered anew
    known_classes: KnownClasses | None
    #: the processes that train together, of which this one leads
    ranks: Ranks = ALONE


def run_session(session: Session) -> None:
    """Trains to the end, a stop or a failure. Prints the run's folder on stdout once it exists, notes and progress on
    stderr.

    Raises CommandExit with code 1 where the loss diverged; UserError.
    """
    experiment, stage, ranks = session.experiment, session.stage, session.ranks
    base = session.experiment_file.parent
    open_data_path(experiment.data.path, base).close()  # one that is not there is told at once
    notes: list[str] = []

    def tell(line: str) -> None:
        notes.append(line)
        say(line)

    device = proven(prepare_device(experiment, ranks), experiment, stage, base, tell)
    # Before the images: none is decoded for a network that cannot be trained on them.
    state = training_state(experiment, stage, session.weights, device, base, tell, ranks)
    decoder = ((session.resumed or {}).get("loop", {}).get("data") or {}).get("decoder") if session.resumed else None
    dataset = open_dataset(experiment, base, session.known_classes, say, _decoding(), decoder)
    chosen = drawn_classes(experiment, dataset.classes)
    ranks.tell(FollowersTask(experiment, stage, base, session.known_classes, dataset.decoder))
    source = BatchSource(experiment, stage, dataset.training, device, ranks)
    run = session.open()
    launched = Launch.of_this_process()
    if launched is not None:
        launched.note_run(run.path)
    stop = StopRequest(run.stop_requested)
    progress: Progress | None = None
    try:
        versions = software()
        run.update(BACKEND, versions, dataset.classes)
        config = experiment.stage(stage)
        images = len(ranks.slots(config.batch_size))
        micro = "" if state.micro_batch_size >= images else f", in micro-batches of {state.micro_batch_size}"
        workers = "" if ranks.count == 1 else f" in each of {ranks.count} processes"
        on = f"{device_name(device)}{workers}"
        engine = f"engine: {BACKEND} ({torch.__version__}) on {on}, batch {config.batch_size}{micro}"
        for line in (*notes, engine, *dataset.class_notes, *dataset.notes):
            run.log(line)
        for path, reason in dataset.broken:
            run.log(f"image left out: {shown_text(path)}: {reason}")
        now = _note_images(session, dataset, run)
        put(short_path(run.path))
        say(f"{stage} on {BACKEND} ({on}), {config.steps} steps of {config.batch_size} images")
        progress = Progress(stage, config.steps, "steps", (session.resumed or {}).get("step", 0))
        setup = TrainingSetup(
            experiment,
            stage,
            run,
            state,
            source,
            dataset,
            device,
            stop,
            progress,
            session.resumed,
            session.pause_at,
            now,
            chosen,
            versions,
            BACKEND,
            say,
        )
        ranks.share(state)
        end = TrainingLoop(setup).run()
    except WorkerLost as lost:
        progress.finish("interrupted")  # type: ignore[union-attr]
        run.abandon(f"interrupted: {lost}")
        raise
    except BaseException as error:
        summary = str(error).splitlines()[0] if str(error) else type(error).__name__
        if progress is not None:
            progress.finish("failed")
        for problem in run.close("diverged" if isinstance(error, DivergedError) else "failed", summary):
            say(problem)
        raise
    finally:
        stop.dispose()
    for problem in run.close(end.state, end.message):
        say(problem)
    progress.finish(end.message)
    say(_afterwards(end, session, run.path))
    if end.state == "diverged":
        raise CommandExit(1)


def _decoding() -> Callable[[int, int], None]:
    progress: list[Progress] = []

    def update(done: int, total: int) -> None:
        if not progress:
            progress.append(Progress("decoding", total, "images"))
        progress[0].update(done)
        if done == total:
            progress[0].finish()

    return update


def _note_images(session: Session, dataset: Dataset, run: RunWriter) -> dict[str, Any]:
    """Warns where the images are not those of the checkpoint, and keeps the list of them for the next resume."""
    # Weights that are there already take as many channels as they take.
    if session.weights is None and dataset.grey_hint is not None:
        run.log(dataset.grey_hint)
        say(dataset.grey_hint)
    now = fingerprint(dataset)
    before = (session.resumed or {}).get("loop", {}).get("data")
    how = images_since(run.path, before, dataset, now)
    if how is not None:
        line = f"The images have changed since the checkpoint ({how}): the run goes on, but not bit for bit."
        run.log(line)
        say(line)
    write_image_list(run.path, dataset, now)
    return now


def _afterwards(end: TrainingEnd, session: Session, path: Path) -> str:
    folder = short_path(path)
    if end.state == "stopped":
        return f"Go on with: {maskdm_command('resume', folder)}"
    if end.state == "diverged":
        return f"The loss diverged; see {folder}/log.txt"
    if session.stage == "finetune":
        return f"Next: {maskdm_command('sample', folder)}"
    file = short_path(named_experiment(path, session.experiment_file))
    return f"Next: {maskdm_command('finetune', file, '--from', folder)}"
