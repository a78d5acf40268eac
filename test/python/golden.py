"""Compares the package maskdm_torch with the recorded numbers of test/fixtures/torch/golden.json, without Node: on any
device.

    python test/python/golden.py [--device cuda] [--compile]

The file holds ten updates of tiny experiments by the TypeScript engine; `UPDATE_EXPECTED=1 npx vitest run
test/unit/torch/golden` writes it anew. Prints how far each experiment is off, and ends with 1 where one is off by more
than engines may differ.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from pathlib import Path

import torch
from torch import Tensor

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src/torch"))

from equivalence import experiment_of, train

FILE = Path(__file__).resolve().parents[1] / "fixtures/torch/golden.json"
# Of the loss; of the gradient's norm and its values, relative; of weights after ten updates.
LIMITS = {"loss": 1e-5, "gradient": 1e-4, "weights": 1e-4}


def deviations(golden: dict, device: str = "cpu", is_compiled: bool = False) -> dict[str, float]:
    """How far one experiment is off in each respect; "plan" is 0 or 1."""
    crc, updates = 0, len(golden["losses"])
    steps = train(experiment_of(golden["experiment"]), golden["stage"], updates, device, is_compiled)
    off = dict.fromkeys(LIMITS, 0.0)
    for plan, _, metrics, state in steps:
        for part in (plan.indices, plan.timesteps, plan.flips, plan.dropped_labels, plan.visible):
            crc = zlib.crc32(part.cpu().int().contiguous().numpy().astype("<i4").tobytes(), crc)
        loss, norm = golden["losses"][state.step - 1], golden["norms"][state.step - 1]
        off["loss"] = max(off["loss"], abs(metrics.losses.mean().item() - loss) / max(1, loss))
        off["gradient"] = max(off["gradient"], abs(metrics.gradient_norm.item() - norm) / norm)
        if state.step == 1:
            for name, numbers in golden["moments"].items():
                ours = fingerprint(state.tensors()["optimizer"][f"exp_avg.{name}"])
                largest = max(map(abs, numbers))
                # Gradients that are nothing but rounding are not compared.
                if largest > 1e-7:
                    off["gradient"] = max(off["gradient"], *(abs(a - b) / largest for a, b in zip(ours, numbers)))
    for kind in ("raw", "ema"):
        for name, numbers in golden[kind].items():
            ours = fingerprint(state.tensors()[kind][name])
            off["weights"] = max(off["weights"], *(abs(a - b) for a, b in zip(ours, numbers)))
    return {"plan": float(f"{crc:08x}" != golden["plan"]), **off}


def fingerprint(tensor: Tensor) -> list[float]:
    """Root mean square, and the values at three places."""
    values = tensor.detach().flatten().double().cpu()
    return [values.square().mean().sqrt().item(), *(values[i * len(values) // 3].item() for i in range(3))]


def golden_task(values: dict) -> dict:
    variants = json.loads(Path(values["file"]).read_text("utf-8"))
    return {"deviations": {variant["title"]: deviations(variant) for variant in variants}}


def main() -> int:
    parser = argparse.ArgumentParser(description="Compares the PyTorch engine with recorded numbers of the other one.")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    worst = 0.0
    # Products of float32 in float32, those of convolutions, too.
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    for variant in json.loads(FILE.read_text("utf-8")):
        off = deviations(variant, options.device, options.compile)
        worst = max(worst, off["plan"] * 2, *(off[name] / limit for name, limit in LIMITS.items()))
        print(f"{variant['title']:60} " + "  ".join(f"{name} {value:.1e}" for name, value in off.items()))
    print("equal" if worst < 1 else "NOT equal")
    return 0 if worst < 1 else 1


if __name__ == "__main__":
    sys.exit(main())
