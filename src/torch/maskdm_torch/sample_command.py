"""What `maskdm-torch sample` does."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .changes import changed_keys
from .classes import chosen_class, drawn_class, drawn_classes
from .drawing import drawing_name, drawing_of, is_guided
from .drawing_files import DrawingFiles, place_in_folder
from .engine import BACKEND, drawing_network, prepare_device
from .errors import UserError
from .experiment import Experiment, parse_experiment
from .experiment_of_run import experiment_of_run
from .files import disk_errors
from .machine import software
from .metal import proven
from .overrides import Override
from .picture_pages import grid_layout, trajectory_layout
from .progress import Progress, put, say
from .run_folder import read_experiment_text
from .sample_pictures import draw_to_files
from .samplers import SampleStep, trajectory_steps
from .shell import short_path
from .sources import Source, resolve_source, run_record
from .yaml_text import yaml_text


@dataclass(frozen=True)
class SampleOptions:
    runs_dir: Path
    overrides: tuple[Override, ...]
    seed: int | None
    label: str | None
    #: None: in the run's samples folder
    out: Path | None
    #: how many times on the way are shown; "usual": as many as are good to look at; None: no picture of it
    trajectory: int | str | None
    images: bool
    overwrite: bool
    json: bool


def sample(text: str, options: SampleOptions) -> None:
    """Draws images with the weights of a run, and their trajectories. Prints the pictures' paths."""
    source = resolve_source(text, options.runs_dir)
    for note in source.notes:
        say(note)
    run_dir, checkpoint_dir, state = source.run_dir, source.checkpoint_dir, source.state
    if run_dir is None or checkpoint_dir is None or state is None:
        raise UserError(
            f"{source.model_file} is not inside a run folder, so its experiment is not known. "
            "Name a run, or a checkpoint in one."
        )
    experiment = _experiment_to_draw(run_dir, options)
    chosen = (
        drawn_classes(experiment, source.classes)
        if options.label is None
        else [chosen_class(experiment, source.classes, options.label, "--label")]
    )
    for label in chosen or ():
        if source.classes is not None:
            say(drawn_class(source.classes, label))
    which = experiment.sample.weights
    file = source.model_file if which == "raw" or source.ema_file is None else source.ema_file
    named = {"model.safetensors": "raw", "ema.safetensors": "ema"}.get(file.name, which)
    seed = experiment.seed if options.seed is None else options.seed
    versions = software()
    drawing = drawing_of(
        experiment,
        run=run_record(run_dir).get("id", run_dir.name),
        stage=state["stage"],
        step=state["step"],
        weights=named,
        weights_crc32=state["files"].get(file.name, {}).get("crc32"),
        seed=seed,
        chosen=chosen,
        backend=BACKEND,
        versions={name: versions[name] for name in ("maskdm", "backend")},
    )
    grid = grid_layout(experiment.sample.count, experiment.data.image_size)
    asked = options.trajectory
    way = None if asked is None else trajectory_layout(experiment, None if isinstance(asked, str) else asked)

    def files_at(path: Path) -> DrawingFiles:
        return DrawingFiles(drawing, grid, way, options.images, path, options.overwrite)

    if options.out is None:
        _require_writable(run_dir / "samples")
        files = place_in_folder(files_at, run_dir / "samples", drawing_name(drawing), say)
    else:
        files = _files_at_out(files_at, options.out, options.overwrite)
    folder = experiment_of_run(run_dir, run_record(run_dir)).parent
    device = proven(prepare_device(experiment), experiment, state["stage"], folder, say)
    network = drawing_network(experiment, file, folder, device)
    total = experiment.sample.count * _passes(experiment)
    progress = Progress("sample", total, "evaluations")
    passes = 0.0

    def on_step(step: SampleStep) -> None:
        nonlocal passes
        passes += len(step.xt) * _passes(experiment) / step.steps
        progress.update(round(passes))

    try:
        draw_to_files(network, dataclasses.replace(experiment, seed=seed), files, device, on_step)
    finally:
        progress.finish()
    _print_drawing(files, drawing, checkpoint_dir, source, options)


def _print_drawing(
    files: DrawingFiles, drawing: dict[str, Any], checkpoint_dir: Path, source: Source, options: SampleOptions
) -> None:
    pages = [str(file.path) for file in files.grid]
    way = [str(file.path) for file in files.trajectory]
    images = None if files.images_folder is None else str(files.images_folder)
    if options.json:
        told = {name: drawing[name] for name in ("count", "sampler", "steps", "eta", "weights", "seed")}
        label = drawing["label"] if isinstance(drawing["label"], int) else None
        result = {
            "png": pages[0],
            "pages": pages,
            "trajectory": way[0] if way else None,
            "trajectoryPages": way,
            "images": images,
            **told,
            "checkpoint": str(checkpoint_dir),
            "step": drawing["step"],
            "classes": source.classes,
            "label": label,
        }
        put(json.dumps(result, indent=2, ensure_ascii=False))
        return
    for path in [*pages, *way, *([] if images is None else [images])]:
        put(path)


def _passes(experiment: Experiment) -> int:
    """Passes through the network that an image takes, guidance counted twice."""
    sample, total = experiment.sample, experiment.diffusion.timesteps
    steps = trajectory_steps(sample, total)
    times = [i * total // steps - 1 for i in range(steps, 0, -1)]
    asked = times if sample.sampler != "heun" else [*times, *times[1:]]
    first, last = (math.floor(share * (total - 1) + 0.5) for share in sample.guidance_interval)
    is_double = is_guided(experiment) and sample.guidance != 0
    return sum(2 if is_double and first <= time <= last else 1 for time in asked)


def _experiment_to_draw(run_dir: Path, options: SampleOptions) -> Experiment:
    """The run's own experiment with what is asked for. Raises UserError for a key that would have no effect, or make
    another network."""
    text = read_experiment_text(run_dir)
    name = f"{short_path(run_dir)}/experiment.maskdm.yaml"
    experiment = parse_experiment(text, options.overrides, name)
    for change in changed_keys(parse_experiment(text, (), name), experiment):
        rule = change.rule
        if rule["may"] == "never" and rule["breaks"] != "start":
            raise UserError(
                f"--set {change.path}={yaml_text(change.after)}: {run_dir} was trained with "
                f"{yaml_text(change.before)}, and {rule['why']}. Leave it out."
            )
        if not change.path.startswith(("sample.", "engine.")) and change.path != "seed":
            say(f"--set {change.path}={yaml_text(change.after)} changes nothing about the images that are drawn")
    _refuse_unused(experiment, {override.path for override in options.overrides})
    return experiment


def _refuse_unused(experiment: Experiment, asked: set[str]) -> None:
    """What is asked for in so many words is done or refused; what the run's file says may be more than the sampler can
    do."""
    sample, total = experiment.sample, experiment.diffusion.timesteps
    most = 2 * total - 1 if sample.sampler == "heun" else total
    if "sample.steps" in asked and sample.steps > most:
        possible = "" if most == total else f"{most} that {sample.sampler} makes of the "
        raise UserError(
            f"{sample.steps} steps are more than the {possible}{total} timesteps that the network "
            "was trained on, of which a sampler visits "
            f"each at most once. Ask for {most} steps, or fewer."
        )
    if "sample.eta" in asked and sample.sampler != "ddim":
        why = (
            "ancestral sampling always adds its full noise"
            if sample.sampler == "ancestral"
            else f"{sample.sampler} adds no noise"
        )
        raise UserError(f"sample.eta {sample.eta} has no effect: {why}. Leave it out, or use sampler ddim.")
    if experiment.model.num_classes == 0 and (
        ("sample.classes" in asked and sample.classes is not None)
        or ("sample.guidance" in asked and sample.guidance != 1)
    ):
        what = "sample.classes" if "sample.classes" in asked else f"sample.guidance {sample.guidance}"
        raise UserError(f"{what} has no effect: the model has no classes (num_classes 0). Leave it out.")


def _files_at_out(files_at: Any, out: Path, overwrite: bool) -> DrawingFiles:
    path = Path(os.path.abspath(out))
    if path.is_dir():
        raise UserError(f'--out "{out}" is a folder. Name a file in it, such as {path / "samples.png"}.')
    if path.suffix.lower() != ".png":
        raise UserError(f'--out "{out}": pictures are written as PNG. Name a file that ends in .png.')
    _require_writable(path.parent)
    files: DrawingFiles = files_at(path)
    obstacle = files.obstacle()
    if obstacle is not None:
        remedy = "" if overwrite else ", or replace it with --overwrite"
        raise UserError(f"{obstacle} and is left as it is. Choose another --out{remedy}.")
    return files


def _require_writable(folder: Path) -> None:
    """Before long work: makes a folder where it is missing, and writes into it for a moment."""
    probe = folder / f".writable.tmp-{os.getpid()}-0"
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
