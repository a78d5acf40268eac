"""Draws images with a trained network (docs/diffusion.md). Noise comes from streams addressed by image number, so that
an image does not depend on the batch that it is drawn in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from .objective import to_x0_and_epsilon
from .schedule import NoiseSchedule, noise_schedule
from .streams import Streams, drawn_on
from .tokens import of_whole_images

# The network on noisy images x_t [B, H, W, C], all at one timestep, with their classes [B]: its raw output [B, H, W,
# C].
Denoiser = Callable[[Tensor, int, "Tensor | None"], Tensor]


@dataclass(frozen=True)
class Level:
    """x = signal · x0 + noise · ε"""

    signal: float
    noise: float


CLEAN = Level(1, 0)


@dataclass(frozen=True)
class SampleStep:
    """One step of one batch's trajectory."""

    # number of the batch's first image within what is drawn
    first: int
    # counted from 0, of `steps`
    step: int
    steps: int
    # where the step started, and where it arrived (-1: clean)
    timestep: int
    next_timestep: int
    # before the step, the image predicted from it, and after the step [B, H, W, C]
    xt: Tensor
    x0: Tensor
    x_next: Tensor


def trajectory_steps(sample: Any, timesteps: int) -> int:
    """Steps of a trajectory: heun asks the network twice in each but the last. No sampler takes more than T."""
    return min(math.ceil(sample.steps / 2) if sample.sampler == "heun" else sample.steps, timesteps)


def sampling_times(timesteps: int, steps: int) -> list[int]:
    """Evenly spaced times from T-1 down to -1, the clean image: steps + 1 of them."""
    return [i * timesteps // steps - 1 for i in range(steps, -1, -1)]


def denoiser_of(network: nn.Module, experiment: Any) -> Denoiser:
    """A network as samplers ask it, with classifier-free guidance (Ho & Salimans 2022) as the section `sample` has
    it."""
    model, diffusion, sample = experiment.model, experiment.diffusion, experiment.sample

    @torch.no_grad()
    def ask(x: Tensor, timestep: int, labels: Tensor | None) -> Tensor:
        timesteps = torch.full((len(x),), timestep, device=x.device)
        return of_whole_images(network, x, timesteps, labels, model.patch_size).float()

    return guided(ask, model.num_classes, sample.guidance, sample.guidance_interval, diffusion.timesteps)


def guided(ask: Denoiser, classes: int, guidance: float, interval: Sequence[float], timesteps: int) -> Denoiser:
    """A network of so many classes (0: none) with classifier-free guidance in an interval, two shares of the T
    timesteps."""
    first, last = (math.floor(share * (timesteps - 1) + 0.5) for share in interval)

    def call(x: Tensor, timestep: int, labels: Tensor | None) -> Tensor:
        scale = guidance if classes > 0 and first <= timestep <= last else 1
        if scale == 1:
            return ask(x, timestep, labels)
        without = ask(x, timestep, torch.full_like(labels, classes))
        return without if scale == 0 else scale * ask(x, timestep, labels) + (1 - scale) * without

    return call


def sample_images(
    denoiser: Denoiser,
    experiment: Any,
    count: int,
    *,
    labels: Tensor | None = None,
    first_image: int = 0,
    batch_size: int | None = None,
    device: torch.device | str = "cpu",
    on_step: Callable[[SampleStep], None] | None = None,
) -> Iterator[Tensor]:
    """Draws `count` images batch by batch, the first of which has the number first_image among those of the seed.

    labels: class of each [count], None for an unconditional model -> batches [B, H, W, C], about [-1, 1]
    """
    batch_size = batch_size or count
    device = torch.device(device)
    for start in range(0, count, batch_size):
        stop = min(start + batch_size, count)
        items = torch.arange(first_image + start, first_image + stop, device=drawn_on(device))
        own = None if labels is None else labels[start:stop].to(device)
        yield _draw(denoiser, experiment, items, own, start, device, on_step)


def _draw(
    denoiser: Denoiser,
    experiment: Any,
    items: Tensor,
    labels: Tensor | None,
    first: int,
    device: torch.device,
    on_step: Callable[[SampleStep], None] | None,
) -> Tensor:
    data, diffusion, sample = experiment.data, experiment.diffusion, experiment.sample
    shape = (len(items), data.image_size, data.image_size, data.channels)
    schedule = noise_schedule(diffusion)
    steps = trajectory_steps(sample, diffusion.timesteps)
    times = sampling_times(diffusion.timesteps, steps)
    stepper = _stepper(sample)

    def noise(stream: str, step: int) -> Tensor:
        # Sampling is no stage of training: a pretrained and a finetuned model start from the same noise.
        streams = Streams(experiment.seed, "pretrain", stream)
        return streams.normals(step, items, math.prod(shape[1:])).view(shape).to(device)

    def predict(x: Tensor, t: int) -> tuple[Tensor, Tensor]:
        return predicted(diffusion.prediction, denoiser(x, t, labels), x, schedule, t, sample.clip)

    x = noise("sampleInit", 0)
    for step, (t, t_next) in enumerate(zip(times, times[1:])):
        x0, epsilon = predict(x, t)
        xt = x
        x = stepper(
            Step(
                x=x,
                x0=x0,
                epsilon=epsilon,
                start=level_at(schedule, t),
                end=level_at(schedule, t_next),
                noise=lambda step=step: noise("sampleStep", step),
                predict_next=lambda x, t=t_next: predict(x, t),
            )
        )
        if on_step:
            on_step(SampleStep(first, step, steps, t, t_next, xt, x0, x))
    return x


def level_at(schedule: NoiseSchedule, timestep: int) -> Level:
    """-1: the clean image."""
    return Level(schedule.signal[timestep].item(), schedule.noise[timestep].item()) if timestep >= 0 else CLEAN


def predicted(
    prediction: str, output: Tensor, xt: Tensor, schedule: NoiseSchedule, t: int, clip: bool
) -> tuple[Tensor, Tensor]:
    """Image and noise that a network's output for x_t implies. clip: the image within [-1, 1]; predicted noise stays,
    else it is derived again where the clamp did something."""
    x0, epsilon = to_x0_and_epsilon(prediction, output, xt, schedule, t)
    if not clip:
        return x0, epsilon
    inside, level = x0.clamp(-1, 1), level_at(schedule, t)
    if prediction == "epsilon":
        return inside, epsilon
    return inside, torch.where(inside == x0, epsilon, (xt - level.signal * inside) / level.noise)


@dataclass(frozen=True)
class Step:
    """What a sampler's step starts from."""

    x: Tensor
    x0: Tensor
    epsilon: Tensor
    start: Level
    end: Level
    # fresh standard normals
    noise: Callable[[], Tensor]
    # the network's image and noise of another x, at the end of the step; not where that is clean
    predict_next: Callable[[Tensor], tuple[Tensor, Tensor]]


def _stepper(sample: Any) -> Callable[[Step], Tensor]:
    """Takes one step after the other of one trajectory: some remember the one before."""
    return {
        "ddim": lambda: lambda s: ddim(s, sample.eta),
        "euler": lambda: lambda s: ddim(s, 0),
        "heun": lambda: heun,
        "ancestral": lambda: ancestral,
        "dpmpp_2m": DpmSolver2M,
    }[sample.sampler]()


def posterior(start: Level, end: Level) -> tuple[float, float, float]:
    """q(x_t' | x_t, x0) (Ho et al. 2020, eq. 6 and 7): factors of x0 and of x_t, and the deviation."""
    kept = start.signal / end.signal
    before, after = start.noise**2, end.noise**2
    added = before - kept**2 * after
    return end.signal * added / before, kept * after / before, math.sqrt(added * after / before)


def ddim(s: Step, eta: float) -> Tensor:
    """Song et al. 2021, eq. 12 and 16; with eta 0 Euler's method on the probability-flow ODE dx = x0 da + ε db."""
    sigma = eta * posterior(s.start, s.end)[2]
    # Rounding may leave a tiny negative number at eta = 1.
    x = s.end.signal * s.x0 + math.sqrt(max(0, s.end.noise**2 - sigma**2)) * s.epsilon
    return x + sigma * s.noise() if sigma > 0 else x


def heun(s: Step) -> Tensor:
    """Euler's step, then half of what the network says of where it arrives; the last step is Euler's."""
    x = ddim(s, 0)
    if s.end.noise == 0:
        return x
    x0, epsilon = s.predict_next(x)
    of_image, of_noise = (s.end.signal - s.start.signal) / 2, (s.end.noise - s.start.noise) / 2
    return x + of_image * (x0 - s.x0) + of_noise * (epsilon - s.epsilon)


def ancestral(s: Step) -> Tensor:
    """Ho et al. 2020: the posterior. The last step returns x0."""
    of_image, of_x, sigma = posterior(s.start, s.end)
    x = of_image * s.x0 + of_x * s.x
    return x + sigma * s.noise() if sigma > 0 else x


class DpmSolver2M:
    """DPM-Solver++(2M) (Lu et al. 2022, algorithm 2). First and last step are of first order."""

    def __init__(self) -> None:
        self.before: tuple[Tensor, float] | None = None

    def __call__(self, s: Step) -> Tensor:
        h = _log_ratio(s.end) - _log_ratio(s.start)
        previous, h_before = self.before or (s.x0, math.inf)
        slope = 0 if s.end.noise == 0 or h_before == math.inf else h / (2 * h_before)
        self.before = (s.x0, h)
        estimate = (1 + slope) * s.x0 - slope * previous
        return s.end.noise / s.start.noise * s.x - s.end.signal * math.expm1(-h) * estimate


def _log_ratio(level: Level) -> float:
    """λ = ln(a/b), infinite where one of them is 0."""
    if level.signal == 0:
        return -math.inf
    return math.inf if level.noise == 0 else math.log(level.signal / level.noise)
