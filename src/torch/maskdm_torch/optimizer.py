"""How a step changes the weights: learning rate, clipping, AdamW (Loshchilov & Hutter 2019) and moving average."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim.adamw import adamw

# Updates during which the moving average just copies the weights.
EMA_COPY_UPDATES = 100
ADAM_EPSILON = 1e-8


def learning_rate(stage: Any, step: int) -> float:
    """Of a step counted from 0: linear warm-up lr (k+1)/warmup, then constant, or half a cosine down to 0 at the last
    step.

    stage: a section `pretrain` or `finetune`.
    """
    if step < stage.warmup_steps:
        return stage.lr * (step + 1) / stage.warmup_steps
    if stage.lr_schedule == "constant":
        return stage.lr
    progress = min(1, (step - stage.warmup_steps) / max(1, stage.steps - stage.warmup_steps))
    return stage.lr * (1 + math.cos(math.pi * progress)) / 2


def ema_decay(update: int, cap: float) -> float:
    """Of an update counted from 1: a copy for the first 100, then 1 - (1+k)^(-2/3) with k counted from there,
    capped."""
    k = update - EMA_COPY_UPDATES - 1
    return 0 if k <= 0 else min(cap, 1 - (1 + k) ** (-2 / 3))


class AdamW:
    """The moments of some tensors, and their updates by PyTorch's own formula, which is the TypeScript engine's."""

    def __init__(self, raw: Sequence[Tensor], stage: Any) -> None:
        self.raw = list(raw)
        self.stage = stage
        self.first = [torch.zeros_like(tensor) for tensor in raw]
        self.second = [torch.zeros_like(tensor) for tensor in raw]
        # One kernel for all tensors, where the device has it; it counts beside the weights.
        device = raw[0].device if raw else torch.device("cpu")
        self.is_fused = device.type in ("cpu", "cuda")
        self.counts = list(torch.zeros(len(raw), device=device if self.is_fused else "cpu").unbind())

    def update(self, step: int) -> None:
        """With the gradients of step's batch, counted from 0."""
        if not self.raw:  # more processes than tensors
            return
        # The function, not the class, which takes seconds to import a compiler.
        adamw(
            self.raw,
            [tensor.grad for tensor in self.raw],
            self.first,
            self.second,
            [],
            self.counts,
            fused=self.is_fused,
            foreach=not self.is_fused,
            amsgrad=False,
            maximize=False,
            lr=learning_rate(self.stage, step),
            beta1=self.stage.betas[0],
            beta2=self.stage.betas[1],
            weight_decay=self.stage.weight_decay,
            eps=ADAM_EPSILON,
        )

    def set_count(self, updates: int) -> None:
        """Updates that the moments have had."""
        for count in self.counts:
            count.fill_(updates)


def gradient_norm(parameters: Sequence[Tensor]) -> Tensor:
    """Euclidean norm of the whole gradient, a scalar where the gradients are."""
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm([p.grad for p in parameters])))


def clip_gradient(parameters: Sequence[Tensor], norm: Tensor, largest: float) -> None:
    """Scales the gradients of some tensors down, of which the norm of all is larger than that."""
    factor = torch.where(norm > largest, largest / (norm + 1e-6), 1)
    torch._foreach_mul_([p.grad for p in parameters], factor)


def average(ema: Sequence[Tensor], raw: Sequence[Tensor], decay: float) -> None:
    """ema = raw + decay (ema - raw), an exact copy at 0."""
    torch._foreach_lerp_(ema, raw, 1 - decay)
