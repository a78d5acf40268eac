"""The random streams of a run in plain Python (3.8 or later, no packages), written from docs/random-streams.md alone.

As a script it reads one JSON object {"plans": [...], "normals": [...], ...} on stdin and writes the answers as JSON: see answer().
"""

from __future__ import annotations

import json
import math
import struct
import sys

WORD = 0xFFFFFFFF
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


def philox(counter, key):
    """Philox 4x32-10: four counter words and two key words, lowest first -> four words."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        product0 = 0xD2511F53 * c0
        product1 = 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (
            (product1 >> 32) ^ c1 ^ k0,
            product1 & WORD,
            (product0 >> 32) ^ c3 ^ k1,
            product0 & WORD,
        )
        k0 = (k0 + 0x9E3779B9) & WORD
        k1 = (k1 + 0xBB67AE85) & WORD
    return [c0, c1, c2, c3]


class Stream:
    """The words of one address, read in order."""

    def __init__(self, seed, stage, stream, step, item):
        self.key = (seed & WORD, seed >> 32)
        self.address = (item & WORD, step & WORD, STREAMS[stream] + 256 * STAGES[stage])
        self.block = 0
        self.left = []

    def seek(self, block):
        self.block = block
        self.left = []
        return self

    def next_block(self):
        words = philox((self.block & WORD, *self.address), self.key)
        self.block += 1
        return words

    def word(self):
        if not self.left:
            self.left = self.next_block()
        return self.left.pop(0)

    def below(self, n):
        limit = 2**32 - 2**32 % n
        while True:
            word = self.word()
            if word < limit:
                return word % n

    def uniform(self):
        return self.word() / 2**32

    def normals(self, count):
        self.left = []
        out = []
        while len(out) < count:
            words = self.next_block()
            for first, second in ((words[0], words[1]), (words[2], words[3])):
                radius = math.sqrt(-2 * math.log((first + 1) / 2**32))
                angle = 2 * math.pi * second / 2**32
                out += [radius * math.cos(angle), radius * math.sin(angle)]
        return out[:count]


def draw_without_replacement(stream, n, count):
    items = list(range(n))
    for i in range(count):
        j = i + stream.below(n - i)
        items[i], items[j] = items[j], items[i]
    return items[:count]


def permutation(seed, stage, epoch, n):
    return draw_without_replacement(Stream(seed, stage, "order", 0, epoch), n, n)


def visible_tokens(mask, grid, stream):
    """mask: {strategy, rate, blockSize, cellSize, cropSize}; ascending token indices of one image."""
    tokens = grid * grid
    strategy = mask["strategy"]
    if strategy == "none":
        return list(range(tokens))
    if strategy == "patch":
        return sorted(draw_without_replacement(stream, tokens, tokens - math.floor(mask["rate"] * tokens)))
    if strategy == "block":
        b = mask["blockSize"]
        side = grid // b
        hidden = math.floor(mask["rate"] * tokens) // (b * b)
        blocks = draw_without_replacement(stream, side * side, side * side - hidden)
        return sorted(
            ((block // side) * b + y) * grid + (block % side) * b + x
            for block in blocks
            for y in range(b)
            for x in range(b)
        )
    if strategy == "stratified":
        n = mask["cellSize"]
        visible = max(1, n * n - math.floor(mask["rate"] * n * n))
        return sorted(
            (top + place // n) * grid + left + place % n
            for top in range(0, grid, n)
            for left in range(0, grid, n)
            for place in draw_without_replacement(stream, n * n, visible)
        )
    c = mask["cropSize"] or max(1, math.floor(math.sqrt((1 - mask["rate"]) * tokens) + 0.5))
    top = stream.below(grid - c + 1)
    left = stream.below(grid - c + 1)
    return [(top + y) * grid + left + x for y in range(c) for x in range(c)]


def float32(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def timestep(config, stream):
    """logitNormal: (mean, deviation), or missing for uniform timesteps."""
    steps = config["timesteps"]
    if "logitNormal" not in config:
        return stream.below(steps)
    mean, deviation = config["logitNormal"]
    u = 1 / (1 + math.exp(-(mean + deviation * float32(stream.normals(1)[0]))))
    return min(steps - 1, max(0, math.floor((1 - u) * steps)))


def plan(config, step):
    """Everything that a step sees except the noise."""
    seed, stage, batch = config["seed"], config["stage"], config["batchSize"]
    size = config["datasetSize"]

    def stream(name, item):
        return Stream(seed, stage, name, step, item)

    permutations = {}
    indices = []
    for slot in range(batch):
        epoch, position = divmod(step * batch + slot, size)
        if epoch not in permutations:
            permutations[epoch] = permutation(seed, stage, epoch, size)
        indices.append(permutations[epoch][position])
    return {
        "indices": indices,
        "timesteps": [timestep(config, stream("timestep", slot)) for slot in range(batch)],
        "flips": [int(stream("flip", slot).uniform() < config["hflip"]) for slot in range(batch)],
        "droppedLabels": [int(stream("labelDrop", slot).uniform() < config["labelDropout"]) for slot in range(batch)],
        "visible": [visible_tokens(config["mask"], config["gridSize"], stream("mask", slot)) for slot in range(batch)],
    }


def token_noise(config, step, slot, token, elements):
    stream = Stream(config["seed"], config["stage"], "noise", step, slot)
    return stream.seek(token * math.ceil(elements / 4)).normals(elements)


def answer(request):
    return {
        "philox": [philox(r["counter"], r["key"]) for r in request.get("philox", [])],
        "words": [[s.word() for _ in range(n)] for s, n in streams(request.get("words", []))],
        "below": [[s.below(r["n"]) for _ in range(r["count"])] for r, s in pairs(request.get("below", []))],
        "normals": [s.normals(n) for s, n in streams(request.get("normals", []))],
        "permutations": [permutation(*r) for r in request.get("permutations", [])],
        "plans": [plan(r["config"], r["step"]) for r in request.get("plans", [])],
        "noise": [token_noise(r["config"], r["step"], r["slot"], r["token"], r["elements"]) for r in request.get("noise", [])],
    }


def pairs(requests):
    return [(request, Stream(*request["address"])) for request in requests]


def streams(requests):
    return [(stream, request["count"]) for request, stream in pairs(requests)]


if __name__ == "__main__":
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
