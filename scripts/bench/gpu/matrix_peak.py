"""What the device reaches at best: square bf16 matrix products, and copies within its memory, on random data."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch


def synchronise(device: torch.device) -> None:
    """Waits until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def best_seconds(call: Callable[[], object], device: torch.device, seconds: float) -> float:
    """Of one call: the least mean of five blocks of calls that together take about so long."""
    call()
    synchronise(device)
    start = time.perf_counter()
    call()
    synchronise(device)
    count = max(1, int(seconds / 5 / max(1e-6, time.perf_counter() - start)))
    means = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(count):
            call()
        synchronise(device)
        means.append((time.perf_counter() - start) / count)
    return min(means)


def matrix_peak(device: torch.device, sizes: list[int], seconds: float) -> dict:
    """The quickest of the sizes, and bytes read and written by a copy of the largest of their matrices, several times over."""
    rates = {}
    for size in sizes:
        a, b = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
        rates[size] = 2 * size**3 / best_seconds(lambda: a @ b, device, seconds / len(sizes))
    largest = max(rates, key=rates.__getitem__)
    source = torch.randn(8, max(sizes), max(sizes), device=device)
    target = torch.empty_like(source)
    copying = best_seconds(lambda: target.copy_(source), device, seconds / len(sizes))
    return {
        "flopsPerSecond": rates[largest],
        "size": largest,
        "copyBytesPerSecond": 2 * source.numel() * source.element_size() / copying,
    }
