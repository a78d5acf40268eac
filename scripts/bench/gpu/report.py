"""The report of a record: a page of tables, a plot, and the record itself as JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path
from statistics import median
from typing import Any

from cells import BASELINE, OURS
from plot import plot_of

Row = dict[str, Any]


def card_of(device: str) -> str:
    """A device's name as a part of file names: "NVIDIA H100 80GB HBM3" -> "nvidia-h100-80gb-hbm3"."""
    return re.sub(r"[^a-z0-9]+", "-", device.lower()).strip("-") or "device"


class ReportFiles:
    """gpu-CARD.md, .json and .svg, written anew after every row."""

    def __init__(self, folder: Path, card: str) -> None:
        self.folder = folder
        self.stem = f"gpu-{card}"

    @property
    def page(self) -> Path:
        return self.folder / f"{self.stem}.md"

    def write(self, record: dict[str, Any]) -> None:
        record["targets"] = targets_of(record)
        self._replace("json", json.dumps(record, indent=1, allow_nan=False) + "\n")
        svg = plot_of(record)
        if svg is not None:
            self._replace("svg", svg)
        self._replace("md", page_of(record, None if svg is None else f"{self.stem}.svg"))

    def _replace(self, ending: str, text: str) -> None:
        """A file is whole at any moment."""
        target = self.folder / f"{self.stem}.{ending}"
        beside = target.with_suffix(f".{ending}.new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(target)


def step_seconds(row: Row) -> float | None:
    return median(turn["seconds"] for turn in row["rounds"]) if row["rounds"] else None


def ratio(numerator: Row, denominator: Row) -> list[float]:
    """Times of a step, round by round: a slow minute of the machine meets both."""
    others = {turn["round"]: turn["seconds"] for turn in denominator["rounds"]}
    return [turn["seconds"] / others[turn["round"]] for turn in numerator["rounds"] if turn["round"] in others]


def share_of(cell: dict[str, Any], row: Row, flops_per_second: float | None) -> float | None:
    """Of a rate of products that the counted ones of a step reach."""
    seconds = step_seconds(row)
    if seconds is None or flops_per_second is None or "flopsPerStep" not in cell:
        return None
    return cell["flopsPerStep"] / seconds / flops_per_second


def rate_of_peak(record: dict[str, Any], kind: str) -> float | None:
    return (record["peak"] or {}).get(kind)


def targets_of(record: dict[str, Any]) -> list[dict[str, Any]]:
    """What a step by PyTorch on a GPU of Hopper's generation is to reach; value None: not measured."""

    def found(model: str, rate: float, way: str) -> tuple[dict[str, Any], Row]:
        cells = [cell for cell in record["cells"] if cell["model"] == model and cell["mask_rate"] == rate]
        rows = [(cell, row) for cell in cells for row in cell["rows"] if row["way"] == way]
        return rows[0] if rows else ({}, {"rounds": []})

    def faster(rate: float) -> float | None:
        ratios = ratio(found("B, 256 px", rate, BASELINE)[1], found("B, 256 px", rate, OURS)[1])
        return median(ratios) if ratios else None

    def shrinks(model: str) -> float | None:
        whole, masked = (step_seconds(found(model, rate, OURS)[1]) for rate in (0.0, 0.9))
        return None if whole is None or masked is None else masked / whole

    share = share_of(*found("B, 256 px", 0.0, OURS), rate_of_peak(record, "flopsPerSecond"))
    listed = [
        ("B at 256 px, m = 0.9: times the published loop's speed, at least", 3.0, faster(0.9), True),
        ("B at 256 px, m = 0: times the published loop's speed, at least", 2.0, faster(0.0), True),
        ("B at 256 px, m = 0: share of the measured bf16 peak, at least", 0.3, share, True),
        ("B at 256 px, m = 0: share of the measured bf16 peak, hoped for", 0.45, share, True),
        ("B at 256 px, 256 tokens: a step at m = 0.9 as a share of one at m = 0, at most", 0.12, shrinks("B, 256 px"), False),
        ("B at 256 px, 1,024 tokens: the same, at most", 0.1, shrinks("B, 256 px, 1,024 tokens"), False),
    ]
    return [
        {"name": name, "target": target, "value": value, "met": None if value is None else (value >= target) == is_least or value == target}
        for name, target, value, is_least in listed
    ]


def page_of(record: dict[str, Any], picture: str | None) -> str:
    machine = record["machine"]
    title = f"# Training on {'the processor, tiny networks' if record['tiny'] else machine['device']}"
    parts = [title, introduction(record)]
    if record["tiny"]:
        parts.append("Tiny networks try out the script. **The figures say nothing about speed.**")
    parts += ["## The same numbers as on the processor", equivalence_table(record)]
    parts += ["## Targets", "Of an H100 or H200.", targets_table(record["targets"])]
    if picture is not None:
        parts += ["## Speed", f"![Images per second by mask rate, a panel a network]({picture})"]
    for model in dict.fromkeys(cell["model"] for cell in record["cells"]):
        cells = [cell for cell in record["cells"] if cell["model"] == model]
        parts += [f"### {model}", facts_of(cells), table_of(record, cells)]
    parts += ["## Ways", "\n".join(f"* **{way}**: {text}." for way, text in record["ways"].items())]
    parts.append(
        "Times are medians of the rounds in which all ways took turns, lowest and highest beside them; the first step, which compiles, and "
        "warm-up are left out. *waits*: how often a step waits for the device. *issued*: until the processor has asked for a step; where that is "
        "as long as the step, the device waits for the processor. *memory*: the peak of PyTorch's allocations without the resident images. "
        "*peak*: share of the bf16 peak that was measured here, and of the data sheet's, by the matrix products of a step in which hidden patches "
        "are never embedded; what a way computes beyond those counts for nothing. docs/gpu.md has more."
    )
    return "\n\n".join(parts) + "\n"


def introduction(record: dict[str, Any]) -> str:
    machine, peak = record["machine"], record["peak"] or {}
    lines = [
        f"By `scripts/bench/gpu.sh{' --tiny' if record['tiny'] else ''}`, {record['startedAt']}, {record['seconds']:.0f} s. {machine['device']}"
        + (f", {machine['memoryBytes'] / 1e9:.0f} GB" if machine["memoryBytes"] else "")
        + f"; PyTorch {machine['torch']}, CUDA {machine['cuda'] or 'none'}, Python {machine['python']}, {machine['processors']} processors."
    ]
    if "flopsPerSecond" in peak:
        nominal = peak["nominalFlopsPerSecond"]
        lines.append(
            f"Measured peak: {peak['flopsPerSecond'] / 1e12:.3g} TFLOP/s of bf16 products ({peak['size']} rows and columns, random data)"
            f"{'' if nominal is None else f', {nominal / 1e12:.0f} by the data sheet'}; copies move {peak['copyBytesPerSecond'] / 1e9:,.0f} GB/s, read and written."
        )
    return "\n".join(lines)


def equivalence_table(record: dict[str, Any]) -> str:
    found = record["equivalence"] or {"error": "not reached"}
    if "error" in found:
        return f"Not compared: {found['error']}."
    names = list(found["cases"][0]["differences"])
    lines = [markdown_row(["float32", *names, ""]), markdown_row(["---"] * (len(names) + 2))]
    for case in found["cases"]:
        values = ["not a number" if value is None else f"{value:.1e}" for value in case["differences"].values()]
        lines.append(markdown_row([case["title"], *values, "equal" if case["passed"] else "**differs**"]))
    return "\n".join(lines)


def targets_table(targets: list[dict[str, Any]]) -> str:
    words = {True: "met", False: "missed", None: "not measured"}
    lines = [markdown_row(["", "target", "measured", ""]), markdown_row(["---"] * 4)]
    lines += [markdown_row([t["name"], f"{t['target']:g}", number(t["value"]), words[t["met"]]]) for t in targets]
    return "\n".join(lines)


def facts_of(cells: list[dict[str, Any]]) -> str:
    first = cells[0]
    tokens = (first["image_size"] // first["patch_size"]) ** 2
    text = f"Patch {first['patch_size']}, {tokens:,} tokens, width {first['embed_dim']}, batch {first['batch_size']}"
    parameters = next((cell["parameters"] for cell in cells if "parameters" in cell), None)
    return f"{text}{'' if parameters is None else f', {parameters / 1e6:.3g} million parameters'}."


def table_of(record: dict[str, Any], cells: list[dict[str, Any]]) -> str:
    head = ["m", "way", "images/s", "ms a step", "issued", f"× {BASELINE}", "measured peak", "nominal", "memory, GB", "waits", "compiled in, s"]
    lines = [markdown_row(head), markdown_row(["---"] * len(head))]
    for cell in sorted(cells, key=lambda cell: cell["mask_rate"]):
        baseline = next((row for row in cell["rows"] if row["way"] == BASELINE), {"rounds": []})
        for row in cell["rows"]:
            lines.append(markdown_row([f"{cell['mask_rate']:g}", row["way"], *_values(record, cell, row, baseline)]))
    return "\n".join(lines)


def _values(record: dict[str, Any], cell: dict[str, Any], row: Row, baseline: Row) -> list[str]:
    seconds = step_seconds(row)
    if seconds is None:
        return [row["state"] if row["reason"] is None else f"{row['state']}: {row['reason']}"]
    speeds = [cell["batch_size"] / turn["seconds"] for turn in row["rounds"]]
    ratios = ratio(baseline, row)
    peaks = [share_of(cell, row, rate_of_peak(record, kind)) for kind in ("flopsPerSecond", "nominalFlopsPerSecond")]
    compiled = number(cell.get("compileSeconds") if row["way"] == OURS else None)
    if row["uncompiled"]:
        compiled += f", but {row['uncompiled']} functions not"
    return [
        f"{cell['batch_size'] / seconds:,.0f} ({min(speeds):,.0f}–{max(speeds):,.0f})",
        f"{1000 * seconds:.3g}",
        f"{1000 * median(turn['issueSeconds'] for turn in row['rounds']):.3g}",
        f"{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})" if ratios else "–",
        *("–" if share is None else f"{100 * share:.1f} %" for share in peaks),
        "–" if row["peakMemoryBytes"] is None else f"{row['peakMemoryBytes'] / 1e9:.1f}",
        "–" if row["waits"] is None else f"{row['waits']}",
        compiled,
    ]


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def markdown_row(cells: list[str]) -> str:
    return f"| {' | '.join(text.replace('|', '/') for text in cells)} |"
