"""Drives the benchmark: equivalence first, then every cell, all ways in turns; writes what is known after every row (docs/gpu.md).

It imports no PyTorch itself: whatever happens to a device, the report is written.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from statistics import median
from typing import Any

from cells import OURS, RATES, WAYS, Cell, all_cells
from report import ReportFiles, card_of
from worker_process import OutOfTime, WayFailed, WorkerProcess

# Dense bf16 products of the data sheets, by a part of the name that the driver gives.
NOMINAL_FLOPS = {"H200": 989.4e12, "GH200": 989.4e12, "H100 NVL": 835e12, "H100 PCIe": 756e12, "H100": 989.4e12, "A100": 312e12}
# Of the first loss, before any update: bf16 keeps 8 bits, and errors of single values average out.
LOSS_TOLERANCE = 0.01
# What is left after the time is over for the last page, and for processes to end.
EPILOGUE_SECONDS = 20
WARM_UP = 3
# At a time: their memory has to suffice for as many whole batches. Later ones are compiled when they are measured.
COMPILE_PROCESSES, COMPILE_SECONDS = 5, 210.0
EQUIVALENCE, PEAK, SETUP, TURN = 90.0, 30.0, 120.0, 60.0


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench/gpu.sh",
        description="Compares training on this machine's GPU with the published loop: first whether the device computes what the processor does, "
        "then images/s, share of the bf16 peak and memory. Writes gpu-CARD.md, .json and .svg, and gpu.log.",
        epilog="exit codes: 0 all that was measured agrees, 1 something differs or failed, 2 wrong usage or no GPU",
    )
    parser.add_argument("folder", type=Path, help="where the report goes; made if it is not there")
    parser.add_argument("--seconds", type=float, default=450, help="nothing is measured after that; the report has what was (default %(default)g)")
    parser.add_argument("--rounds", type=int, default=3, help="turns that every way has in a cell (default 3)")
    parser.add_argument("--turn-seconds", type=float, default=0.5, help="least time of a turn (default 0.5)")
    parser.add_argument("--ways", default=",".join(WAYS), help="some of: %(default)s")
    parser.add_argument("--rates", default=",".join(f"{rate:g}" for rate in RATES), help="mask rates, the most wanted first (default %(default)s)")
    parser.add_argument("--tiny", action="store_true", help="tiny networks, on the processor if there is no GPU: tries out the script itself")
    parser.add_argument("--compile", action="store_true", help="compile on a processor, too, which takes minutes")
    options = parser.parse_args(argv)
    options.ways = options.ways.split(",")
    unknown = [way for way in options.ways if way not in WAYS]
    if unknown:
        parser.error(f"there is no way called {unknown[0]!r}; there are {', '.join(WAYS)}")
    try:
        options.rates = [float(rate) for rate in options.rates.split(",")]
    except ValueError:
        parser.error("--rates are numbers with commas between")
    if not all(0 <= rate < 1 for rate in options.rates):
        parser.error("--rates are at least 0 and below 1")
    if options.rounds < 1 or not 0 < options.turn_seconds < math.inf or not 0 < options.seconds < math.inf:
        parser.error("--rounds, --turn-seconds and --seconds are above 0")
    return options


class Bench:
    def __init__(self, options: argparse.Namespace, log: Any, cache: str) -> None:
        self.options = options
        self.deadline = time.monotonic() + options.seconds
        self.log = log
        # Programs are compiled once, beforehand, and found here by the process that is measured.
        self.environment = {"TORCHINDUCTOR_CACHE_DIR": cache, "TRITON_CACHE_DIR": f"{cache}/triton"}
        self.started: list[WorkerProcess] = []
        self.compiling: ThreadPoolExecutor | None = None
        self.workers = {way: self.worker() for way in options.ways}
        self.record: dict[str, Any] = {}

    def worker(self) -> WorkerProcess:
        self.started.append(WorkerProcess(self.log, self.deadline, self.environment))
        return self.started[-1]

    def run(self) -> int:
        """-> the exit code"""
        first = self.workers[self.options.ways[0]]
        machine = self.hello(first)
        if machine["kind"] != "cuda" and not self.options.tiny:
            say("PyTorch sees no CUDA device here. Try the script out on the processor by --tiny, or see docs/gpu.md.")
            return 2
        is_compiled = machine["compiles"] or self.options.compile
        cells = all_cells(self.options.rates, self.options.tiny)
        self.record = {
            "formatVersion": 1,
            "startedAt": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "seconds": 0.0,
            "tiny": self.options.tiny,
            "compiled": is_compiled,
            "machine": machine,
            "ways": {way: WAYS[way] for way in self.options.ways},
            "equivalence": None,
            "peak": None,
            "cells": [{**cell.values(), "rows": [row_of(way) for way in self.options.ways]} for cell in cells],
        }
        files = ReportFiles(self.options.folder, card_of(machine["device"]))
        started = time.monotonic()

        def write() -> None:
            self.record["seconds"] = time.monotonic() - started
            files.write(self.record)

        write()
        compiling = self.compile_ahead(cells) if is_compiled and OURS in self.workers else None
        self.record["equivalence"] = self.attempt(lambda: first.ask("equivalence", EQUIVALENCE))
        write()
        if compiling is not None:
            for entry, found in zip(self.record["cells"], compiling()):
                entry["compileSeconds"] = found
        self.record["peak"] = self.attempt(lambda: self.peak(first))
        write()
        for cell, entry in zip(cells, self.record["cells"]):
            self.measure(cell, entry, is_compiled)
            write()
            say(f"{cell.name}: " + "; ".join(told(row) for row in entry["rows"]))
        say(f"{files.page}")
        return 0 if agrees(self.record) else 1

    def hello(self, worker: WorkerProcess) -> dict[str, Any]:
        return worker.ask("hello", 120, threads=1 if self.options.tiny else None)

    def attempt(self, call: Any) -> dict[str, Any]:
        """What it gives, or why there is nothing."""
        try:
            return call()
        except WayFailed as failure:
            say(str(failure))
            return {"error": str(failure)}

    def peak(self, worker: WorkerProcess) -> dict[str, Any]:
        sizes, seconds = ([64, 128], 0.05) if self.options.tiny else ([4096, 8192, 16384], 4.0)
        name = self.record["machine"]["device"]
        nominal = next((flops for part, flops in NOMINAL_FLOPS.items() if part in name), None)
        return {**worker.ask("peak", PEAK, sizes=sizes, seconds=seconds), "nominalFlopsPerSecond": nominal}

    def compile_ahead(self, cells: list[Cell]) -> Any:
        """Compiles all cells' programs, some at a time, each in a process of its own. -> waits for the seconds that each took, None: it failed"""
        until = min(self.deadline, time.monotonic() + COMPILE_SECONDS)

        def compiled(cell: Cell) -> float | None:
            worker = self.worker()
            worker.deadline = until
            try:
                self.hello(worker)
                return worker.ask("setup", SETUP, cell=cell.values(), way=OURS, compile=True, warmUp=0)["seconds"]
            except WayFailed as failure:
                # The process that is measured then compiles it itself.
                say(f"compiling {cell.name}: {failure}")
                return None
            finally:
                worker.end()

        self.compiling = ThreadPoolExecutor(max(1, min(COMPILE_PROCESSES, (os.cpu_count() or 2) // 2)))
        # Two rates of a network after each other, as cells without a mask take most of the memory.
        rates, models = (list(dict.fromkeys(getattr(cell, key) for cell in cells)) for key in ("mask_rate", "model"))
        order = sorted(cells, key=lambda cell: (rates.index(cell.mask_rate) // 2, models.index(cell.model)))
        asked = {cell: self.compiling.submit(compiled, cell) for cell in order}
        return lambda: [asked[cell].result() for cell in cells]

    def measure(self, cell: Cell, entry: dict[str, Any], is_compiled: bool) -> None:
        """All ways of a cell, in turns whose order changes from round to round."""
        rows = {row["way"]: row for row in entry["rows"]}

        def ask(way: str, command: str, limit: float, /, **values: Any) -> dict[str, Any] | None:
            row, worker = rows[way], self.workers[way]
            try:
                if worker.child is None:
                    self.hello(worker)
                return worker.ask(command, limit, **values)
            except OutOfTime:
                row.update(state="measured" if row["rounds"] else "not reached")
            except WayFailed as failure:
                row.update(state="out of memory" if failure.is_memory else "failed", reason=str(failure))
            return None

        for way in rows:
            found = ask(way, "setup", SETUP, cell=cell.values(), way=way, compile=is_compiled, warmUp=0 if self.options.tiny else WARM_UP)
            if found is None:
                continue
            entry.update(visibleTokens=found.pop("visibleTokens"), parameters=found.pop("parameters"))
            rows[way].update(state="ready", setupSeconds=found["seconds"], **{key: found[key] for key in ("firstLoss", "waits", "uncompiled")})
            if "flopsPerStep" not in entry:
                counted = ask(way, "count", SETUP, cell=cell.values())
                entry.update(counted or {})
        refuse_other_losses(list(rows.values()))
        for round_ in range(self.options.rounds):
            order = [way for way in rows if rows[way]["state"] in ("ready", "measured")]
            start = round_ % max(1, len(order))
            for way in [*order[start:], *order[:start]]:
                found = ask(way, "steps", TURN, seconds=self.options.turn_seconds, least=1 if self.options.tiny else 3)
                if found is None:
                    continue
                if not math.isfinite(found["loss"]):
                    rows[way].update(state="failed", reason="its loss is no number")
                    continue
                rows[way]["rounds"].append({"round": round_, **found})
                rows[way]["state"] = "measured"
        for way, row in rows.items():
            if row["state"] in ("ready", "measured"):
                row.update(ask(way, "finish", TURN) or {})
            if row["state"] == "ready":
                row["state"] = "not reached"

    def end(self) -> None:
        if self.compiling is not None:
            self.compiling.shutdown(wait=False, cancel_futures=True)
        for worker in self.started:
            worker.deadline = 0
            worker.end()


def row_of(way: str) -> dict[str, Any]:
    """Of a cell that nothing is known of. rounds: of each turn, seconds of a step until it is done, and until it is asked for."""
    empty = dict.fromkeys(("setupSeconds", "firstLoss", "waits", "uncompiled", "peakMemoryBytes"))
    return {"way": way, "state": "not reached", "reason": None, **empty, "rounds": []}


def refuse_other_losses(rows: list[dict[str, Any]]) -> None:
    """Not measured is what begins with another loss, on the same weights and batch, than most."""
    ready = [row for row in rows if row["state"] == "ready"]
    if not ready:
        return
    usual = median([row["firstLoss"] for row in ready if math.isfinite(row["firstLoss"])] or [math.inf])
    for row in ready:
        apart = abs(row["firstLoss"] - usual)
        if not apart <= LOSS_TOLERANCE * abs(usual):
            row.update(state="differs", reason=f"its first loss is {row['firstLoss']:.6g}, that of most ways {usual:.6g}")
            # JSON has no other numbers.
            row["firstLoss"] = row["firstLoss"] if math.isfinite(row["firstLoss"]) else None


def agrees(record: dict[str, Any]) -> bool:
    """Whether nothing differs or failed; what time or memory did not suffice for is a result."""
    rows = [row for cell in record["cells"] for row in cell["rows"]]
    cases = record["equivalence"].get("cases", [{"passed": False}])
    return (
        all(case["passed"] for case in cases)
        and "error" not in record["peak"]
        and not any(row["state"] in ("failed", "differs") for row in rows)
        and any(row["state"] == "measured" for row in rows)
    )


def remove(folder: Path) -> None:
    """A compiler that has just lost its parent may write for a moment yet."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


def told(row: dict[str, Any]) -> str:
    if row["rounds"]:
        return f"{row['way']} {1000 * median(turn['seconds'] for turn in row['rounds']):.3g} ms"
    return f"{row['way']} {row['state']}"


def say(text: str) -> None:
    print(text, flush=True)


def main(argv: list[str]) -> int:
    options = arguments(argv)

    def leave(number: int, frame: Any) -> None:
        raise SystemExit(128 + number)

    # Ended by whatever signal, or by the time, it takes its workers along.
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, leave)
    signal.alarm(math.ceil(options.seconds) + EPILOGUE_SECONDS)
    options.folder.mkdir(parents=True, exist_ok=True)
    cache = tempfile.mkdtemp(prefix="maskdm-compiled-")
    with (options.folder / "gpu.log").open("w", encoding="utf-8") as log:
        bench = Bench(options, log, cache)
        try:
            return bench.run()
        except OutOfTime:
            say("The time was over before PyTorch had begun; --seconds gives more.")
            return 1
        except WayFailed as failure:
            say(f"PyTorch cannot be used: {failure}\n{options.folder / 'gpu.log'} has more.")
            return 2
        except KeyboardInterrupt:
            return 130
        finally:
            bench.end()
            remove(Path(cache))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
