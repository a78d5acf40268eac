"""What `maskdm-torch pages` does: it draws the images that `maskdm evaluate` measures, in pages of pixels as a run's folder keeps
them (docs/run-format.md, "evaluations/")."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from .classes import drawn_classes
from .drawing import drawn_labels, label_of
from .engine import drawing_network, prepare_device
from .errors import UserError
from .experiment import parse_experiment
from .experiment_of_run import experiment_of_run
from .files import replace_file
from .metal import proven
from .overrides import Override
from .progress import put, say
from .run_folder import read_experiment_text
from .sample_pictures import drawing_batch, to_pixels
from .samplers import denoiser_of, sample_images
from .sources import resolve_source, run_record

#: images of a page
PAGE = 64


def draw_pages(weights: Path, folder: Path, count: int, seed: int, overrides: Sequence[Override]) -> None:
    """Draws with weights in a checkpoint what is missing of the first images of a seed. Prints after each batch how many
    there are. Raises UserError."""
    source = resolve_source(str(weights), weights.parent)
    run_dir, state = source.run_dir, source.state
    if run_dir is None or state is None:
        raise UserError(f"{weights} is not inside a run folder, so its experiment is not known.")
    experiment = parse_experiment(read_experiment_text(run_dir), overrides, f"{run_dir}/experiment.maskdm.yaml")
    experiment = dataclasses.replace(experiment, seed=seed)
    label = label_of(experiment.model.num_classes, drawn_classes(experiment, source.classes))
    labels = drawn_labels({**label, "count": count}, experiment.model.num_classes)
    home = experiment_of_run(run_dir, run_record(run_dir)).parent
    device = proven(prepare_device(experiment), experiment, state["stage"], home, say)
    denoiser = denoiser_of(drawing_network(experiment, source.model_file, home, device), experiment)
    bytes_of_image = experiment.data.image_size**2 * experiment.data.channels
    for first in range(0, count, PAGE):
        images = min(PAGE, count - first)
        path = folder / f"samples-{first:08d}.pixels"
        if not path.exists() or path.stat().st_size < images * bytes_of_image:
            drawn: list[bytes] = []
            for batch in sample_images(
                denoiser,
                experiment,
                images,
                labels=None if labels is None else labels[first : first + images],
                first_image=first,
                batch_size=min(drawing_batch(experiment), images),
                device=device,
            ):
                drawn += [picture.tobytes() for picture in to_pixels(batch)]
                put(str(first + len(drawn)))
            replace_file(path, b"".join(drawn), False)
        put(str(first + images))
