"""Reckons what changes when a measured training step runs on many GPUs: python scripts/bench/cluster.py --help, docs/gpu.md.

Data parallelism: every GPU makes the same step on images of its own, gradients are summed over all of them, everyone updates its own
copy. Reckoned, with what is assumed printed beside it:

    all-reduce   within a host 2 (k-1)/k G / b_in, between hosts 2 (h-1)/h G / b_out, and a latency for each of 2 (k-1 + log2 h) messages
                 (reduce-scatter in a host, all-reduce of the shards between hosts, all-gather; Thakur et al. 2005);
                 G bytes of gradients, k GPUs a host, h hosts, b_in of a GPU's link, b_out of a host's
    exposed      what of it does not hide behind the backward pass: at least its last bucket (DistributedDataParallel's 25 MiB)
    step         compute + exposed; with a fixed joint batch, compute = update + images · (measured - update) / measured images, where
                 the update moves 40 bytes a parameter: gradient, weight, two moments and average, read and written
    reading      images/s · bytes an image, where images do not fit in the GPUs' memory
    failures     a GPU fails once in so many hours, a failure costs half the time between checkpoints and a restart
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

BUCKET_BYTES = 25 * 2**20
BYTES_PER_PARAMETER = 4
UPDATE_BYTES_PER_PARAMETER = 40
# Of a step without its update: the backward pass costs twice the forward pass.
BACKWARD_SHARE = 2 / 3


class BadUsage(Exception):
    """A sentence for whoever asked."""


@dataclass(frozen=True)
class Step:
    """Of one GPU."""

    name: str
    seconds: float
    images: int
    parameters: float
    # of the GPU's memory, read and written
    copy_bytes_per_second: float
    image_bytes: float


@dataclass(frozen=True)
class Cluster:
    gpus: int
    gpus_per_host: int
    # bytes/s: of a GPU to the others of its host, of a host to other hosts, of the shared storage
    within: float
    between: float
    storage: float
    latency: float
    hours_between_failures: float
    checkpoint_seconds: float
    restart_seconds: float

    @property
    def local(self) -> int:
        """k"""
        return min(self.gpus, self.gpus_per_host)

    @property
    def hosts(self) -> int:
        """h"""
        return math.ceil(self.gpus / self.gpus_per_host)


@dataclass(frozen=True)
class Reckoning:
    gpus: int
    hosts: int
    joint_batch: float
    step: float
    all_reduce: float
    exposed: float
    images_per_second: float
    # of the speed that as many single GPUs would have with their measured batch
    efficiency: float
    reading: float
    # share of a reader's rate; above 1 the GPUs wait
    storage_share: float
    hours_between_failures: float
    lost_share: float


def all_reduce_seconds(size: float, cluster: Cluster) -> float:
    """Of so many bytes."""
    k, h = cluster.local, cluster.hosts
    messages = 2 * (k - 1 + math.ceil(math.log2(h)))
    return 2 * (k - 1) / k * size / cluster.within + 2 * (h - 1) / h * size / cluster.between + messages * cluster.latency


def reckon(step: Step, cluster: Cluster, joint_batch: int | None = None) -> Reckoning:
    """joint_batch: images of all GPUs together; None: as many as were measured, on each."""
    update = min(step.seconds, UPDATE_BYTES_PER_PARAMETER * step.parameters / step.copy_bytes_per_second)
    images = step.images if joint_batch is None else joint_batch / cluster.gpus
    passes = (step.seconds - update) * images / step.images
    size = BYTES_PER_PARAMETER * step.parameters
    taken = all_reduce_seconds(size, cluster)
    last = taken * min(1.0, BUCKET_BYTES / size)
    exposed = max(taken - BACKWARD_SHARE * passes, last)
    seconds = passes + update + exposed
    speed = cluster.gpus * images / seconds
    reading = speed * step.image_bytes
    hours = cluster.hours_between_failures / cluster.gpus
    lost = (cluster.checkpoint_seconds / 2 + cluster.restart_seconds) / (3600 * hours)
    return Reckoning(
        gpus=cluster.gpus,
        hosts=cluster.hosts,
        joint_batch=cluster.gpus * images,
        step=seconds,
        all_reduce=taken,
        exposed=exposed,
        images_per_second=speed,
        efficiency=speed / (cluster.gpus * step.images / step.seconds),
        reading=reading,
        storage_share=reading / cluster.storage,
        hours_between_failures=hours,
        lost_share=min(1.0, lost),
    )


def measured_step(path: Path, model: str, rate: float, way: str) -> Step:
    """From a report of scripts/bench/gpu.sh. Raises BadUsage."""
    try:
        record = json.loads(path.read_text("utf-8"))
        cells = [(cell, row) for cell in record["cells"] for row in cell["rows"] if row["rounds"]]
        fitting = [(c, r) for c, r in cells if (c["model"], c["mask_rate"], r["way"]) == (model, rate, way)]
        if not fitting:
            known = sorted({f"--model {c['model']!r} --rate {c['mask_rate']:g} --way {r['way']}" for c, r in cells})
            raise BadUsage(f"{path} has no such step. It has:\n" + "\n".join(known))
        cell, row = fitting[0]
        return Step(
            name=f"{model}, m = {rate:g}, {way}, on {record['machine']['device']}",
            seconds=median(turn["seconds"] for turn in row["rounds"]),
            images=cell["batch_size"],
            parameters=cell["parameters"],
            copy_bytes_per_second=record["peak"]["copyBytesPerSecond"],
            image_bytes=3 * cell["image_size"] ** 2,
        )
    except OSError as error:
        raise BadUsage(f"{path} cannot be read ({error.strerror}). scripts/bench/gpu.sh writes it.") from None
    except (ValueError, KeyError, TypeError):
        raise BadUsage(f"{path} is no whole report of scripts/bench/gpu.sh.") from None


def table(rows: list[Reckoning]) -> str:
    head = [
        "GPUs", "hosts", "images a step", "step, ms", "all-reduce, ms", "not hidden, ms", "images/s", "efficiency",
        "reading, GB/s", "of the storage", "hours between failures", "lost to them",
    ]  # fmt: skip
    lines = [head, ["---:"] * len(head)]
    for row in rows:
        lines.append(
            [
                f"{row.gpus:,}", f"{row.hosts:,}", f"{row.joint_batch:,.0f}", f"{1000 * row.step:.3g}", f"{1000 * row.all_reduce:.3g}",
                f"{1000 * row.exposed:.3g}", f"{row.images_per_second:,.0f}", f"{100 * row.efficiency:.0f} %", f"{row.reading / 1e9:,.1f}",
                f"{100 * row.storage_share:,.0f} %", f"{row.hours_between_failures:,.0f}", f"{100 * row.lost_share:.1f} %",
            ]  # fmt: skip
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="cluster.py", description="What a training step comes to on many GPUs, reckoned.")
    step = parser.add_argument_group("the step of one GPU: from a report of scripts/bench/gpu.sh, or given")
    step.add_argument("--report", type=Path, help="gpu-CARD.json")
    step.add_argument("--model", default="B, 256 px")
    step.add_argument("--rate", type=float, default=0.9)
    step.add_argument("--way", default="compiled")
    step.add_argument("--step-ms", type=positive)
    step.add_argument("--images", type=int, help="of that step")
    step.add_argument("--parameters", type=positive, help="in millions")
    step.add_argument("--image-size", type=int, default=256)
    step.add_argument("--copy-gb", type=positive, default=2500, help="GB/s of the GPU's memory, read and written (default 2500)")
    cluster = parser.add_argument_group("the cluster")
    cluster.add_argument("--gpus", default="8,64,1000", help="(default %(default)s)")
    cluster.add_argument("--joint-batch", type=int, help="images of all GPUs together; without it every GPU takes as many as were measured")
    cluster.add_argument("--gpus-per-host", type=int, default=8, help="(default %(default)s)")
    cluster.add_argument("--within-gb", type=positive, default=300, help="GB/s of a GPU to the others of its host (default %(default)s)")
    cluster.add_argument("--between-gb", type=positive, default=40, help="GB/s of a host to others (default %(default)s)")
    cluster.add_argument("--latency-us", type=positive, default=10, help="of a message (default %(default)s)")
    cluster.add_argument("--storage-gb", type=positive, default=5, help="GB/s of the shared storage (default %(default)s)")
    cluster.add_argument("--gpu-hours", type=positive, default=50_000, help="in which a GPU fails once (default %(default)s)")
    cluster.add_argument("--checkpoint-minutes", type=positive, default=15, help="between checkpoints (default %(default)s)")
    cluster.add_argument("--restart-minutes", type=positive, default=3, help="(default %(default)s)")
    options = parser.parse_args(argv)
    if options.report is None and None in (options.step_ms, options.images, options.parameters):
        parser.error("name a --report, or give --step-ms, --images and --parameters")
    try:
        options.gpus = [int(count) for count in options.gpus.split(",")]
    except ValueError:
        parser.error("--gpus are whole numbers with commas between")
    if min(*options.gpus, options.gpus_per_host, options.images or 1, options.joint_batch or 1, options.image_size) < 1:
        parser.error("counts are at least 1")
    return options


def positive(text: str) -> float:
    value = float(text)
    if not 0 < value < math.inf:
        raise ValueError(text)
    return value


def main(argv: list[str]) -> int:
    options = arguments(argv)
    try:
        step = (
            measured_step(options.report, options.model, options.rate, options.way)
            if options.report is not None
            else Step(
                name="given, not measured",
                seconds=options.step_ms / 1000,
                images=options.images,
                parameters=options.parameters * 1e6,
                copy_bytes_per_second=options.copy_gb * 1e9,
                image_bytes=3 * options.image_size**2,
            )
        )
    except BadUsage as problem:
        print(problem, file=sys.stderr)
        return 2
    clusters = [
        Cluster(
            gpus=gpus,
            gpus_per_host=options.gpus_per_host,
            within=options.within_gb * 1e9,
            between=options.between_gb * 1e9,
            storage=options.storage_gb * 1e9,
            latency=options.latency_us / 1e6,
            hours_between_failures=options.gpu_hours,
            checkpoint_seconds=60 * options.checkpoint_minutes,
            restart_seconds=60 * options.restart_minutes,
        )
        for gpus in options.gpus
    ]
    batch = "as many images on every GPU" if options.joint_batch is None else f"{options.joint_batch:,} images a step on all GPUs together"
    print(f"Step: {step.name}: {1000 * step.seconds:.3g} ms for {step.images} images, {step.parameters / 1e6:.3g} million parameters; {batch}.")
    print(
        f"Assumed: {options.gpus_per_host} GPUs a host, {options.within_gb:g} GB/s within it and {options.between_gb:g} GB/s between hosts, "
        f"{options.latency_us:g} µs a message; storage {options.storage_gb:g} GB/s; a GPU fails once in {options.gpu_hours:,.0f} hours, "
        f"checkpoints every {options.checkpoint_minutes:g} min, a restart {options.restart_minutes:g} min.\n"
    )
    print(table([reckon(step, cluster, options.joint_batch) for cluster in clusters]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
