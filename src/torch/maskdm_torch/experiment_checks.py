"""What no schema says: values of an experiment that do not go together, as the other engine's lint reports them
(docs/lint-rules.md)."""

from __future__ import annotations

from collections.abc import Iterator

from .experiment import Experiment, ExperimentProblems, Stage
from .masks import border_step, mask_pieces
from .networks import is_own


def check_experiment(experiment: Experiment, stage: Stage, name: str) -> None:
    """Raises ExperimentProblems. name: what messages call the file."""
    problems = [*_model(experiment), *_stage(experiment, stage)]
    # Masks are looked at on a grid that there is.
    if not problems and stage == "pretrain":
        problems = list(_masks(experiment))
    if problems:
        raise ExperimentProblems("\n".join(f"{name}: error {problem}" for problem in problems))


def _model(experiment: Experiment) -> Iterator[str]:
    data, model = experiment.data, experiment.model
    if data.image_size % model.patch_size:
        yield (
            f"MDM201 model.patch_size {model.patch_size} does not divide data.image_size "
            f"{data.image_size}: an image is cut into whole patches."
        )
    if model.num_classes > 0 and data.labels == "none":
        yield (
            f"MDM104 model.num_classes {model.num_classes} asks for classes, but data.labels is none, "
            "so no image has one. Write labels: folders."
        )
    if is_own(model.backbone):
        # Its other keys mean to it what its class makes of them.
        return
    if model.embed_dim % model.num_heads:
        yield (
            f"MDM202 model.num_heads {model.num_heads} does not divide model.embed_dim "
            f"{model.embed_dim}: each head gets an equal part of the width."
        )
    multiple = 4 if model.backbone == "dit" or model.positions == "sincos" else 2
    if model.embed_dim % multiple:
        yield (
            f"MDM203 model.embed_dim {model.embed_dim} is no multiple of {multiple}: embeddings are sines and cosines."
        )
    blocks = model.depth if model.backbone == "dit" else 2 * (model.depth // 2) + 1
    mask = experiment.mask
    if mask.mode != "drop" and blocks < 3:
        yield (
            f"MDM310 mask.mode {mask.mode} needs a block at each end and one between them, but there "
            f"are {blocks}. Use a depth of at least 3, or mode drop."
        )


def _stage(experiment: Experiment, stage: Stage) -> Iterator[str]:
    config = experiment.stage(stage)
    micro, workers = config.micro_batch_size, experiment.compute.workers
    if config.batch_size % workers:
        yield (
            f"MDM705 compute.workers {workers} does not divide {stage}.batch_size {config.batch_size}: "
            "each process works on as many images."
        )
    if micro != "auto" and micro < config.batch_size and config.batch_size % micro:
        yield (
            f"MDM502 {stage}.micro_batch_size {micro} does not divide batch_size {config.batch_size}: "
            "the batch is worked on in equal parts."
        )


def _masks(experiment: Experiment) -> Iterator[str]:
    mask, steps = experiment.mask, experiment.pretrain.steps
    if isinstance(mask.rate, tuple):
        problem = next(_borders(mask.rate, steps), None)
        if problem is not None:
            yield problem
            return
    try:
        pieces = mask_pieces(experiment, "pretrain")
    except ValueError as error:
        yield f"MDM301 mask: {error}."
        return
    rates = [piece.rate for piece in mask.rate] if isinstance(mask.rate, tuple) else [mask.rate]
    for piece, rate in zip(pieces, rates):
        if piece.mask.strategy != "none" and rate > 0 and piece.mask.visible_tokens == piece.mask.tokens:
            yield (
                f"MDM303 {piece.name} {rate} hides 0 of {piece.mask.tokens} tokens: pretraining "
                "would see whole images at full cost. "
                "Use smaller blocks or cells, a higher rate, or strategy: none."
            )


def _borders(pieces: tuple, steps: int) -> Iterator[str]:  # type: ignore[type-arg]
    start = 0
    for i, piece in enumerate(pieces):
        last = i == len(pieces) - 1
        if piece.until is None and not last:
            yield (
                f"MDM320 mask.rate[{i}] does not say where it ends. Add until: a step, or a share of the {steps} steps."
            )
            return
        end = steps if piece.until is None else border_step(piece.until, steps)
        if last and end != steps:
            yield (
                f"MDM320 mask.rate[{i}].until is not the end of pretraining, which has {steps} steps. Leave until out."
            )
        if start >= steps or end <= start:
            yield (
                f"MDM321 mask.rate[{i}] has no step: it begins at step {start}, and pretraining has "
                f"{steps}. Borders must ascend."
            )
        start = end
