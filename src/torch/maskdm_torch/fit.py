"""Whether the tensors of a file are those of a network, and what of them is taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from torch import Tensor

from .errors import UserError

_MAX_LISTED = 10
_MAX_NAMED = 5


def without_prefix(
    given: Mapping[str, np.ndarray], own: Iterable[str], source: str, note: Callable[[str], None]
) -> dict[str, np.ndarray]:
    """Takes off what wrappers put before the names, such as DataParallel's `module.`, where the model's own names are
    what remains.

    Raises UserError where the file holds several networks beside one another, each under a prefix.
    """
    names = set(own)
    if any(name in names for name in given):
        return dict(given)
    # What stands before more than half of the names: a single one may end like one of the model's by chance.
    counts = Counter(
        name[: dot + 1] for name in given for dot, c in enumerate(name) if c == "." and name[dot + 1 :] in names
    )
    found = [prefix for prefix, count in counts.items() if count > min(len(names), len(given)) / 2]
    if len(found) > 1:
        shown = ", ".join(f'"{prefix}"' for prefix in found)
        raise UserError(
            f"{source} holds {len(found)} networks, with names that begin with {shown}. Save the "
            "weights of one of them as a file of their own."
        )
    if not found:
        return dict(given)
    note(f'the names in {source} begin with "{found[0]}", which is left off')
    return {name.removeprefix(found[0]): tensor for name, tensor in given.items()}


def fitting(
    given: Mapping[str, np.ndarray], own: Mapping[str, Tensor], constants: Iterable[str], source: str
) -> dict[str, Tensor]:
    """The tensors by the names of `own`, those learned or the moments. constants: what a file may hold besides.

    Raises UserError naming what does not fit, or where values are no finite numbers.
    """
    problems = []
    for name, tensor in own.items():
        shape = list(tensor.shape)
        if name not in given:
            problems.append(f"{name}: missing, {shape} is needed")
        elif list(given[name].shape) != shape:
            problems.append(f"{name}: {list(given[name].shape)} there, {shape} is needed")
    extra = [name for name in given if name not in own and name not in set(constants)]
    problems += [f"{name}: not a tensor of this model" for name in extra]
    if problems:
        lines = [f"  {problem}" for problem in problems[:_MAX_LISTED]]
        more = [f"  and {len(problems) - _MAX_LISTED} more"] if len(problems) > _MAX_LISTED else []
        left_out = "; what is no tensor of the model has to be left out of the file" if extra else ""
        raise UserError(
            f"{source} does not fit this experiment's model:\n" + "\n".join([*lines, *more]) + "\n"
            f"Give model and data the same sizes in both experiments, or start from another checkpoint{left_out}."
        )
    broken = [name for name in own if not np.isfinite(given[name]).all()]
    if broken:
        others = f" and {len(broken) - _MAX_NAMED} more tensors" if len(broken) > _MAX_NAMED else ""
        raise UserError(
            f"{source} holds values that are not finite numbers, in "
            f"{', '.join(broken[:_MAX_NAMED])}{others}. Start from another checkpoint."
        )
    return {name: torch.from_numpy(np.array(given[name], np.float32)) for name in own}
