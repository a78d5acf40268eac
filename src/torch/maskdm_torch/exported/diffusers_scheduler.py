"""The straight path from image to noise (`diffusion.process: flow`) as a scheduler of Hugging Face diffusers, for which
it has none: timesteps are whole numbers, the velocity is image minus noise, and the image is clamped."""

from __future__ import annotations

from types import SimpleNamespace

import torch
from diffusers import ConfigMixin, SchedulerMixin
from diffusers.configuration_utils import register_to_config
from diffusers.schedulers.scheduling_utils import SchedulerOutput
from diffusers.utils.torch_utils import randn_tensor
from torch import Tensor

from ..samplers import Step, ddim, level_at, predicted, sampling_times
from ..schedule import noise_schedule


class MaskDMFlowScheduler(SchedulerMixin, ConfigMixin):
    """DDIM (Song et al. 2021) between x0 and noise; with eta 0 Euler's method. prediction_type: "epsilon", "v" or
    "x0"."""

    order = 1
    init_noise_sigma = 1.0

    @register_to_config
    def __init__(self, num_train_timesteps: int = 1000, prediction_type: str = "v", clip_sample: bool = True) -> None:
        self.levels = noise_schedule(SimpleNamespace(process="flow", timesteps=num_train_timesteps))
        self.set_timesteps(num_train_timesteps)

    def set_timesteps(self, num_inference_steps: int, device: torch.device | str | None = None) -> None:
        """Evenly spaced, the noisiest first."""
        total = self.config.num_train_timesteps
        times = sampling_times(total, min(num_inference_steps, total))
        self.next_of = dict(zip(times, times[1:]))
        self.timesteps = torch.tensor(times[:-1], device=device)

    def scale_model_input(self, sample: Tensor, timestep: Tensor | int | None = None) -> Tensor:
        return sample

    def step(
        self,
        model_output: Tensor,
        timestep: Tensor | int,
        sample: Tensor,
        eta: float = 0.0,
        generator: torch.Generator | None = None,
        return_dict: bool = True,
    ) -> SchedulerOutput | tuple[Tensor]:
        """From sample, at a timestep of set_timesteps, to the next one."""
        t = int(timestep)
        prediction, clip = self.config.prediction_type, self.config.clip_sample
        x0, epsilon = predicted(prediction, model_output, sample, self.levels, t, clip)
        step = Step(
            x=sample,
            x0=x0,
            epsilon=epsilon,
            start=level_at(self.levels, t),
            end=level_at(self.levels, self.next_of[t]),
            noise=lambda: randn_tensor(sample.shape, generator=generator, device=sample.device, dtype=sample.dtype),
            predict_next=lambda x: (x0, epsilon),
        )
        following = ddim(step, eta)
        return SchedulerOutput(prev_sample=following) if return_dict else (following,)
