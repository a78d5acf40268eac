"""A network of MaskDM Studio as a model of Hugging Face diffusers."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from diffusers.models.modeling_outputs import Transformer2DModelOutput
from torch import Tensor

from ..networks import network_of
from ..networks.shape import NetworkShape
from ..tokens import of_whole_images


class MaskDMTransformer2DModel(ModelMixin, ConfigMixin):
    """sample_size: pixels of a side; in_channels: of an image; shape: fields of NetworkShape; drawing: how its
    experiment draws, with the names of classes by number."""

    @register_to_config
    def __init__(self, sample_size: int, in_channels: int, shape: dict[str, Any], drawing: dict[str, Any]) -> None:
        super().__init__()
        self.network = network_of(NetworkShape(**shape))

    def forward(
        self,
        sample: Tensor,
        timestep: Tensor | int,
        class_labels: Tensor | None = None,
        return_dict: bool = True,
    ) -> Transformer2DModelOutput | tuple[Tensor]:
        """sample [B, C, H, W], one timestep or one for each image, class_labels [B]: num_classes for none."""
        timesteps = torch.as_tensor(timestep, device=sample.device).long().reshape(-1).expand(len(sample))
        rows = sample.permute(0, 2, 3, 1)
        output = of_whole_images(self.network, rows, timesteps, class_labels, self.config.shape["patch_size"])
        output = output.permute(0, 3, 1, 2)
        return Transformer2DModelOutput(sample=output) if return_dict else (output,)
