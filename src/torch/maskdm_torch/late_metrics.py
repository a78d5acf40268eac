"""Metrics of a step on their way from the device to the processor, which looks at them a step later."""

from __future__ import annotations

from dataclasses import replace

import torch

from .training_state import StepMetrics


class LateMetrics:
    """Sent as soon as their step is queued: a device does one thing after the other, so a copy that is asked for once
    the next step is queued waits for that step, too."""

    def __init__(self, metrics: StepMetrics) -> None:
        sent = {k: v if v is None else v.to("cpu", non_blocking=True) for k, v in vars(metrics).items()}
        self._metrics = replace(metrics, **sent)
        self._arrived: torch.cuda.Event | None = None
        if metrics.losses.is_cuda:
            self._arrived = torch.cuda.Event()
            self._arrived.record(torch.cuda.current_stream(metrics.losses.device))

    def read(self) -> StepMetrics:
        """On the processor. Waits until they are there."""
        if self._arrived is not None:
            self._arrived.synchronize()
        return self._metrics
