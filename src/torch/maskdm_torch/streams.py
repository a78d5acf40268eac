"""Random streams addressed by (seed, stage, stream, step, item): docs/random-streams.md, to the bit.

Everything is tensor arithmetic on whole numbers below 2^32 held in int64, so that it happens where its tensors are, on
the processor or on a device, for all images of a batch together, and a device is never asked anything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Stage = Literal["pretrain", "finetune"]

# Part of the run format: numbers are only ever added.
STREAMS = {
    "order": 1,
    "mask": 2,
    "timestep": 3,
    "noise": 4,
    "flip": 5,
    "labelDrop": 6,
    "init": 7,
    "sampleInit": 8,
    "sampleStep": 9,
    "heldOutOrder": 10,
    "heldOutNoise": 11,
    "toyPoints": 12,
}
STAGES = {"pretrain": 0, "finetune": 1}

WORD = 0xFFFFFFFF
WORDS = 2**32

#: Kinds of devices without float64, which uniform and normal numbers are worked out in.
WITHOUT_FLOAT64 = frozenset({"mps"})


def drawn_on(device: torch.device) -> torch.device:
    """Where the streams for a device are worked out: on it, or on the processor where it cannot."""
    return torch.device("cpu") if device.type in WITHOUT_FLOAT64 else device


def philox(counter: tuple[Tensor, Tensor, Tensor, Tensor], key: tuple[int, int]) -> tuple[Tensor, ...]:
    """Philox 4x32-10 (Salmon et al. 2011): counters, lowest word first, that broadcast against each other -> four words
    each."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        # The products of two words take all 64 bits; as signed numbers they may be negative, the bits are the same.
        product0 = c0 * 0xD2511F53
        product1 = c2 * 0xCD9E8D57
        c0, c1, c2, c3 = (
            ((product1 >> 32) & WORD) ^ c1 ^ k0,
            product1 & WORD,
            ((product0 >> 32) & WORD) ^ c3 ^ k1,
            product0 & WORD,
        )
        k0 = (k0 + 0x9E3779B9) & WORD
        k1 = (k1 + 0xBB67AE85) & WORD
    return c0, c1, c2, c3


@dataclass(frozen=True)
class Streams:
    """The streams of one purpose."""

    seed: int
    stage: Stage
    stream: str

    def blocks(self, step: int | Tensor, items: Tensor, blocks: Tensor) -> Tensor:
        """Words of any blocks: step, items and blocks broadcast against each other, to [...] -> [..., 4]."""
        place = torch.full_like(blocks, STREAMS[self.stream] + 256 * STAGES[self.stage])
        step = step if isinstance(step, Tensor) else torch.full_like(blocks, step)
        key = (self.seed & WORD, self.seed >> 32)
        return torch.stack(torch.broadcast_tensors(*philox((blocks, items & WORD, step & WORD, place), key)), dim=-1)

    def words(self, step: int | Tensor, items: Tensor, count: int) -> Tensor:
        """The first words of the streams of the items [n] -> [n, at least count]."""
        blocks = torch.arange(math.ceil(count / 4), device=items.device)
        return self.blocks(step, items[:, None], blocks).flatten(1)

    def uniform(self, step: int | Tensor, items: Tensor) -> Tensor:
        """The first uniform number in [0, 1) of each item [n] -> [n] float64, exact."""
        return self.words(step, items, 1)[:, 0].double() / WORDS

    def integers(self, step: int | Tensor, items: Tensor, bounds: Tensor, largest: int) -> Tensor:
        """One number below each bound [k], drawn one after the other, for each of the items [n] -> [n, k].

        largest: of the bounds, which a device is not asked for.
        """
        count = len(bounds)
        return below(self.words(step, items, count + 8 + count * largest // 2**31), bounds)

    def normals(self, step: int | Tensor, items: Tensor, count: int, scale: float = 1) -> Tensor:
        """Standard normals times a scale for each of the items [n] -> [n, count] float32."""
        return box_muller(self.words(step, items, count), scale)[:, :count]


def below(words: Tensor, bounds: Tensor) -> Tensor:
    """Whole numbers below bounds [k] from words [n, more than k], without bias -> [n, k].

    A word at or above the largest multiple of its bound is thrown away, and all later draws take the word behind
    theirs. On a device, which is not asked whether any was, that is looked for four times: a mask of 4,096
    tokens throws away a word once in 1,000 images, and five of them once in 10^17.
    """
    limits = WORDS - WORDS % bounds
    places = torch.arange(len(bounds), device=words.device).expand(len(words), -1)
    for attempt in range(4 if words.device.type != "cpu" else words.shape[1]):
        rejected = words.gather(1, places) >= limits
        if words.device.type == "cpu" and not rejected.any():
            break
        # Only the first one of an image is known to be its draw's: the later ones move on.
        places = places + (rejected.cumsum(1) > 0)
    return words.gather(1, places) % bounds


def without_replacement(draws: Tensor, size: int) -> Tensor:
    """The first entries of a shuffle of 0 … size-1 (Fisher-Yates from the front).

    In turn for i = 0, 1, … the entries i and j are swapped, where j = i + draws[:, i] and draws[:, i] is below
    size - i. draws [n, k] -> [n, k]

    All swaps at once: entry i ends as what stood at j before swap i. That is what the latest earlier swap with the same
    j put there, the entry i' that was at i' then; and that was put there by the latest swap before it that had i' for
    its j, if any. So each swap has at most one predecessor, and the chains of predecessors are followed by doubling.
    """
    count = draws.shape[1]
    index = torch.arange(count, device=draws.device).expand_as(draws)
    partner = index + draws
    # The latest swap i' < i whose partner was i; itself where there is none.
    latest = torch.full((len(draws), size), -1, device=draws.device).scatter_reduce(
        1, partner, torch.where(draws > 0, index, -1), "amax"
    )[:, :count]
    origin = torch.where(latest >= 0, latest, index)
    # By logarithm, which PyTorch 2.4 compiles; it knows no bit_length.
    for _ in range(max(1, math.ceil(math.log2(count + 1)))):
        origin = origin.gather(1, origin)
    # The latest swap before i with the same partner: the neighbour, where they are in order of partner, then of i.
    ordered, order = partner.sort(dim=1, stable=True)
    same = ordered[:, 1:] == ordered[:, :-1]
    found = torch.where(same, origin.gather(1, order[:, :-1]), ordered[:, 1:])
    return torch.empty_like(partner).scatter(1, order, torch.cat([ordered[:, :1], found], dim=1))


def permutation(streams: Streams, item: int, size: int) -> Tensor:
    """0 … size-1 in the order of one item -> [size], on the processor."""
    return shuffled(streams, 0, torch.tensor([item]), size, size)[0]


def shuffled(streams: Streams, step: int | Tensor, items: Tensor, size: int, count: int) -> Tensor:
    """count of 0 … size-1, drawn without replacement for each of the items [n] -> [n, count], in the order of
    drawing."""
    bounds = size - torch.arange(count, device=items.device)
    return without_replacement(streams.integers(step, items, bounds, size), size)


def box_muller(words: Tensor, scale: float = 1) -> Tensor:
    """Four normals of each block of four words: [..., 4 k] -> [..., 4 k] float32, worked out in float64."""
    pairs = words.double().unflatten(-1, (-1, 2))
    radius = scale * torch.sqrt(-2 * torch.log((pairs[..., 0] + 1) / WORDS))
    angle = 2 * math.pi * pairs[..., 1] / WORDS
    return torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], dim=-1).flatten(-2).float()
