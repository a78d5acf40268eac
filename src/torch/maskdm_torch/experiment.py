"""The experiment file, docs/experiment-file.md: read, checked against the published JSON Schema, every default filled
in.

Attributes are the file's keys: `experiment.model.embed_dim`, `experiment.pretrain.batch_size`; `from`, a word of
Python's, is `from_`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from .errors import UserError
from .json_schema import SchemaProblem, complete, load_schema
from .overrides import Override, apply_overrides
from .yaml_text import YamlProblem, read_yaml

Stage = Literal["pretrain", "finetune"]
Strategy = Literal["patch", "block", "stratified", "crop", "none"]


@dataclass(frozen=True)
class Data:
    path: str
    image_size: int
    channels: int
    hflip: float
    background: str
    labels: Literal["none", "folders"]
    ignore: tuple[str, ...]
    max_broken: float
    holdout: float


@dataclass(frozen=True)
class Model:
    backbone: str
    patch_size: int
    embed_dim: int
    depth: int
    num_heads: int
    mlp_ratio: float
    qkv_bias: bool
    time_embedding: Literal["sinusoidal", "mlp"]
    qk_norm: Literal["none", "rms"]
    norm: Literal["layer", "rms"]
    mlp: Literal["gelu", "swiglu"]
    positions: Literal["learned", "sincos"]
    output_conv: Literal["none", "residual"]
    num_classes: int
    class_dropout: float


@dataclass(frozen=True)
class RatePiece:
    """An entry of the list that mask.rate may be; what is None is the section's (crop_size has no other None)."""

    rate: float
    until: float | None = None
    strategy: Strategy | None = None
    block_size: int | None = None
    cell_size: int | None = None
    crop_size: int | None = None
    #: keys that the file gives: crop_size: null and no crop_size differ
    given: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Mask:
    strategy: Strategy
    rate: float | tuple[RatePiece, ...]
    block_size: int
    cell_size: int
    crop_size: int | None
    mode: Literal["drop", "route", "fuse"]
    route_from: int
    fuse_blocks: int


@dataclass(frozen=True)
class Diffusion:
    process: Literal["ddpm", "flow"]
    timesteps: int
    timestep_distribution: Literal["uniform", "logit_normal"]
    logit_mean: float
    logit_std: float
    schedule: Literal["cosine", "linear"]
    prediction: Literal["epsilon", "v", "x0"]
    loss_weighting: Literal["uniform", "min_snr", "velocity"]
    min_snr_gamma: float


@dataclass(frozen=True)
class StageConfig:
    """What both stages have."""

    steps: int
    batch_size: int
    micro_batch_size: Literal["auto"] | int
    lr: float
    lr_schedule: Literal["constant", "cosine"]
    warmup_steps: int
    betas: tuple[float, float]
    weight_decay: float
    clip_grad: float | None
    ema_decay: float
    checkpoint_every: int
    keep_checkpoints: int
    keep_every: int | None
    sample_every: int
    held_out_every: int
    evaluate_every: int
    evaluate_samples: int
    log_every: int


@dataclass(frozen=True)
class Finetune(StageConfig):
    from_: str | None
    weights: Literal["raw", "ema"]
    classes: Literal["keep", "new"]


@dataclass(frozen=True)
class Sample:
    sampler: Literal["ddim", "ancestral", "dpmpp_2m", "euler", "heun"]
    steps: int
    eta: float
    count: int
    weights: Literal["ema", "raw"]
    clip: bool
    guidance: float
    guidance_interval: tuple[float, float]
    classes: tuple[str | int, ...] | None


@dataclass(frozen=True)
class Engine:
    backend: str
    threads: Literal["auto"] | int
    memory_gb: Literal["auto"] | float
    precision: Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True)
class Compute:
    #: who starts the processes, which is not this program's matter
    target: Literal["local", "ray", "command"]
    workers: int
    shard: Literal["none", "optimizer"]
    address: str | None
    cpus_per_worker: int
    gpus_per_worker: Literal["auto"] | float
    command: str | None


@dataclass(frozen=True)
class Experiment:
    data: Data
    model: Model
    mask: Mask
    diffusion: Diffusion
    pretrain: StageConfig
    finetune: Finetune
    sample: Sample
    engine: Engine
    compute: Compute
    seed: int

    def stage(self, stage: Stage) -> StageConfig:
        return self.finetune if stage == "finetune" else self.pretrain


SECTIONS: dict[str, type] = {
    "data": Data,
    "model": Model,
    "mask": Mask,
    "diffusion": Diffusion,
    "pretrain": StageConfig,
    "finetune": Finetune,
    "sample": Sample,
    "engine": Engine,
    "compute": Compute,
}


class ExperimentProblems(UserError):
    """Everything that is wrong with a file, a line each: `file:line:column: error CODE message`."""


def read_experiment(path: str | os.PathLike[str], overrides: Sequence[Override] = ()) -> Experiment:
    """Reads a file. Raises UserError where it cannot be read, ExperimentProblems where it cannot be used."""
    return parse_experiment(read_experiment_file(path), overrides, str(path))


def read_experiment_file(path: str | os.PathLike[str]) -> str:
    """A file's text. Raises UserError."""
    try:
        return Path(path).read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file. Make one with: maskdm new DIR") from None
    except IsADirectoryError:
        raise UserError(f"{path} is a folder. Name an experiment file (*.maskdm.yaml).") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not valid UTF-8. Save the file as UTF-8.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None


def parse_experiment(text: str, overrides: Sequence[Override] = (), name: str = "experiment.maskdm.yaml") -> Experiment:
    """A text as an experiment. name: what messages call the file. Raises ExperimentProblems."""
    try:
        reading = read_yaml(apply_overrides(text, list(overrides)))
    except YamlProblem as problem:
        raise ExperimentProblems(f"{name}:{problem.line}:{problem.column}: error MDM001 {problem}") from None
    if not isinstance(reading.value, dict):
        raise ExperimentProblems(
            f"{name}:1:1: error MDM006 An experiment file is made of sections; the smallest is "
            "`data:` with `path: ./images` below it."
        )
    values, problems = complete(load_schema("experiment.schema.json"), reading.value)
    if problems:
        raise ExperimentProblems(
            "\n".join(_line(problem, name, reading.place(problem.path), overrides) for problem in problems)
        )
    return from_values(values)


def _line(problem: SchemaProblem, name: str, place: tuple[int, int], overrides: Sequence[Override]) -> str:
    key = ".".join(problem.path)
    culprit = next(
        (override for override in overrides if key == override.path or key.startswith(f"{override.path}.")), None
    )
    cause = "" if culprit is None else f"{culprit}: "
    return f"{name}:{place[0]}:{place[1]}: error {problem.code} {cause}{problem.message}"


def from_values(values: dict[str, Any]) -> Experiment:
    """Complete plain values, as the schema has them, as an experiment."""
    sections = {name: _section(kind, values[name]) for name, kind in SECTIONS.items()}
    return Experiment(**sections, seed=values["seed"])


def _section(kind: type, values: dict[str, Any]) -> Any:
    return kind(**{field.name: _frozen(values[field.name.rstrip("_")]) for field in fields(kind)})


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return RatePiece(**value, given=frozenset(value))
    return tuple(_frozen(entry) for entry in value) if isinstance(value, list) else value


def plain(value: Any) -> Any:
    """A value of an experiment as the file has it: tuples as lists, pieces as mappings."""
    if isinstance(value, RatePiece):
        return {
            name: getattr(value, name)
            for name in ("until", "rate", "strategy", "block_size", "cell_size", "crop_size")
            if name in value.given
        }
    return [plain(entry) for entry in value] if isinstance(value, tuple) else value


def keys_of(experiment: Experiment) -> dict[str, Any]:
    """Plain values by dotted key, in the order of the file."""
    found: dict[str, Any] = {}
    for name, kind in SECTIONS.items():
        section = getattr(experiment, name)
        for field in fields(kind):
            found[f"{name}.{field.name.rstrip('_')}"] = plain(getattr(section, field.name))
    return {**found, "seed": experiment.seed}
