"""Who keeps what: AdamW's moments and the moving average, divided among processes (ZeRO-1, Rajbhandari et al. 2020).

Weights and gradients are whole in every process, 8 bytes a parameter; the other 12 are needed but once.
"""

from __future__ import annotations

from collections.abc import Sequence

#: What is divided, by the names that moments have in a checkpoint.
KINDS = ("ema", "exp_avg", "exp_avg_sq")
_IN_EVERY_PROCESS, _DIVIDED = 8, 12


def owners_of(sizes: Sequence[int], count: int) -> list[int]:
    """The process that keeps each tensor, of `count`: the largest first, each to the one that has the least so far."""
    owners, filled = [0] * len(sizes), [0] * count
    for index in sorted(range(len(sizes)), key=lambda index: -sizes[index]):
        owner = filled.index(min(filled))
        owners[index] = owner
        filled[owner] += sizes[index]
    return owners


def bytes_of_state(parameters: int, count: int) -> float:
    """Weights, gradients, moments and moving average of a process that keeps an even part of `count`."""
    return parameters * (_IN_EVERY_PROCESS + _DIVIDED / count)
