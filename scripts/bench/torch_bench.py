"""The training step in PyTorch on the CPU, driven step by step: one JSON command a line on stdin, one JSON reply a line on stdout.

    {"cmd": "hello", "threads": 2}                                                 -> {"works", "version", "threads"} or why not
    {"cmd": "begin", "threads": 2}                                                 -> {} and ready for what follows
    {"cmd": "product", "m", "n", "k", "transA", "seconds": 1.5}                    -> {"flopsPerSecond"} of float32 products
    {"cmd": "tune", "config", "maskRate", "batchSize", "microBatch", "seed", "images"}  -> {"attention", "optimizer", "tried"}
    {"cmd": "setup", the same and "attention", "optimizer"}                        -> {"visibleTokens", "parameters"}
    {"cmd": "steps", "n": 10}                                                      -> {"seconds", "loss", "engineSeconds": null}
    {"cmd": "memory"}                                                              -> {"peakMemoryBytes"}
    {"cmd": "follow", "config", "n", "modelFile", "folder", "batchSize", "microBatch", "visibleTokens", "attention"}
                                                                                   -> {"losses"} of n updates on one batch
    {"cmd": "sampleSetup", "config", "modelFile", "batchSize", "steps"}            -> {"variant"}
    {"cmd": "sampleSteps", "n": 10}                                                -> {"seconds"}
    {"cmd": "draw", "config", "modelFile", "noiseFile", "count", "steps", "eta", "file"}   -> {"seconds"}
    {"cmd": "quit"}

With --compile the network goes through torch.compile, otherwise it runs eagerly.

The step is that of a real loop: images, masks, timesteps and noise are drawn every step from a uint8 data set, gradients are
accumulated over micro-batches, then AdamW, then the moving average of the weights. Tuned as a careful user would: one thread per
core, denormals flushed, gradients freed rather than zeroed, only visible patches ever converted to floats, and, for the shape at
hand, whichever is quicker of two attention kernels and of two AdamW implementations.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

if "--compile" in sys.argv:
    # Compiled in this process: no helpers that would outlive it. Set before torch reads it.
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")

import torch  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src" / "torch"))
from torch_sampling import Sampler  # noqa: E402
from torch_training import COMPILE, Trainer, floats, follow, load_network, shape_of  # noqa: E402


class Bench:
    def __init__(self) -> None:
        self.trainer: Trainer | None = None
        self.sampler: Sampler | None = None

    def hello(self, command: dict) -> dict:
        torch.set_num_threads(command["threads"])
        if COMPILE:
            problem = compiling_fails()
            if problem:
                return {"works": False, "reason": f"torch.compile does not work here: {problem}"}
        return {
            "works": True,
            "version": f"PyTorch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}",
            "threads": torch.get_num_threads(),
        }

    def begin(self, command: dict) -> dict:
        torch.set_num_threads(command["threads"])
        return {}

    def product(self, command: dict) -> dict:
        """The quickest of many products of one shape."""
        m, n, k = command["m"], command["n"], command["k"]
        a = torch.randn(k, m).t() if command["transA"] else torch.randn(m, k)
        b, c = torch.randn(k, n), torch.empty(m, n)
        torch.mm(a, b, out=c)
        shortest = float("inf")
        end = time.perf_counter() + command["seconds"]
        while time.perf_counter() < end:
            start = time.perf_counter()
            torch.mm(a, b, out=c)
            shortest = min(shortest, time.perf_counter() - start)
        return {"flopsPerSecond": 2 * m * n * k / shortest}

    def tune(self, command: dict) -> dict:
        """Times each attention kernel, then each AdamW with the quicker kernel; the best of several steps counts."""
        config = shape_of(command["config"])
        tried: dict[str, float] = {}

        def seconds(kernel: str, optimizer: str) -> float:
            name = f"{kernel}, {optimizer}"
            if name not in tried:
                trainer = Trainer(command, config, kernel, optimizer)
                trainer.timed(1)
                once = trainer.timed(1)
                more = [trainer.timed(1) for _ in range(max(2, min(30, int(1 / once))))]
                tried[name] = min([once, *more])
            return tried[name]

        kernel = min(["explicit", "sdpa"], key=lambda name: seconds(name, "fused"))
        optimizer = min(["fused", "foreach"], key=lambda name: seconds(kernel, name))
        return {"attention": kernel, "optimizer": optimizer, "tried": tried}

    def setup(self, command: dict) -> dict:
        self.trainer = Trainer(command, shape_of(command["config"]), command["attention"], command["optimizer"])
        return {
            "visibleTokens": self.trainer.visible_tokens,
            "parameters": sum(parameter.numel() for parameter in self.trainer.parameters),
        }

    def steps(self, command: dict) -> dict:
        trainer = self.trainer
        if trainer is None:
            raise RuntimeError("setup comes first")
        loss = 0.0
        start = time.perf_counter()
        for _ in range(command["n"]):
            loss = trainer.step()
        return {"seconds": time.perf_counter() - start, "loss": loss, "engineSeconds": None}

    def memory(self, _: dict) -> dict:
        return {"peakMemoryBytes": peak_memory()}

    def follow(self, command: dict) -> dict:
        return {"losses": follow(command)}

    def sampleSetup(self, command: dict) -> dict:
        """Loads the weights with each attention kernel, and goes on with the quicker."""
        samplers = {}
        for kernel in ("explicit", "sdpa"):
            sampler = load_sampler(command, kernel)
            sampler.begin(command["batchSize"], command["steps"])
            sampler.advance(1)
            samplers[kernel] = (min(timed(sampler.advance, 1) for _ in range(2)), sampler)
        kernel = min(samplers, key=lambda name: samplers[name][0])
        self.sampler = samplers[kernel][1]
        return {"variant": kernel}

    def sampleSteps(self, command: dict) -> dict:
        if self.sampler is None:
            raise RuntimeError("sampleSetup comes first")
        return {"seconds": timed(self.sampler.advance, command["n"])}

    def draw(self, command: dict) -> dict:
        """Images from given noise, as raw float32 [count, H, W, C]."""
        start = time.perf_counter()
        sampler = load_sampler(command, "sdpa")
        config = sampler.config
        shape = (command["count"], config.image_size, config.image_size, config.channels)
        images = sampler.draw(floats(Path(command["noiseFile"])).view(shape), command["steps"], command["eta"])
        Path(command["file"]).write_bytes(images.contiguous().numpy().tobytes())
        return {"seconds": time.perf_counter() - start}


def load_sampler(command: dict, kernel: str) -> Sampler:
    shape, network, model = load_network(command, kernel)
    network.eval()
    return Sampler(shape, model)


def timed(act, n: int) -> float:
    start = time.perf_counter()
    act(n)
    return time.perf_counter() - start


def compiling_fails() -> "str | None":
    """Compiles something small. Why that fails, in one line; None where it works."""
    try:
        x = torch.ones(8)
        y = torch.compile(lambda value: value.sin() + value)(x)
        return None if torch.allclose(y, x.sin() + x) else "it computes wrongly"
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return f"{type(error).__name__}: {lines[0] if lines else 'no reason given'}"


def peak_memory() -> int:
    """Largest resident size so far, in bytes."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    # An interrupt ends the process without a trace of where it was.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    torch.set_flush_denormal(True)
    bench = Bench()
    names = ("hello", "begin", "product", "tune", "setup", "steps", "memory", "follow", "sampleSetup", "sampleSteps", "draw")
    commands = {name: getattr(bench, name) for name in names}
    for line in sys.stdin:
        command = json.loads(line)
        if command["cmd"] == "quit":
            break
        try:
            reply = {"ok": True, **commands[command["cmd"]](command)}
        except Exception as error:  # the driver stops with it
            reply = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
