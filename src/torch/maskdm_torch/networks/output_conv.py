"""A convolution on the image that a network puts out, which lets patches agree where they meet
(docs/hidden-tokens.md)."""

from __future__ import annotations

from torch import Tensor, nn

from ..tokens import images_to_tokens, tokens_to_images
from .shape import NetworkShape


class OutputConv(nn.Conv2d):
    """y + conv3x3(y) over whole images; tokens of which some are absent stay as they are."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__(shape.channels, shape.channels, 3, padding=1)
        self.shape = shape

    def forward(self, output: Tensor) -> Tensor:
        """[B, F, p*p*C] -> the same"""
        if output.shape[1] < self.shape.tokens:
            return output
        images = tokens_to_images(output, self.shape.patch_size, self.shape.channels)
        change = super().forward(images.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return output + images_to_tokens(change, self.shape.patch_size)


def output_layer(shape: NetworkShape) -> nn.Module:
    """What follows a network's own output layer."""
    return nn.Identity() if shape.output_conv == "none" else OutputConv(shape)
