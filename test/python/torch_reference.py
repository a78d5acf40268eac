"""Answers the Node tests with the networks of the package maskdm_torch, U-ViT and DiT: one JSON request a line on
stdin, one JSON reply a line on stdout.

    {"task": "predict" | "train" | "selftest", "folder", "modelFile", "config": {...}, "batch": B, "visibleTokens": S,
     "labels": bool, "precision": "float32" | "float64"}

Arrays travel as raw little-endian files of the request's folder:
    in   x.f32 [B, H, W, C] · timesteps.i32 [B] · visible.i32 [B, S] · labels.i32 [B] · target.f32 [B, F, p*p*C] · weights.f32 [B]
    out  output.f32 [B, F, p*p*C] (predict) · gradients.safetensors (train; float32, every parameter)
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

import equivalence
import golden
import network_selftest
import own_network
import random_streams
from maskdm_torch.networks import NetworkShape, network_of
from maskdm_torch.objective import image_losses
from maskdm_torch.tokens import gather_tokens, images_to_tokens


class Request:
    """One request with its weights and its arrays."""

    def __init__(self, values: dict) -> None:
        self.folder = Path(values["folder"])
        self.dtype = getattr(torch, values["precision"])
        self.shape = NetworkShape.of(SimpleNamespace(**values["config"]))
        self.model = network_of(self.shape)
        fixed = {name: tensor.clone() for name, tensor in self.model.named_buffers()}
        self.model.load_state_dict(load_file(values["modelFile"]), strict=True)
        for name, tensor in self.model.named_buffers():
            torch.testing.assert_close(tensor, fixed[name], atol=1e-6, rtol=0)
        self.model.to(self.dtype)
        self.batch, self.kept = values["batch"], values["visibleTokens"]
        size = self.shape.image_size
        self.x = self.floats("x", self.batch, size, size, self.shape.channels)
        self.timesteps = self.integers("timesteps", self.batch)
        self.visible = self.integers("visible", self.batch, self.kept)
        self.labels = self.integers("labels", self.batch) if values["labels"] else None
        everything = torch.arange(self.shape.tokens).expand(self.batch, -1)
        self.fed = self.visible if self.shape.mode == "drop" else everything

    def floats(self, name: str, *shape: int) -> Tensor:
        values = np.fromfile(self.folder / f"{name}.f32", dtype="<f4")
        return torch.from_numpy(values).reshape(shape).to(self.dtype)

    def integers(self, name: str, *shape: int) -> Tensor:
        values = np.fromfile(self.folder / f"{name}.i32", dtype="<i4")
        return torch.from_numpy(values).reshape(shape).long()

    def output(self) -> Tensor:
        """Raw network output, [B, F, p*p*C]."""
        tokens = gather_tokens(images_to_tokens(self.x, self.shape.patch_size), self.fed)
        return self.model(tokens, self.visible, self.timesteps, self.labels)


def predict(values: dict) -> dict:
    request = Request(values)
    with torch.no_grad():
        output = request.output()
    output.numpy().astype(np.dtype("<f4")).tofile(request.folder / "output.f32")
    return {}


def train(values: dict) -> dict:
    request = Request(values)
    target = request.floats("target", request.batch, request.fed.shape[1], request.shape.token_elements)
    loss = image_losses(request.output(), target, request.floats("weights", request.batch)).mean()
    loss.backward()
    gradients = {
        name: (torch.zeros_like(parameter) if parameter.grad is None else parameter.grad).float().contiguous()
        for name, parameter in request.model.named_parameters()
        if parameter.requires_grad
    }
    save_file(gradients, request.folder / "gradients.safetensors")
    return {"loss": loss.item()}


def selftest(_: dict) -> dict:
    return {"held": network_selftest.run()}


def main() -> None:
    torch.set_num_threads(1)  # the networks of the tests are tiny, and other tests run beside
    tasks = {
        "predict": predict,
        "train": train,
        "selftest": selftest,
        "updates": equivalence.updates,
        "draw": equivalence.draw,
        "golden": golden.golden_task,
        "own network": own_network.answer,
        "streams": random_streams.answer,
    }
    for line in sys.stdin:
        values = json.loads(line)
        try:
            reply = {"ok": True, **tasks[values["task"]](values)}
        except Exception as error:
            reply = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
