"""Programs for one size of batch, by torch.compile."""

from __future__ import annotations

import importlib.util
import logging
import sys
from collections.abc import Callable
from typing import TypeVar

import torch

F = TypeVar("F", bound=Callable)

# Each border of a mask schedule has another size, and so has a last micro-batch; PyTorch would give up after eight.
_MOST_SIZES = 64


def can_compile(device: torch.device) -> bool:
    """Whether it pays: on a graphics card for which there is a compiler. On a processor it takes a minute and gains
    little."""
    return device.type == "cuda" and importlib.util.find_spec("triton") is not None


def compiled(function: F, is_wanted: bool) -> F:
    """The function, compiled for each size that it is called with; what cannot be compiled runs as it is."""
    if not is_wanted:
        return function
    import torch._dynamo  # takes seconds

    torch._dynamo.config.suppress_errors = True
    # It tells that by a traceback; given_up() tells how often.
    logging.getLogger("torch._dynamo").setLevel(logging.ERROR)
    torch._dynamo.config.cache_size_limit = _MOST_SIZES
    return torch.compile(function, dynamic=False)


def given_up() -> int:
    """How many functions could not be compiled and run as they are, more slowly."""
    if "torch._dynamo" not in sys.modules:
        return 0
    frames = torch._dynamo.utils.counters["frames"]
    return int(frames["total"] - frames["ok"])
