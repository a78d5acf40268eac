"""One way to train, in a process of its own, so that its peak of memory is its own: a JSON command a line in, a JSON reply a line out.

    {"cmd": "hello", "threads": n | null}                  -> {"device", "kind", "memoryBytes", "torch", …} or {"error"}
    {"cmd": "equivalence"}                                 -> {"cases"}
    {"cmd": "peak", "sizes", "seconds"}                    -> {"flopsPerSecond", "size", "copyBytesPerSecond"}
    {"cmd": "count", "cell"}                               -> {"flopsPerStep"}
    {"cmd": "setup", "cell", "way", "compile", "warmUp"}   -> {"visibleTokens", "parameters", "firstLoss", "seconds", "stepSeconds", "waits", "uncompiled"}
    {"cmd": "steps", "seconds", "least"}                   -> {"steps", "seconds", "issueSeconds", "loss"}
    {"cmd": "finish"}                                      -> {"peakMemoryBytes"}

A command that fails is answered by {"error", "isMemory"}. The end of the input ends the process.
"""

from __future__ import annotations

import gc
import json
import math
import os
import sys
import time
import traceback
import warnings
from typing import Any

# Whatever a library prints goes to the log: replies have a stream of their own.
REPLIES = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
os.dup2(2, 1)

import torch  # noqa: E402

from maskdm_torch.compiled import can_compile, given_up  # noqa: E402

import device_equivalence  # noqa: E402
from cells import Cell  # noqa: E402
from matrix_peak import matrix_peak, synchronise  # noqa: E402
from ways import Way, flops_per_step  # noqa: E402


class Worker:
    def __init__(self) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.way: Way | None = None
        self.step_seconds = 0.0

    def hello(self, command: dict[str, Any]) -> dict[str, Any]:
        is_cuda = self.device.type == "cuda"
        if command["threads"]:
            torch.set_num_threads(command["threads"])
        return {
            "kind": self.device.type,
            "compiles": can_compile(self.device),
            "device": torch.cuda.get_device_name() if is_cuda else "cpu",
            "memoryBytes": torch.cuda.get_device_properties(0).total_memory if is_cuda else None,
            "torch": torch.__version__,
            "cuda": torch.version.cuda if is_cuda else None,
            "python": sys.version.split()[0],
            "processors": os.cpu_count(),
        }

    def equivalence(self, command: dict[str, Any]) -> dict[str, Any]:
        return {"cases": device_equivalence.compare(self.device)}

    def peak(self, command: dict[str, Any]) -> dict[str, Any]:
        found = matrix_peak(self.device, command["sizes"], command["seconds"])
        self.free()
        return found

    def count(self, command: dict[str, Any]) -> dict[str, Any]:
        return {"flopsPerStep": flops_per_step(Cell(**command["cell"]))}

    def setup(self, command: dict[str, Any]) -> dict[str, Any]:
        self.let_go()
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        start = time.perf_counter()
        way = self.way = Way(Cell(**command["cell"]), command["way"], self.device, command["compile"])
        first = way.step().item()
        taken = time.perf_counter() - start
        for _ in range(command["warmUp"]):
            way.step()
        synchronise(self.device)
        again = time.perf_counter()
        way.step()
        synchronise(self.device)
        self.step_seconds = time.perf_counter() - again
        return {
            "visibleTokens": way.visible_tokens,
            "parameters": way.parameters,
            "firstLoss": first,
            "seconds": taken,
            "stepSeconds": self.step_seconds,
            "waits": self.waits(),
            "uncompiled": given_up() if command["compile"] and command["way"] == "compiled" else None,
        }

    def waits(self) -> int | None:
        """How often a step waits for the device; None on a processor."""
        if self.device.type != "cuda":
            return None
        torch.cuda.set_sync_debug_mode("warn")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.way.step()
        torch.cuda.set_sync_debug_mode("default")
        found = [str(warning.message) for warning in caught if "synchroniz" in str(warning.message)]
        for message in sorted(set(found)):
            print(f"waits for the device: {message}")
        return len(found)

    def steps(self, command: dict[str, Any]) -> dict[str, Any]:
        """Memory is handed back afterwards, as all ways share the device, and taken again by a step that is not timed."""
        count = max(command["least"], math.ceil(command["seconds"] / max(1e-6, self.step_seconds)))
        self.way.step()
        synchronise(self.device)
        start = time.perf_counter()
        for _ in range(count):
            loss = self.way.step()
        issued = time.perf_counter()
        synchronise(self.device)
        taken = time.perf_counter() - start
        reply = {"steps": count, "seconds": taken / count, "issueSeconds": (issued - start) / count, "loss": loss.item()}
        self.free()
        return reply

    def finish(self, command: dict[str, Any]) -> dict[str, Any]:
        """The resident images are not counted: how many there are is no matter of the way."""
        peak = None
        if self.device.type == "cuda" and self.way is not None:
            peak = torch.cuda.max_memory_allocated() - self.way.pixels.numel()
        self.let_go()
        return {"peakMemoryBytes": peak}

    def let_go(self) -> None:
        """Of the way, and of the programs compiled for it."""
        self.way = None
        if "torch._dynamo" in sys.modules:
            torch.compiler.reset()
            torch._dynamo.utils.counters.clear()
        if self.device.type == "cuda":
            gc.collect()
        self.free()

    def free(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.empty_cache()


def answer(worker: Worker, command: dict[str, Any]) -> dict[str, Any]:
    try:
        return getattr(worker, command["cmd"])(command)
    except Exception as error:  # the driver goes on with another way; its log has all of it
        traceback.print_exc()
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = f"{type(error).__name__}: {lines[0] if lines else 'no reason given'}"
        reply = {"error": reason, "isMemory": isinstance(error, torch.cuda.OutOfMemoryError)}
    # Outside of the handler, which holds the failed step's tensors.
    worker.let_go()
    return reply


def main() -> None:
    worker = Worker()
    for line in sys.stdin:
        print(json.dumps(answer(worker, json.loads(line))), file=REPLIES)


if __name__ == "__main__":
    main()
