"""Draws images with a network of MaskDM Studio as a pipeline of Hugging Face diffusers."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import torch
from diffusers import DiffusionPipeline, ImagePipelineOutput, ModelMixin, SchedulerMixin
from diffusers.utils.torch_utils import randn_tensor
from torch import Tensor

from ..samplers import guided


class MaskDMPipeline(DiffusionPipeline):
    """What a call leaves out is as in transformer.config.drawing, which is how the experiment draws."""

    model_cpu_offload_seq = "transformer"

    def __init__(self, transformer: ModelMixin, scheduler: SchedulerMixin) -> None:
        super().__init__()
        self.register_modules(transformer=transformer, scheduler=scheduler)

    @torch.no_grad()
    def __call__(
        self,
        batch_size: int = 1,
        class_labels: Sequence[int] | None = None,
        guidance_scale: float | None = None,
        num_inference_steps: int | None = None,
        eta: float | None = None,
        generator: torch.Generator | list[torch.Generator] | None = None,
        latents: Tensor | None = None,
        output_type: str = "pil",
        return_dict: bool = True,
    ) -> ImagePipelineOutput | tuple:
        """Draws batch_size images.

        class_labels: numbers of classes that take turns (default: all); guidance_scale: 1 as learned;
        latents [B, C, H, W]: the noise that is begun with; output_type: "pil", "np" or "pt"
        """
        model, scheduler, drawing = self.transformer, self.scheduler, self.transformer.config.drawing
        side, classes = model.config.sample_size, model.config.shape["num_classes"]
        shape = (batch_size, model.config.in_channels, side, side)
        if latents is None:
            latents = randn_tensor(shape, generator=generator, device=self._execution_device, dtype=model.dtype)
        images = latents.to(self._execution_device)
        turns = class_labels or drawing["class_labels"] or range(classes)
        labels = torch.tensor([turns[i % len(turns)] for i in range(len(images))]) if classes else None
        ask = guided(
            lambda x, timestep, own: model(x, timestep, own).sample,
            classes,
            drawing["guidance_scale"] if guidance_scale is None else guidance_scale,
            drawing["guidance_interval"],
            scheduler.config.num_train_timesteps,
        )
        more = {
            "eta": drawing["eta"] if eta is None else eta,
            "use_clipped_model_output": drawing["use_clipped_model_output"],
            "generator": generator,
        }
        known = inspect.signature(scheduler.step).parameters
        more = {name: value for name, value in more.items() if name in known}
        scheduler.set_timesteps(num_inference_steps or drawing["num_inference_steps"])
        for timestep in self.progress_bar(scheduler.timesteps):
            output = ask(images, int(timestep), None if labels is None else labels.to(images.device))
            images = scheduler.step(output, timestep, images, **more).prev_sample
        images = (images / 2 + 0.5).clamp(0, 1)
        if output_type != "pt":
            images = images.cpu().permute(0, 2, 3, 1).float().numpy()
        if output_type == "pil":
            images = self.numpy_to_pil(images)
        self.maybe_free_model_hooks()
        return ImagePipelineOutput(images=images) if return_dict else (images,)
