"""Images per second by mask rate, a panel a network, as SVG: a machine with a GPU need not have Node.js."""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape
from statistics import median
from typing import Any

# Told apart on light and dark pages and in the common colour deficiencies; a dash tells them apart without colour.
STYLES = (("#8a8f98", ""), ("#0072b2", "6 3"), ("#009e73", "2 3"), ("#d55e00", ""))
WIDTH, PANEL_WIDTH, PANEL_HEIGHT, HEAD, COLUMNS = 760, 380, 250, 56, 2
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 30, 40
STYLE = (
    "text{font:12px system-ui,'Segoe UI','DejaVu Sans',Arial,sans-serif;fill:#24292f}.grid{stroke:#d8dee4}.line{fill:none;stroke-width:2}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.grid{stroke:#3d444d}.page{fill:#0d1117}}"
)


def plot_of(record: dict[str, Any]) -> str | None:
    """None before anything is measured."""
    styles = dict(zip(record["ways"], STYLES))
    panels = []
    for model in dict.fromkeys(cell["model"] for cell in record["cells"]):
        cells = sorted((cell for cell in record["cells"] if cell["model"] == model), key=lambda cell: cell["mask_rate"])
        lines = {way: _points(cells, way) for way in styles}
        lines = {way: points for way, points in lines.items() if points}
        if lines:
            left, top = len(panels) % COLUMNS * PANEL_WIDTH, HEAD + len(panels) // COLUMNS * PANEL_HEIGHT
            panels.append(f'<g transform="translate({left} {top})">{_panel(model, cells, lines, styles)}</g>')
    if not panels:
        return None
    height = HEAD + -(-len(panels) // COLUMNS) * PANEL_HEIGHT
    device = "tiny networks on the processor" if record["tiny"] else record["machine"]["device"]
    title = escape(f"Images per second by mask rate: {device}")
    legend = "".join(
        f'<path class="line" d="M{14 + 170 * i} 42h24" stroke="{colour}" stroke-dasharray="{dash}"/><text x="{44 + 170 * i}" y="46">{escape(way)}</text>'
        for i, (way, (colour, dash)) in enumerate(styles.items())
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img">'
        f'<title>{title}</title><style>{STYLE}</style><rect class="page" width="{WIDTH}" height="{height}" fill="#ffffff"/>'
        f'<text x="14" y="22" font-weight="600">{title}</text>{legend}{"".join(panels)}</svg>\n'
    )


def _points(cells: list[dict[str, Any]], way: str) -> list[tuple[float, float]]:
    """Mask rate and images per second."""
    rows = [(cell, row) for cell in cells for row in cell["rows"] if row["way"] == way and row["rounds"]]
    return [(cell["mask_rate"], cell["batch_size"] / median(turn["seconds"] for turn in row["rounds"])) for cell, row in rows]


def _panel(model: str, cells: list[dict[str, Any]], lines: dict[str, list[tuple[float, float]]], styles: dict[str, tuple[str, str]]) -> str:
    speeds = [speed for points in lines.values() for _, speed in points]
    low, high = math.log10(min(speeds) / 1.2), math.log10(max(speeds) * 1.2)

    def x(rate: float) -> float:
        return round(LEFT + rate * (PANEL_WIDTH - LEFT - RIGHT), 1)

    def y(speed: float) -> float:
        return round(PANEL_HEIGHT - BOTTOM - (math.log10(speed) - low) / (high - low) * (PANEL_HEIGHT - TOP - BOTTOM), 1)

    grid = "".join(
        f'<path class="grid" d="M{LEFT} {y(tick)}H{PANEL_WIDTH - RIGHT}"/><text x="{LEFT - 6}" y="{y(tick) + 4}" text-anchor="end">{tick:,g}</text>'
        for tick in _ticks(low, high)
    )
    grid += "".join(
        f'<path class="grid" d="M{x(cell["mask_rate"])} {TOP}V{PANEL_HEIGHT - BOTTOM}"/>'
        f'<text x="{x(cell["mask_rate"])}" y="{PANEL_HEIGHT - BOTTOM + 16}" text-anchor="middle">{cell["mask_rate"]:g}</text>'
        for cell in cells
    )
    drawn = "".join(_line(points, styles[way], x, y) for way, points in lines.items())
    return f'<text x="{LEFT}" y="{TOP - 10}">{escape(model)}</text>{grid}{drawn}'


def _line(points: list[tuple[float, float]], style: tuple[str, str], x: Callable[[float], float], y: Callable[[float], float]) -> str:
    colour, dash = style
    path = "L".join(f"{x(rate)} {y(speed)}" for rate, speed in points)
    marks = "".join(f'<circle cx="{x(rate)}" cy="{y(speed)}" r="3" fill="{colour}"/>' for rate, speed in points)
    return f'<path class="line" d="M{path}" stroke="{colour}" stroke-dasharray="{dash}"/>{marks}'


def _ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 of every power of ten between two logarithms."""
    every = [step * 10.0**power for power in range(math.floor(low), math.ceil(high) + 1) for step in (1, 2, 5)]
    return [tick for tick in every if low <= math.log10(tick) <= high]
