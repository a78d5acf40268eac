"""First values of the networks' tensors, from the `init` streams (docs/random-streams.md): those of the TypeScript
engine.

A tensor's place among the network's, in the order of its checkpoint, is its item in the stream: the lists here are in
that order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..streams import WORDS, Streams
from .shape import NetworkShape


@dataclass(frozen=True)
class Normal:
    """Around 0."""

    deviation: float


@dataclass(frozen=True)
class Uniform:
    """In ±bound, or by Xavier's law (Glorot & Bengio 2010), whose bound follows from the tensor's shape."""

    bound: float | None = None

    def bound_of(self, weight: Tensor) -> float:
        return self.bound or math.sqrt(6 / (weight.shape[0] + weight[0].numel()))


Law = Normal | Uniform | float  # a number: the same everywhere
SMALL = Normal(0.02)
XAVIER = Uniform()


def initialise(network: nn.Module, shape: NetworkShape, seed: int) -> None:
    """Gives all learned tensors of a network their first values."""
    parameters, laws = dict(network.named_parameters()), initial_laws(shape)
    if parameters.keys() != laws.keys():
        raise AssertionError(f"not the tensors that have first values: {sorted(parameters.keys() ^ laws.keys())}")
    for place, (name, law) in enumerate(laws.items()):
        parameters[name].data.copy_(first_values(law, parameters[name], place, seed))


def first_values(law: Law, tensor: Tensor, place: int, seed: int) -> Tensor:
    """Those of a tensor, drawn row by row."""
    streams, item, count = Streams(seed, "pretrain", "init"), torch.tensor([place]), tensor.numel()
    if isinstance(law, Normal):
        return streams.normals(0, item, count, law.deviation).view_as(tensor)
    if isinstance(law, Uniform):
        uniform = streams.words(0, item, count)[:, :count].double() / WORDS
        return (law.bound_of(tensor) * (2 * uniform - 1)).view_as(tensor)
    return torch.full_like(tensor, law)


def initial_laws(shape: NetworkShape) -> dict[str, Law]:
    """The law of each learned tensor, in the order of the checkpoint."""
    laws = uvit_laws(shape) if shape.backbone == "uvit" else dit_laws(shape)
    if shape.mode == "fuse":
        # As in SPRINT's published code.
        laws.update({"fuse.mask_token": SMALL, **linear("fuse.linear", XAVIER)})
    if shape.output_conv == "residual":
        laws.update(linear("output_conv", 0))
    return laws


def uvit_laws(shape: NetworkShape) -> dict[str, Law]:
    """Of the method; its truncation at ±2 lies a hundred deviations out."""
    # PyTorch's own law for a convolution, and for an embedding, which the method's code leaves there.
    patch = Uniform(1 / math.sqrt(shape.token_elements))
    laws: dict[str, Law] = {"encoder.patch_embed.proj.weight": patch, "encoder.patch_embed.proj.bias": patch}
    if shape.positions == "learned":
        laws["encoder.encoder_pos_embed"] = SMALL
    if shape.num_classes:
        laws.update({"encoder.label_emb.weight": Normal(1), "encoder.uncond_embed": SMALL})
    if shape.time_embedding == "mlp":
        laws.update({**linear("encoder.time_embed.0", SMALL), **linear("encoder.time_embed.2", SMALL)})
    biases = {"q_bias": 0.0, "v_bias": 0.0} if shape.qkv_bias else {}
    half = shape.depth // 2
    inner = [*(f"encoder.in_blocks.{i}" for i in range(half)), "encoder.mid_block"]
    for name in [*inner, *(f"encoder.out_blocks.{i}" for i in range(half))]:
        if name not in inner:
            laws.update(linear(f"{name}.skip_linear", SMALL))
        laws.update(norm(f"{name}.norm1", shape))
        laws.update(attention(f"{name}.attn", shape, {"qkv.weight": SMALL, **biases}, SMALL))
        laws.update(norm(f"{name}.norm2", shape))
        laws.update(mlp(f"{name}.mlp", shape, SMALL))
    return {**laws, **norm("encoder.norm", shape), **linear("encoder_to_output", SMALL)}


def dit_laws(shape: NetworkShape) -> dict[str, Law]:
    """Of the published code: every block begins as the identity, and the output at zero."""
    laws = linear("x_embedder.proj", XAVIER)
    laws.update({**linear("t_embedder.mlp.0", SMALL), **linear("t_embedder.mlp.2", SMALL)})
    if shape.num_classes:
        laws["y_embedder.embedding_table.weight"] = SMALL
    for name in (f"blocks.{i}" for i in range(shape.depth)):
        laws.update(attention(f"{name}.attn", shape, linear("qkv", XAVIER), XAVIER))
        laws.update(mlp(f"{name}.mlp", shape, XAVIER))
        laws.update(linear(f"{name}.adaLN_modulation.1", 0))
    return {**laws, **linear("final_layer.linear", 0), **linear("final_layer.adaLN_modulation.1", 0)}


def linear(name: str, weight: Law) -> dict[str, Law]:
    return {f"{name}.weight": weight, f"{name}.bias": 0}


def norm(name: str, shape: NetworkShape) -> dict[str, Law]:
    return {f"{name}.weight": 1} if shape.norm == "rms" else {f"{name}.weight": 1, f"{name}.bias": 0}


def attention(name: str, shape: NetworkShape, qkv: dict[str, Law], weight: Law) -> dict[str, Law]:
    gains = {"q_norm.weight": 1.0, "k_norm.weight": 1.0} if shape.qk_norm == "rms" else {}
    return {f"{name}.{tensor}": law for tensor, law in {**qkv, **gains, **linear("proj", weight)}.items()}


def mlp(name: str, shape: NetworkShape, weight: Law) -> dict[str, Law]:
    first, last = ("w12", "w3") if shape.mlp == "swiglu" else ("fc1", "fc2")
    return {**linear(f"{name}.{first}", weight), **linear(f"{name}.{last}", weight)}
