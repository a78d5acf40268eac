"""What TensorBoard itself reads of a log folder: {"folder": path} on stdin, {run: {"scalars", "images", "texts"}} on stdout."""

import json
import logging
import os
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

logging.disable(logging.INFO)

folder = json.load(sys.stdin)["folder"]
runs = {}
for name in sorted(os.listdir(folder)):
    events = EventAccumulator(
        os.path.join(folder, name), size_guidance={"scalars": 0, "images": 0, "tensors": 0}
    ).Reload()
    tags = events.Tags()
    runs[name] = {
        "scalars": {
            tag: [[event.wall_time, event.step, repr(event.value)] for event in events.Scalars(tag)]
            for tag in tags["scalars"]
        },
        "images": {
            tag: [
                [event.step, event.width, event.height, len(event.encoded_image_string)]
                for event in events.Images(tag)
            ]
            for tag in tags["images"]
        },
        "texts": {
            tag: [tensor_util.make_ndarray(event.tensor_proto).item().decode() for event in events.Tensors(tag)]
            for tag in tags["tensors"]
        },
    }
print(json.dumps(runs))
