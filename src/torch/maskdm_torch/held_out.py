"""The loss on images that are not trained on (docs/evaluation.md, "The held-out loss"): whole images, whatever the
mask, all noise levels alike, at the same timesteps with the same noise every time and in every run and engine."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from .batch_plan import token_noise
from .batches import Assembler
from .dataset import Images
from .experiment import Experiment
from .objective import image_losses
from .sample_pictures import drawing_batch
from .streams import Streams, drawn_on, without_replacement
from .tokens import gather_patches

#: More images take time and make the error, which falls with their root, hardly smaller.
_MOST_IMAGES = 256
#: Timesteps of each image, one in each of so many equal parts of {0 … T-1}.
_TIMES = 4


def _streams(name: str) -> Streams:
    """Of no run: seeds and stages would make losses differ that are to be compared."""
    return Streams(0, "pretrain", name)


@torch.no_grad()
def held_out_loss(
    experiment: Experiment, images: Images, network: nn.Module, device: torch.device, check: Callable[[], None]
) -> tuple[float, float | None]:
    """Mean over up to 256 images, and its standard error; None: a single image has none. check: called before every
    batch."""
    count = min(len(images), _MOST_IMAGES)
    bounds = torch.arange(len(images), len(images) - count, -1)
    draws = _streams("heldOutOrder").integers(0, torch.tensor([0]), bounds, len(images))
    chosen = without_replacement(draws, len(images))[0]
    # Velocities are compared where velocities are learned; weights of min_snr, which make noise levels count more or
    # less, are left out.
    weighting = "velocity" if experiment.diffusion.loss_weighting == "velocity" else "uniform"
    diffusion = replace(experiment.diffusion, loss_weighting=weighting)
    assembler = Assembler(experiment, drawn_on(device), diffusion)
    size = drawing_batch(experiment)
    losses = torch.zeros(count, dtype=torch.float64)
    for start in range(0, count * _TIMES, size):
        check()
        passes = torch.arange(start, min(start + size, count * _TIMES))
        found = _pass_losses(experiment, assembler, images, network, chosen, passes, count, device)
        losses.index_add_(0, passes // _TIMES, found / _TIMES)
    error = math.sqrt(losses.var(correction=1).item() / count) if count > 1 else None
    return losses.mean().item(), error


def _pass_losses(
    experiment: Experiment,
    assembler: Assembler,
    images: Images,
    network: nn.Module,
    chosen: Tensor,
    passes: Tensor,
    count: int,
    device: torch.device,
) -> Tensor:
    """Loss of each of some passes [B], float64 on the processor; pass i is of the image at place i // TIMES."""
    data, model = experiment.data, experiment.model
    places, parts = passes // _TIMES, passes % _TIMES
    # As far from the beginning of its part as the image's place among the images, so that all together cover the parts
    # evenly.
    timesteps = ((parts + (places.double() + 0.5) / count) * experiment.diffusion.timesteps / _TIMES).floor().long()
    rows = chosen[places].numpy()
    made_on = drawn_on(device)
    pixels = torch.from_numpy(images.take(rows)).to(made_on)
    labels = torch.from_numpy(images.labels[rows]).to(made_on) if model.num_classes > 0 else None
    whole = torch.arange((data.image_size // model.patch_size) ** 2, device=made_on).expand(len(passes), -1)
    x0 = gather_patches(pixels, torch.zeros(len(passes), dtype=torch.bool, device=made_on), whole, model.patch_size)
    noise = token_noise(
        _streams("heldOutNoise"), parts.to(made_on), places.to(made_on), whole, model.patch_size**2 * data.channels
    )
    batch = assembler.mix(x0, noise, timesteps.to(made_on), whole, labels).to(device)
    output = network(batch.tokens, batch.visible, batch.timesteps, batch.labels)
    return image_losses(output, batch.target, batch.weight).cpu().double()
