"""What computes: device, threads, network and its state, and how many images go through at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from .about import metal_name
from .checkpoints import WEIGHT_FILES, read_tensors
from .compiled import can_compile
from .distributed import ALONE, Ranks
from .division import bytes_of_state
from .errors import UserError
from .experiment import Experiment, Stage
from .fit import fitting, without_prefix
from .machine import own_cores, usable_memory
from .masks import mask_pieces
from .networks import build_network, is_own
from .training_state import Precision, TrainingState

BACKEND = "torch"
_GIB = 2**30
#: Automatic micro-batches plan with half the memory of the machine, and on the processor never with more than this.
_AUTO_BYTES = 5 * _GIB
#: Of a device's free memory.
_DEVICE_SHARE = 0.8


@dataclass(frozen=True)
class StartWeights:
    """A new run starts from these, the moving average with it."""

    file: Path


@dataclass(frozen=True)
class CheckpointWeights:
    """A run goes on from this checkpoint: weights, moving average and moments."""

    path: Path
    #: size and checksum of its files, as state.json has them
    files: Mapping[str, Mapping[str, object]]
    step: int


def prepare_device(experiment: Experiment, ranks: Ranks = ALONE) -> torch.device:
    """The device that computes, with its threads set. Processes of one machine share its cores."""
    threads = experiment.engine.threads
    torch.set_num_threads(own_cores(ranks.neighbours) if threads == "auto" else threads)
    if torch.cuda.is_available():
        return torch.device("cuda", ranks.place)
    # Processes that train together talk by gloo, which has no Metal.
    is_alone = ranks.count == 1
    return torch.device("mps") if is_alone and torch.backends.mps.is_available() else torch.device("cpu")


def device_name(device: torch.device) -> str:
    if device.type == "mps":
        return metal_name()
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "the processor"


def precision_of(experiment: Experiment, device: torch.device) -> Precision:
    """What the network computes in; weights, moments and the moving average are float32 in any case."""
    asked = experiment.engine.precision
    if asked != "auto":
        return asked
    # From Ampere on; PyTorch's own question is answered with yes by older cards, too, which only emulate it.
    has_bfloat16 = device.type == "cuda" and torch.cuda.get_device_capability(device)[0] >= 8
    return "bfloat16" if has_bfloat16 else "float32"


def training_state(
    experiment: Experiment,
    stage: Stage,
    weights: StartWeights | CheckpointWeights | None,
    device: torch.device,
    folder: Path,
    note: Callable[[str], None],
    ranks: Ranks = ALONE,
) -> TrainingState:
    """Ready to train; None: from new weights. folder: that of the experiment file. note: told what is done to weights of
    other programs. Raises UserError where they do not fit."""
    network = build_network(experiment, folder, device)
    state = TrainingState(
        network,
        experiment,
        stage,
        micro_batch_size=_micro_batch_size(experiment, stage, network, device, ranks),
        precision=precision_of(experiment, device),
        is_compiled=can_compile(device),
        ranks=ranks,
    )
    own = dict(zip(state.names, state.raw))
    constants = network.state_dict().keys() - own.keys()
    fixed = _needed_constants(experiment, network, own)
    needed = {**own, **fixed}
    if isinstance(weights, StartWeights):
        given = without_prefix(read_tensors(weights.file), own, str(weights.file), note)
        conv = [name for name in own if name.startswith("output_conv.")]
        if conv and not any(name in given for name in conv):
            given.update({name: torch.zeros_like(own[name], device="cpu").numpy() for name in conv})
            note(f"{weights.file} has no output convolution, so it begins at zero, which leaves the output as it was")
        raw = fitting(given, needed, constants, str(weights.file))
        state.load(raw, None, None, 0)
        _take(raw, fixed)
    elif weights is not None:
        first, ema, moments = (_checkpoint_tensors(weights, which) for which in ("raw", "ema", "optimizer"))
        kept = {f"{key}.{name}": tensor for key in ("exp_avg", "exp_avg_sq") for name, tensor in own.items()}
        source = str(weights.path)
        raw = fitting(first, needed, constants, source)
        state.load(
            raw,
            fitting(ema, own, constants, source),
            fitting(moments, kept, (), source),
            weights.step,
        )
        _take(raw, fixed)
    return state


def _needed_constants(experiment: Experiment, network: nn.Module, learned: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What a network of the user's own has besides what it learns, such as frequencies drawn once: weights are of use
    with it alone. The studio's networks make theirs anew."""
    if not is_own(experiment.model.backbone):
        return {}
    # Of tensors that have two names only the first is among them.
    there = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    return {name: there[name] for name in network.state_dict() if name in there and name not in learned}


@torch.no_grad()
def _take(given: Mapping[str, Tensor], into: Mapping[str, Tensor]) -> None:
    for name, tensor in into.items():
        tensor.copy_(given[name])


def _checkpoint_tensors(weights: CheckpointWeights, which: str):  # noqa: ANN202
    name = WEIGHT_FILES[which]  # type: ignore[index]
    return read_tensors(weights.path / name, str(weights.files[name]["crc32"]))


def drawing_network(experiment: Experiment, file: Path, folder: Path, device: torch.device) -> nn.Module:
    """A network that only draws. folder: that of the experiment file. Raises UserError where the weights do not fit."""
    network = build_network(experiment, folder, device)
    own = dict(network.named_parameters())
    needed = {**own, **_needed_constants(experiment, network, own)}
    _take(fitting(read_tensors(file), needed, network.state_dict().keys() - own.keys(), str(file)), needed)
    return network.eval()


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Layers that differ between training and use, such as dropout, are in use inside, and afterwards as they were."""
    training = [module for module in network.modules() if module.training]
    for module in training:
        module.training = False
    try:
        yield
    finally:
        for module in training:
            module.training = True


class AveragedNetwork(nn.Module):
    """The network of a state with the moving average of its weights as it is now, fetched from where it is kept."""

    def __init__(self, state: TrainingState) -> None:
        """Raises WorkerLost."""
        super().__init__()
        self._network = [state.network]  # not a module of this one
        device = state.raw[0].device
        self._weights = {name: tensor.to(device) for name, tensor in state.averaged().items()}

    def forward(self, *inputs: Tensor | None) -> Tensor:
        (network,) = self._network
        output: Tensor = torch.func.functional_call(network, self._weights, inputs)
        return output


def _micro_batch_size(
    experiment: Experiment, stage: Stage, network: nn.Module, device: torch.device, ranks: Ranks
) -> int:
    """What the file asks for, or the largest divisor of a step's images whose passes are expected to fit the memory."""
    config = experiment.stage(stage)
    images = len(ranks.slots(config.batch_size))
    if config.micro_batch_size != "auto":
        return min(config.micro_batch_size, images)
    parts = ranks.count if experiment.compute.shard == "optimizer" else 1
    left = _budget(experiment, device) - bytes_of_state(sum(tensor.numel() for tensor in network.parameters()), parts)
    each = _bytes_per_image(experiment, stage, device)
    return next((size for size in divisors(images) if size * each <= left), 1)


def divisors(number: int) -> list[int]:
    """The largest first."""
    return [size for size in range(number, 0, -1) if number % size == 0]


def _budget(experiment: Experiment, device: torch.device) -> float:
    asked = experiment.engine.memory_gb
    if asked != "auto":
        return asked * _GIB
    if device.type == "cuda":
        return _DEVICE_SHARE * torch.cuda.mem_get_info(device)[0]
    # Metal's memory is the machine's.
    return usable_memory() / 2 if device.type == "mps" else min(_AUTO_BYTES, usable_memory() / 2)


def _bytes_per_image(experiment: Experiment, stage: Stage, device: torch.device) -> float:
    """What a block keeps for its gradients: about 10 + 3 mlp_ratio numbers per value of a token, and on a processor the
    attention matrices, of which kernels of a GPU never hold but a piece."""
    model = experiment.model
    tokens = (experiment.data.image_size // model.patch_size) ** 2
    if experiment.mask.mode == "drop":
        tokens = max(piece.mask.visible_tokens for piece in mask_pieces(experiment, stage))
    matrices = 0 if device.type == "cuda" else model.num_heads * tokens**2
    return 4 * (model.depth + 1) * (tokens * model.embed_dim * (10 + 3 * model.mlp_ratio) + matrices)


def smaller_micro_batch(state: TrainingState, experiment: Experiment, stage: Stage) -> int:
    """After a device ran out of memory: the next smaller one, where the file leaves it open. Raises UserError that says
    which would do."""
    config, ranks = experiment.stage(stage), state.ranks
    images = len(ranks.slots(config.batch_size))
    less = next((size for size in divisors(images) if size < state.micro_batch_size), None)
    if less is None:
        raise UserError(
            "The device has too little memory for a single image. Use a smaller model, larger "
            "patches or smaller images.",
            "failure",
        )
    # The others are in the middle of the step.
    if config.micro_batch_size != "auto" or ranks.count > 1:
        raise UserError(
            f"The device has too little memory for {stage}.micro_batch_size "
            f"{state.micro_batch_size}. Use {less}: "
            f"--set {stage}.micro_batch_size={less}",
            "failure",
        )
    free_memory(state.raw[0].device)
    return less


def free_memory(device: torch.device) -> None:
    """Gives back what was taken of a device's memory and is of no use any more."""
    if device.type == "mps":
        torch.mps.empty_cache()
    elif device.type == "cuda":
        torch.cuda.empty_cache()


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether a device has too little memory; Metal has no class of its own for that."""
    return isinstance(error, torch.cuda.OutOfMemoryError) or "MPS backend out of memory" in str(error)
