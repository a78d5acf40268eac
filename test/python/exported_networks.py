"""What exported folders predict and draw, in a process that knows nothing of the package maskdm_torch.

    {"cases": [{"folder", "images": [n, H, W, C], "timesteps", "labels" or null, "count"}], "diffusers": bool}

on stdin; for each case {"predicted", "drawn"} on stdout, [n, H, W, C] as flat lists. With diffusers what is drawn begins with
the noise of the folder's sibling "plain", which is the plain module of the same network.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path

request = json.load(sys.stdin)
os.environ.update(HF_HUB_OFFLINE="1", HF_MODULES_CACHE=request["cache"])

import torch  # noqa: E402

torch.set_num_threads(1)


def plain(folder):
    spec = importlib.util.spec_from_file_location("model", Path(folder) / "model.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["model"] = module
    spec.loader.exec_module(module)
    return module


def of_plain(case, images, timesteps, labels):
    model = plain(case["folder"]).load_model()
    with torch.no_grad():
        return model(images, timesteps, labels), model.draw(case["count"])


def of_diffusers(case, images, timesteps, labels):
    from diffusers import DiffusionPipeline
    from diffusers.utils import logging

    logging.set_verbosity_error()
    pipeline = DiffusionPipeline.from_pretrained(case["folder"], trust_remote_code=True)
    pipeline.set_progress_bar_config(disable=True)
    with torch.no_grad():
        predicted = pipeline.transformer(images, timesteps, labels).sample
    module = plain(case["plain"])
    size = images[0].numel()
    noise = module.Streams(case["seed"], "pretrain", "sampleInit").normals(0, torch.arange(case["count"]), size)
    _, height, width, channels = case["shape"]
    latents = noise.view(-1, height, width, channels).permute(0, 3, 1, 2)
    drawn = pipeline(batch_size=case["count"], latents=latents, output_type="pt").images
    return predicted, drawn * 2 - 1


def flat(images):
    return images.permute(0, 2, 3, 1).flatten().tolist()


replies = []
for case in request["cases"]:
    images = torch.tensor(case["images"]).view(case["shape"]).permute(0, 3, 1, 2)
    labels = None if case["labels"] is None else torch.tensor(case["labels"])
    of = of_diffusers if request["diffusers"] else of_plain
    predicted, drawn = of(case, images, torch.tensor(case["timesteps"]), labels)
    replies.append({"predicted": flat(predicted), "drawn": flat(drawn)})
assert "maskdm_torch" not in sys.modules
print(json.dumps(replies))
