"""A trained network of MaskDM Studio, from config.json and model.safetensors beside this file. Needs torch and
safetensors.

    python model.py --out grid.png --count 16 --seed 0

    from model import load_model
    model = load_model()                          # a torch.nn.Module
    output = model(images, timesteps, labels)     # what it predicts of noisy images, [B, C, H, W]
    images = model.draw(16, seed=0)               # [16, C, H, W], about [-1, 1]
"""

from __future__ import annotations

import argparse
import json
import math
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ..networks import network_of
from ..networks.shape import shape_of
from ..samplers import denoiser_of, sample_images
from ..tokens import of_whole_images

BATCH = 16
SEPARATOR = 2
SEPARATOR_GREY = 128
COMFORTABLE_SIDE = 64


class Model(nn.Module):
    """A network with what it was trained for: the sections of its experiment file, as config.json has them."""

    def __init__(self, config: SimpleNamespace) -> None:
        super().__init__()
        self.config = config
        self.network = network_of(shape_of(config))

    def forward(self, images: Tensor, timesteps: Tensor, labels: Tensor | None = None) -> Tensor:
        """What config.diffusion.prediction names, of images [B, C, H, W] that are noisy as at timesteps [B].

        timesteps: whole numbers, 0 (hardly any noise) to T - 1; labels [B]: classes, config.model.num_classes for none
        """
        patch_size = self.config.model.patch_size
        rows = of_whole_images(self.network, images.permute(0, 2, 3, 1), timesteps, labels, patch_size)
        return rows.permute(0, 3, 1, 2)

    def draw(self, count: int, seed: int | None = None, labels: Sequence[int] | None = None) -> Tensor:
        """Images [count, C, H, W] as config.sample says. The same seed gives the images that the studio draws.

        labels: classes that take turns; None: all, or those of config.sample.classes
        """
        config = self.config
        device = next(self.parameters()).device
        turns = labels or config.sample.classes or range(config.model.num_classes)
        own = torch.tensor([turns[i % len(turns)] for i in range(count)]) if config.model.num_classes else None
        seeded = SimpleNamespace(**{**vars(config), "seed": config.seed if seed is None else seed})
        ask = denoiser_of(self.network, config)
        batches = sample_images(ask, seeded, count, labels=own, batch_size=min(BATCH, count), device=device)
        return torch.cat(list(batches)).permute(0, 3, 1, 2)


def load_model(folder: str | Path = Path(__file__).parent, device: str = "cpu") -> Model:
    """The network of a folder that `maskdm export --pytorch` wrote."""
    text = (Path(folder) / "config.json").read_text("utf-8")
    model = Model(json.loads(text, object_hook=lambda section: SimpleNamespace(**section)))
    model.network.load_state_dict(load_file(Path(folder) / "model.safetensors"))
    return model.to(device).eval()


def grid(images: Tensor) -> Tensor:
    """Images [n, C, H, W] as one picture, uint8 [height, width, C], as square as it gets, small ones enlarged."""
    count, channels, size, _ = images.shape
    columns = math.ceil(math.sqrt(count))
    scale = max(1, COMFORTABLE_SIDE // size)
    pitch = size * scale + SEPARATOR
    height, width = math.ceil(count / columns) * pitch + SEPARATOR, columns * pitch + SEPARATOR
    picture = torch.full((height, width, channels), SEPARATOR_GREY, dtype=torch.uint8)
    pixels = ((images.cpu().float() + 1) * 127.5).nan_to_num(0, 255, 0).clamp(0, 255).round().to(torch.uint8)
    pixels = pixels.repeat_interleave(scale, 2).repeat_interleave(scale, 3).permute(0, 2, 3, 1)
    for place, image in enumerate(pixels):
        top, left = (SEPARATOR + at * pitch for at in divmod(place, columns))
        picture[top : top + len(image), left : left + len(image)] = image
    return picture


def png(picture: Tensor) -> bytes:
    """A picture of 1 or 3 channels, uint8 [height, width, C], as a PNG file."""
    height, width, channels = picture.shape
    rows = b"".join(b"\0" + bytes(row.flatten().tolist()) for row in picture)
    header = struct.pack(">IIBBBBB", width, height, 8, 0 if channels == 1 else 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Draws images with the weights beside this file.")
    parser.add_argument("--out", type=Path, default=Path("grid.png"), help="PNG to write (default: %(default)s)")
    parser.add_argument("--count", type=int, help="images in the grid")
    parser.add_argument("--seed", type=int, help="seed of the noise")
    parser.add_argument("--sampler", choices=["ddim", "ancestral", "dpmpp_2m", "euler", "heun"])
    parser.add_argument("--steps", type=int, help="network evaluations per image")
    parser.add_argument("--guidance", type=float, help="1: as learned; 2 or 3 show the class more clearly")
    parser.add_argument("--label", type=int, action="append", help="number of a class; may be repeated")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    model = load_model(device=options.device)
    sample = model.config.sample
    for name in ("count", "sampler", "steps", "guidance"):
        if getattr(options, name) is not None:
            setattr(sample, name, getattr(options, name))
    options.out.write_bytes(png(grid(model.draw(sample.count, options.seed, options.label))))
    print(options.out)


if __name__ == "__main__":
    main()
