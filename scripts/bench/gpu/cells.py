"""What is measured: networks, mask rates and batches, as experiments; and the ways to train them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

# By id: what the report says of each, in the order of its tables.
WAYS = {
    "published": "the published loop: fp16 autocast with a GradScaler; whole images noised and embedded, then dropped; attention as two "
    "products and a softmax; AdamW and moving average tensor by tensor",
    "published-sdpa": "the same, its attention by scaled_dot_product_attention",
    "eager": "maskdm_torch, eager, bf16 autocast",
    "compiled": "maskdm_torch as it trains on a GPU: compiled, bf16 autocast",
}
# What ratios are of, and what they are to.
OURS, BASELINE = "compiled", "published"


@dataclass(frozen=True)
class Cell:
    """A network at one mask rate; names are the experiment file's keys where it has them."""

    model: str
    backbone: str
    image_size: int
    patch_size: int
    embed_dim: int
    depth: int
    num_heads: int
    batch_size: int
    # images resident on the device
    images: int
    mask_rate: float = 0.0

    def values(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def name(self) -> str:
        return f"{self.model}, m = {self.mask_rate:g}"

    def experiment(self) -> str:
        """An experiment file's text."""
        steps = {"steps": 1_000_000, "batch_size": self.batch_size, "betas": [0.99, 0.99], "weight_decay": 0.03}
        keys = ("backbone", "patch_size", "embed_dim", "depth", "num_heads")
        return json.dumps(
            {
                "data": {"path": ".", "image_size": self.image_size},
                "model": {key: getattr(self, key) for key in keys},
                "mask": {"strategy": "patch", "rate": self.mask_rate},
                "pretrain": steps,
            }
        )


# Sizes of the method (MaskDM-S and -B; DiT-B of Peebles & Xie 2022) with patches that give 256 tokens, and 1,024 once.
MODELS = (
    Cell("B, 256 px", "uvit", 256, 16, 768, 12, 12, batch_size=256, images=8192),
    Cell("B, 256 px, 1,024 tokens", "uvit", 256, 8, 768, 12, 12, batch_size=64, images=8192),
    Cell("S, 64 px", "uvit", 64, 4, 512, 13, 8, batch_size=256, images=65536),
    Cell("DiT-B, 256 px", "dit", 256, 16, 768, 12, 12, batch_size=256, images=8192),
)
# What the targets need first: time may run out.
RATES = (0.0, 0.9, 0.5, 0.75)


def all_cells(rates: list[float], is_tiny: bool) -> list[Cell]:
    """In the order in which they are measured. is_tiny: of a shape that a processor trains in milliseconds."""
    models = [_tiny(model) for model in MODELS] if is_tiny else MODELS
    return [replace(model, mask_rate=rate) for rate in rates for model in models]


def _tiny(model: Cell) -> Cell:
    """4 x 4 tokens, or 8 x 8 where the model has 1,024."""
    side = 32 if model.image_size // model.patch_size > 16 else 16
    return replace(model, image_size=side, patch_size=4, embed_dim=32, depth=2, num_heads=2, batch_size=4, images=12)
