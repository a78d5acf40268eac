"""Updates on noise by all processes that torchrun starts, and once more by the first alone.

    torchrun --nproc-per-node=2 ranks.py REQUEST.json

The request: [{"experiment": {…}, "stage", "updates", "images", "folder"}]. The leader starts from weights that no other
process has. Each folder gets together/ and alone/: raw, ema and optimizer.safetensors, steps.json with losses,
timesteps and gradient norms, and kept.json with the bytes of moments and moving average that each process keeps. So do
changed/, of which the first half was done alone, and left/, of which the second half was.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path

import torch
from equivalence import experiment_of
from safetensors.torch import load_file, save_file

from maskdm_torch.batch_plan import BatchPlanner
from maskdm_torch.batches import Assembler, TrainingBatch
from maskdm_torch.distributed import Alone, ProcessGroup, TrainingEnded, join_ranks
from maskdm_torch.division import KINDS
from maskdm_torch.networks import build_network
from maskdm_torch.training_state import TrainingState


def train(request: dict, ranks: Alone | ProcessGroup, name: str, first: int, until: int) -> None:
    """Steps first to until - 1, from what the folder `name` holds where first is not 0, and leaves them in it."""
    folder = Path(request["folder"]) / name
    experiment, stage, count = experiment_of(request["experiment"]), request["stage"], request["images"]
    data = experiment.data
    torch.manual_seed(0)
    pixels = torch.randint(0, 256, (count, data.image_size, data.image_size, data.channels), dtype=torch.uint8)
    labels = torch.arange(count) % max(1, experiment.model.num_classes)
    experiment.seed += ranks.rank
    network = build_network(experiment)
    experiment.seed -= ranks.rank
    micro = getattr(experiment, stage).micro_batch_size
    state = TrainingState(network, experiment, stage, micro_batch_size=None if micro == "auto" else micro, ranks=ranks)
    if first > 0 and ranks.rank == 0:
        state.load(*(load_file(folder / f"{which}.safetensors") for which in ("raw", "ema", "optimizer")), first)
    planner, assembler = BatchPlanner(experiment, stage, count), Assembler(experiment)
    if isinstance(ranks, ProcessGroup):
        ranks.share(state)
    kept = torch.tensor([sum(tensor.nbytes for kind in KINDS for tensor in state.kept(kind))])

    def batch_of(step: int) -> TrainingBatch:
        plan = planner.plan(step, ranks.slots(planner.batch_size))
        return assembler.assemble(planner, plan, pixels[plan.indices], labels[plan.indices])

    of_all = ranks.gather(kept).tolist()
    if ranks.rank > 0:
        with suppress(TrainingEnded):
            while True:
                state.update(batch_of(state.step))
        return
    steps = []
    for step in range(first, until):
        metrics = state.update(batch_of(step), want_gradient_norm=True)
        steps.append(
            {
                "losses": metrics.losses.tolist(),
                "timesteps": metrics.timesteps.tolist(),
                "nothing": metrics.nothing.item(),
                "norm": metrics.gradient_norm.item(),
            }
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kept.json").write_text(json.dumps(of_all))
    (folder / "steps.json").write_text(json.dumps(steps))
    for which, tensors in state.tensors().items():
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / f"{which}.safetensors")


def main(requests: list[dict]) -> None:
    torch.set_num_threads(1)
    with join_ranks() as group:
        for request in requests:
            half, end = request["updates"] // 2, request["updates"]
            if group.rank == 0:
                train(request, Alone(), "alone", 0, end)
                train(request, Alone(), "changed", 0, half)
            for name, first, until in (("together", 0, end), ("left", 0, half), ("changed", half, end)):
                train(request, group, name, first, until)
                group.end()
            if group.rank == 0:
                train(request, Alone(), "left", half, end)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
