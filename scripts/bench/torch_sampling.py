"""DDIM with a PyTorch U-ViT (method section 6), one step at a time."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from maskdm_torch.networks import NetworkShape
from maskdm_torch.tokens import images_to_tokens, tokens_to_images

TIMESTEPS = 1000


def linear_alphas_cumprod(timesteps: int) -> Tensor:
    scale = 1000 / timesteps
    betas = torch.linspace(1e-4 * scale, 0.02 * scale, timesteps, dtype=torch.float64)
    return torch.cumprod(1 - betas, dim=0)


class Sampler:
    """Draws images, or walks one trajectory after the other in pieces."""

    def __init__(self, config: NetworkShape, model) -> None:
        self.config = config
        self.model = model
        self.alphas = linear_alphas_cumprod(TIMESTEPS).tolist()
        self.walk: Iterator[Tensor] | None = None
        self.shape: tuple[int, ...] = ()
        self.steps = 0

    def draw(self, noise: Tensor, steps: int, eta: float) -> Tensor:
        """x_T [B, H, W, C] -> images in [-1, 1]."""
        images = noise
        for images in self.trajectory(noise, steps, eta):
            pass
        return images

    def begin(self, batch: int, steps: int) -> None:
        """Makes ready for `advance`, with as much noise a step as the method has (eta = 1)."""
        side = self.config.image_size
        self.shape = (batch, side, side, self.config.channels)
        self.steps = steps
        self.walk = self.trajectory(torch.randn(self.shape), steps, 1.0)

    def advance(self, n: int) -> None:
        for _ in range(n):
            if next(self.walk, None) is None:
                self.walk = self.trajectory(torch.randn(self.shape), self.steps, 1.0)
                next(self.walk)

    def trajectory(self, x: Tensor, steps: int, eta: float) -> Iterator[Tensor]:
        """x after each step; the last is the image, clamped as every predicted image is."""
        visible = torch.arange(self.config.tokens).expand(len(x), -1)
        times = [i * TIMESTEPS // steps - 1 for i in range(steps, -1, -1)]
        for time, following in zip(times, times[1:]):
            alpha = self.alphas[time]
            after = self.alphas[following] if following >= 0 else 1.0
            with torch.no_grad():
                patches = images_to_tokens(x, self.config.patch_size)
                output = self.model(patches, visible, torch.full((len(x),), time))
                epsilon = tokens_to_images(output, self.config.patch_size, self.config.channels)
                x0 = ((x - (1 - alpha) ** 0.5 * epsilon) / alpha**0.5).clamp_(-1, 1)
                sigma = eta * ((1 - after) / (1 - alpha) * (1 - alpha / after)) ** 0.5
                x = after**0.5 * x0 + max(0.0, 1 - after - sigma**2) ** 0.5 * epsilon
                if sigma > 0:
                    x = x + sigma * torch.randn_like(x)
            yield x
