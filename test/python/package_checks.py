"""What is seen from inside of the package maskdm_torch alone. Prints {check: what is wrong, or null} as JSON.

Steps on a device are looked at on PyTorch's device "meta", which computes nothing: there tensors of two devices do not
mix, as on a GPU, and whoever reads a number of a tensor fails, as a GPU would be waited for.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from maskdm_torch import about, batch_plan, batches, cli, compiled, engine, held_out, metal, streams, training_state
from maskdm_torch.batch_plan import BatchPlanner
from maskdm_torch.batch_source import BatchSource
from maskdm_torch.batches import Assembler
from maskdm_torch.dataset import Images
from maskdm_torch.engine import StartWeights
from maskdm_torch.experiment import Experiment, parse_experiment
from maskdm_torch.json_schema import load_schema
from maskdm_torch.late_metrics import LateMetrics
from maskdm_torch.networks import build_network
from maskdm_torch.process_identity import _look_up_windows
from maskdm_torch.run_lock import lock_new
from maskdm_torch.samplers import denoiser_of, sample_images
from maskdm_torch.training_state import StepMetrics, TrainingState

UVIT = {"patch_size": 4, "embed_dim": 32, "depth": 3, "num_heads": 2}
DIT = {**UVIT, "depth": 1, "backbone": "dit"}
CLASSES = {"num_classes": 3, "class_dropout": 0.3}
CASES = (
    {"model": {**UVIT, **CLASSES, "qk_norm": "rms"}, "mask": {"strategy": "crop", "mode": "fuse", "fuse_blocks": 1}},
    {"model": DIT, "mask": {"strategy": "patch"}, "diffusion": {"process": "flow", "prediction": "v"}},
    {"model": UVIT, "mask": {"strategy": "stratified", "mode": "route"}},
    {
        "model": {**UVIT, "output_conv": "residual", "norm": "rms", "mlp": "swiglu"},
        "mask": {"strategy": "block", "block_size": 2},
        "diffusion": {"timestep_distribution": "logit_normal"},
    },
)


def experiment_of(sections: dict, seed: int = 7) -> Experiment:
    values = {
        **sections,
        "data": {"path": ".", "image_size": 32, "labels": "folders", "hflip": 0.5, **sections.get("data", {})},
        "mask": {"rate": 0.75, **sections.get("mask", {})},
        "pretrain": {"steps": 5, "batch_size": 4, "clip_grad": 0.1},
        "seed": seed,
    }
    return parse_experiment(json.dumps(values))


def steps_on_meta(experiment: Experiment) -> StepMetrics:
    """Two steps, each in two passes. -> the second one's metrics"""
    device = torch.device("meta")
    state = TrainingState(
        build_network(experiment, device=device),
        experiment,
        "pretrain",
        micro_batch_size=2,
        precision="bfloat16",
        is_compiled=True,
    )
    planner, assembler = (
        BatchPlanner(experiment, "pretrain", 7, device, True),
        Assembler(experiment, device, None, True),
    )
    pixels, labels = torch.zeros(7, 32, 32, 3, dtype=torch.uint8, device=device), torch.zeros(7, device=device).long()
    for step in range(2):
        plan = planner.plan(step)
        batch = assembler.assemble(planner, plan, pixels[plan.indices], labels[plan.indices])
        metrics = state.update(batch, want_gradient_norm=True)
    return metrics


@contextlib.contextmanager
def compiling(how: Callable):
    """With another way to compile; meta has no autocast, whose casts the processor's tests go through."""
    with contextlib.ExitStack() as stack:
        for module in (batch_plan, batches, training_state):
            stack.enter_context(mock.patch.object(module, "compiled", how))
        stack.enter_context(mock.patch.object(torch, "autocast", lambda *_, **__: contextlib.nullcontext()))
        yield


def a_step_does_not_wait_for_its_device() -> None:
    with compiling(lambda function, _: function):
        for sections in CASES:
            metrics = steps_on_meta(experiment_of(sections))
            assert {value.device.type for value in vars(metrics).values()} == {"meta"}


class _NoFloat64(TorchDispatchMode):
    """What Metal refuses is refused on meta."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # noqa: ANN001, ANN204
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, (tuple, list)) else (result,):
            if isinstance(tensor, torch.Tensor) and tensor.device.type == "meta":
                assert tensor.dtype not in (torch.float64, torch.complex128), f"{func} on a device without float64"
        return result


def _of_shape(tensor: torch.Tensor) -> torch.Tensor:
    return torch.zeros(tensor.shape, dtype=tensor.dtype)


def a_device_without_float64_is_asked_for_none() -> None:
    meta = torch.device("meta")
    with (
        compiling(lambda function, _: function),
        mock.patch.object(streams, "WITHOUT_FLOAT64", {"meta"}),
        mock.patch.object(torch.Tensor, "cpu", _of_shape),
        _NoFloat64(),
    ):
        for sections in CASES:
            experiment = experiment_of({**sections, "sample": {"sampler": "ancestral", "steps": 3}})
            state = engine.training_state(experiment, "pretrain", None, meta, Path(), print)
            images = Images(
                [""] * 7, np.zeros((7, 32, 32, 3), np.uint8), np.arange(7), np.zeros(7, np.int64), [b""] * 7
            )
            metrics = state.update(BatchSource(experiment, "pretrain", images, meta).batch(0), True)
            assert metrics.losses.device == meta
            labels = torch.zeros(2).long() if experiment.model.num_classes > 0 else None
            (drawn,) = sample_images(denoiser_of(state.network, experiment), experiment, 2, labels=labels, device=meta)
            assert (drawn.device, drawn.shape) == (meta, (2, 32, 32, 3))
            assert held_out.held_out_loss(experiment, images, state.network, meta, lambda: None) == (0, 0)
    # The check itself sees it.
    try:
        with _NoFloat64():
            torch.zeros(1, dtype=torch.float64, device=meta)
    except AssertionError:
        return
    raise AssertionError("float64 went through")


UNSTEADY = """
import torch

class Net(torch.nn.Module):
    calls = 0

    def __init__(self, shape):
        super().__init__()
        self.layer = torch.nn.Linear(shape.token_elements, shape.token_elements)

    def forward(self, tokens, positions, timesteps, labels):
        Net.calls += 1
        return Net.calls * self.layer(tokens)
"""


def metal_is_used_where_it_computes_the_same() -> None:
    here = torch.device("cpu")
    for sections in CASES:
        assert metal.failure(here, experiment_of(sections), "pretrain", Path()) is None
    # Which computes nothing that could be compared.
    wrong = metal.failure(torch.device("meta"), experiment_of(CASES[0]), "finetune", Path())
    assert wrong is not None and wrong.startswith("meta cannot train this network ("), wrong
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "unsteady.py").write_text(UNSTEADY)
        unsteady = experiment_of({"model": {"backbone": "unsteady:Net", "patch_size": 4}})
        wrong = metal.failure(here, unsteady, "pretrain", Path(name))
        assert wrong is not None and wrong.startswith("cpu computes another loss than the processor (by "), wrong
        told: list[str] = []
        with mock.patch.object(metal, "failure", return_value="mps failed"):
            assert metal.proven(torch.device("mps"), unsteady, "pretrain", Path(name), told.append) == here
            assert metal.proven(torch.device("meta"), unsteady, "pretrain", Path(name), told.append).type == "meta"
        assert told == ["mps failed: the processor computes instead"]


def a_step_is_compiled_without_breaks() -> None:
    def whole(function: Callable, _: bool) -> Callable:
        return torch.compile(function, dynamic=False, backend="eager", fullgraph=True)

    with compiling(whole):
        for sections in CASES[:2]:
            steps_on_meta(experiment_of(sections))


def what_cannot_be_compiled_runs_as_it_is_and_is_counted() -> None:
    def broken(*_: object) -> Callable:
        raise RuntimeError("no compiler")

    with mock.patch.object(torch, "compile", partial(torch.compile, backend=broken)):
        doubled = compiled.compiled(lambda x: 2 * x, True)
        before = compiled.given_up()
        assert doubled(torch.ones(1)).item() == 2
    assert (before, compiled.given_up()) == (0, 1)
    # No traceback of it.
    assert not logging.getLogger("torch._dynamo.convert_frame").isEnabledFor(logging.WARNING)


def metrics_arrive_as_they_were() -> None:
    metrics = StepMetrics(torch.tensor([1.0, 2.0]), torch.tensor(3.0), torch.tensor([4, 5]), None)
    assert LateMetrics(metrics).read() == metrics


def bfloat16_is_chosen_where_a_card_has_it() -> None:
    experiment, card = experiment_of(CASES[0]), torch.device("cuda", 0)
    for capability, precision in (((7, 5), "float32"), ((8, 0), "bfloat16"), ((12, 0), "bfloat16")):
        with mock.patch("torch.cuda.get_device_capability", lambda _, found=capability: found):
            assert engine.precision_of(experiment, card) == precision
    assert engine.precision_of(experiment, torch.device("cpu")) == "float32"


def attention_takes_no_memory_of_a_card() -> None:
    whole = {"model": {**UVIT, "patch_size": 1}, "mask": {"strategy": "none"}}
    of = [engine._bytes_per_image(experiment_of(whole), "pretrain", torch.device(kind)) for kind in ("cpu", "cuda")]
    # Matrices of 2 heads and 1,024² tokens before the gradients of 4 blocks.
    assert of[0] - of[1] == 4 * 4 * 2 * 1024**2


def dropout_is_off_where_a_network_is_looked_at() -> None:
    network = nn.Sequential(nn.Dropout(0.5), nn.Sequential(nn.Dropout(0.5)))
    network[1].eval()
    with engine.evaluating(network):
        assert not any(module.training for module in network.modules())
    assert [module.training for module in network.modules()] == [True, True, False, False]


OWN = """
import torch

class Net(torch.nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.first = torch.nn.Linear(shape.token_elements, shape.token_elements)
        self.tied = self.first
        self.frozen = torch.nn.Linear(2, 2).requires_grad_(False)
        self.register_buffer("drawn", torch.randn(4))

    def forward(self, tokens, positions, timesteps, labels):
        return self.first(tokens)
"""


def what_an_own_network_does_not_learn_belongs_to_its_weights() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, device = Path(name), torch.device("cpu")
        (folder / "drawn_once.py").write_text(OWN)
        sections = {"model": {"backbone": "drawn_once:Net", "patch_size": 4}}
        one, other = (experiment_of(sections, seed) for seed in (1, 2))

        def note(line: str) -> None:
            raise AssertionError(line)

        trained = engine.training_state(one, "pretrain", None, device, folder, note)
        for tensor in trained.ema:
            tensor += 1
        for which, tensors in trained.tensors().items():
            save_file({key: tensor.clone() for key, tensor in tensors.items()}, folder / f"{which}.safetensors")
        started = engine.training_state(
            other, "pretrain", StartWeights(folder / "raw.safetensors"), device, folder, note
        ).network
        drawing = engine.drawing_network(other, folder / "ema.safetensors", folder, device)
        for network in (started, drawing):
            for key in ("drawn", "frozen.weight"):
                assert torch.equal(network.state_dict()[key], trained.network.state_dict()[key]), key
        assert torch.equal(drawing.first.weight, trained.network.first.weight + 1)


def a_lock_that_was_released_stays_so() -> None:
    with tempfile.TemporaryDirectory() as name:
        lock = lock_new(Path(name))
        lock.release()
        lock.renew()
        assert json.loads((Path(name) / "lock-0001.json").read_text())["released"] is True


def a_process_that_windows_does_not_know_is_gone() -> None:
    for said, found in (("gone\r\n", "gone"), ("133773912345678901\r\n", "alive"), ("", "unknown")):
        with mock.patch("subprocess.run", return_value=SimpleNamespace(stdout=said)):
            assert _look_up_windows(1)[0] == found


def a_folder_is_no_package() -> None:
    with tempfile.TemporaryDirectory() as name, mock.patch.object(sys, "path", [*sys.path, name]):
        (Path(name) / "no_package_here").mkdir()
        with mock.patch.object(about, "PACKAGES", {"json": "json", "no_package_here": "some-package"}):
            assert about.missing_packages() == ["some-package"]


def a_card_without_memory_is_told() -> None:
    error = torch.cuda.OutOfMemoryError(
        "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 9"
    )
    told = io.StringIO()
    with mock.patch.object(cli, "_run", side_effect=error), contextlib.redirect_stderr(told):
        assert cli.main(["sample", "run"]) == 1
    assert "too little memory (CUDA out of memory. Tried to allocate 2.00 GiB)" in told.getvalue(), told.getvalue()


def schemas_say_nothing_that_is_not_checked() -> None:
    checked = {"type", "anyOf", "enum", "const", "default", "pattern", "properties", "required", "additionalProperties"}
    checked |= {"items", "minItems", "maxItems", "minLength", "maxLength"}
    checked |= {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    # For people; what else is a text or any JSON; and lists of so many items have minItems and maxItems, too.
    unneeded = {"$schema", "title", "description", "format", "propertyNames", "$defs", "$ref", "additionalItems"}

    def keywords(schema: dict) -> set[str]:
        below = [*schema.get("properties", {}).values(), schema.get("additionalProperties"), *schema.get("anyOf", [])]
        below += schema["items"] if isinstance(schema.get("items"), list) else [schema.get("items")]
        return set(schema).union(*(keywords(part) for part in below if isinstance(part, dict)))

    for name in ("experiment", "run", "status", "checkpoint"):
        found = {word for word in keywords(load_schema(f"{name}.schema.json")) if not word.startswith("x-")}
        assert found <= checked | unneeded, found - checked - unneeded


CHECKS = (
    schemas_say_nothing_that_is_not_checked,
    a_step_does_not_wait_for_its_device,
    a_device_without_float64_is_asked_for_none,
    metal_is_used_where_it_computes_the_same,
    a_step_is_compiled_without_breaks,
    what_cannot_be_compiled_runs_as_it_is_and_is_counted,
    metrics_arrive_as_they_were,
    bfloat16_is_chosen_where_a_card_has_it,
    attention_takes_no_memory_of_a_card,
    dropout_is_off_where_a_network_is_looked_at,
    what_an_own_network_does_not_learn_belongs_to_its_weights,
    a_lock_that_was_released_stays_so,
    a_process_that_windows_does_not_know_is_gone,
    a_folder_is_no_package,
    a_card_without_memory_is_told,
)


def problem(check: Callable[[], None]) -> str | None:
    try:
        check()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


if __name__ == "__main__":
    torch.set_num_threads(1)
    wanted = sys.argv[1:]
    print(json.dumps({c.__name__: problem(c) for c in CHECKS if not wanted or c.__name__ in wanted}))
