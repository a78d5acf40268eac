"""The training step in eager PyTorch on the CPU, driven step by step: one JSON command a line on stdin, one JSON reply a line on stdout.

    {"cmd": "hello", "threads": 2}                                                 -> {"backend", "version", ...}
    {"cmd": "tune", "config", "maskRate", "batchSize", "microBatch", "seed"}       -> {"attention", "optimizer", "tried"}
    {"cmd": "setup", the same and "attention", "optimizer"}                        -> {"visibleTokens", "parameters"}
    {"cmd": "steps", "n": 10}                                                      -> {"seconds", "loss"}
    {"cmd": "memory"}                                                              -> {"peakMemoryBytes"}
    {"cmd": "initialise", "config", "seed", "file"}                                -> {} (weights as safetensors)
    {"cmd": "follow", "config", "n", "modelFile", "folder", "batchSize", "visibleTokens"}   -> {"losses"} of n updates on one batch
    {"cmd": "quit"}

The step is that of a real loop: images, masks, timesteps and noise are drawn every step from a uint8 data set, gradients are
accumulated over micro-batches, then AdamW, then the moving average of the weights. Tuned as a careful user would: one thread per
core, denormals flushed, gradients freed rather than zeroed, only visible patches ever converted to floats, and, for the shape at
hand, whichever is quicker of two attention kernels and of two AdamW implementations.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "test" / "python"))
from uvit import UViT, UViTConfig, images_to_tokens, masked_loss  # noqa: E402

TIMESTEPS = 1000
DATASET_SIZE = 1024
LEARNING_RATE = 2e-4
BETAS = (0.99, 0.99)
WEIGHT_DECAY = 0.03
EMA_DECAY = 0.999


def linear_alphas_cumprod(timesteps: int) -> torch.Tensor:
    scale = 1000 / timesteps
    betas = torch.linspace(1e-4 * scale, 0.02 * scale, timesteps, dtype=torch.float64)
    return torch.cumprod(1 - betas, dim=0)


class Trainer:
    """One model with its optimiser and its data."""

    def __init__(self, command: dict, config: UViTConfig, optimizer: str) -> None:
        seed = command.get("seed", 0)
        torch.manual_seed(seed)
        self.config = config
        self.optimizer_name = optimizer
        self.batch_size = command["batchSize"]
        self.micro_batch = command.get("microBatch") or self.batch_size
        self.visible_tokens = config.tokens - int(command["maskRate"] * config.tokens)
        self.model = UViT(config).initialise(seed)
        self.parameters = list(self.model.parameters())
        self.ema = [parameter.detach().clone() for parameter in self.parameters]
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=LEARNING_RATE, betas=BETAS, weight_decay=WEIGHT_DECAY, **{optimizer: True}
        )
        images = torch.randint(
            0, 256, (DATASET_SIZE, config.image_size, config.image_size, config.channels), dtype=torch.uint8
        )
        self.data = images_to_tokens(images, config.patch_size).contiguous()
        alphas_cumprod = linear_alphas_cumprod(TIMESTEPS)
        self.signal = alphas_cumprod.sqrt().float()
        self.noise = (1 - alphas_cumprod).sqrt().float()

    def step(self) -> float:
        batch, tokens, kept = self.batch_size, self.config.tokens, self.visible_tokens
        images = torch.randint(0, DATASET_SIZE, (batch,))
        timesteps = torch.randint(0, TIMESTEPS, (batch,))
        if kept == tokens:
            visible = torch.arange(tokens).expand(batch, -1)
        else:
            visible = torch.rand(batch, tokens).argsort(dim=1)[:, :kept].sort(dim=1).values
        self.optimizer.zero_grad(set_to_none=True)
        total = 0.0
        for start in range(0, batch, self.micro_batch):
            part = slice(start, min(batch, start + self.micro_batch))
            total += self.accumulate(images[part], timesteps[part], visible[part])
        self.optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(self.ema, self.parameters, 1 - EMA_DECAY)
        return total

    def accumulate(self, images: torch.Tensor, timesteps: torch.Tensor, visible: torch.Tensor) -> float:
        """Adds one micro-batch's gradients; returns its share of the batch's loss."""
        clean = self.data[images[:, None], visible].float().div_(127.5).sub_(1)
        epsilon = torch.randn_like(clean)
        shape = (-1, 1, 1, 1, 1)
        noised = torch.addcmul(
            self.signal[timesteps].view(shape) * clean, self.noise[timesteps].view(shape), epsilon
        )
        output = self.model(noised, timesteps, visible)
        loss = torch.nn.functional.mse_loss(output, epsilon.flatten(2)) * (len(images) / self.batch_size)
        loss.backward()
        return loss.item()

    def timed(self, steps: int) -> float:
        start = time.perf_counter()
        for _ in range(steps):
            self.step()
        return (time.perf_counter() - start) / steps


class Bench:
    def __init__(self) -> None:
        self.trainer: Trainer | None = None

    def hello(self, command: dict) -> dict:
        torch.set_num_threads(command["threads"])
        return {
            "backend": "pytorch-eager",
            "version": f"PyTorch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}",
            "threads": torch.get_num_threads(),
        }

    def tune(self, command: dict) -> dict:
        """Times each attention kernel, then each AdamW with the quicker kernel; the best of several steps counts."""
        config = UViTConfig.from_json(command["config"])
        tried: dict[str, float] = {}

        def seconds(kernel: str, optimizer: str) -> float:
            name = f"{kernel}, {optimizer}"
            if name not in tried:
                trainer = Trainer(command, replace(config, attention=kernel), optimizer)
                trainer.timed(1)
                once = trainer.timed(1)
                more = [trainer.timed(1) for _ in range(max(2, min(30, int(1 / once))))]
                tried[name] = min([once, *more])
            return tried[name]

        kernel = min(["explicit", "sdpa"], key=lambda name: seconds(name, "fused"))
        optimizer = min(["fused", "foreach"], key=lambda name: seconds(kernel, name))
        return {"attention": kernel, "optimizer": optimizer, "tried": tried}

    def setup(self, command: dict) -> dict:
        config = replace(UViTConfig.from_json(command["config"]), attention=command["attention"])
        self.trainer = Trainer(command, config, command["optimizer"])
        return {
            "visibleTokens": self.trainer.visible_tokens,
            "parameters": sum(parameter.numel() for parameter in self.trainer.parameters),
        }

    def steps(self, command: dict) -> dict:
        trainer = self.ready()
        loss = 0.0
        start = time.perf_counter()
        for _ in range(command["n"]):
            loss = trainer.step()
        return {"seconds": time.perf_counter() - start, "loss": loss}

    def memory(self, _: dict) -> dict:
        return {"peakMemoryBytes": peak_memory()}

    def initialise(self, command: dict) -> dict:
        model = UViT(UViTConfig.from_json(command["config"])).initialise(command["seed"])
        save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, command["file"])
        return {}

    def follow(self, command: dict) -> dict:
        """Losses before each of n updates on one given batch; the folder holds raw little-endian float32 and int32."""
        config = UViTConfig.from_json(command["config"])
        batch, kept, folder = command["batchSize"], command["visibleTokens"], Path(command["folder"])
        model = UViT(config)
        model.load_state_dict(load_file(command["modelFile"]), strict=True)
        side = config.patch_size
        tokens = floats(folder / "tokens.f32").view(batch, kept, side, side, config.channels)
        target = floats(folder / "target.f32").view(batch, kept, config.token_elements)
        timesteps = integers(folder / "timesteps.i32")
        visible = integers(folder / "visible.i32").view(batch, kept)
        optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, betas=BETAS, weight_decay=WEIGHT_DECAY)
        losses = []
        for _ in range(command["n"]):
            optimizer.zero_grad(set_to_none=True)
            loss = masked_loss(model(tokens, timesteps, visible), target, torch.ones(batch))
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return {"losses": losses}

    def ready(self) -> Trainer:
        if self.trainer is None:
            raise RuntimeError("setup comes first")
        return self.trainer


def floats(path: Path) -> torch.Tensor:
    return torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.float32)


def integers(path: Path) -> torch.Tensor:
    return torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.int32).long()


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
    torch.set_flush_denormal(True)
    bench = Bench()
    names = ("hello", "tune", "setup", "steps", "memory", "initialise", "follow")
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
