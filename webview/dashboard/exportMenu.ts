/** Exports a chart as PNG, SVG or CSV. */
import { BAND_TEXT } from "../../src/core/series/band.ts";
import { chartSvg } from "../../src/core/series/chartSvg.ts";
import { AXIS_TITLES } from "../../src/core/series/charts.ts";
import { element } from "../ui/element.ts";
import { rasterized } from "../ui/rasterize.ts";
import { xTicks, yTicks } from "./axes.ts";
import type { ChartView } from "./chartView.ts";
import { iconButton } from "./icons.ts";
import { report } from "./report.ts";
import { settings } from "./settings.ts";

const WIDTH = 900;
const HEIGHT = 460;

const KINDS = [
  ["PNG", "Picture (PNG)…"],
  ["SVG", "Vector picture (SVG)…"],
  ["CSV", "All values in view (CSV)…"],
] as const;

/** A button that opens a menu. */
export function exportMenu(card: ChartView): HTMLElement {
  const menu = element("div", { class: "menu", role: "menu", popover: "auto" });
  const items = KINDS.map(([kind, text]) => {
    const item = element("button", { type: "button", role: "menuitem" }, text);
    item.addEventListener("click", () => {
      menu.hidePopover();
      void report(exportChart(card, kind));
    });
    return item;
  });
  menu.append(...items);
  const button = iconButton("export", `Export ${card.spec.title}`, () => menu.togglePopover());
  button.setAttribute("aria-haspopup", "menu");
  menu.addEventListener("toggle", (event) => {
    const open = (event as ToggleEvent).newState === "open";
    button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    const { bottom, right } = button.getBoundingClientRect();
    menu.style.top = `${bottom + 2}px`;
    menu.style.left = `${Math.max(4, right - menu.offsetWidth)}px`;
    items[0]!.focus();
  });
  menu.addEventListener("keydown", (event) => {
    const move = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (move === 0) return;
    event.preventDefault();
    const at = items.indexOf(document.activeElement as HTMLButtonElement);
    items[(at + move + items.length) % items.length]!.focus();
  });
  return element("span", { class: "export" }, button, menu);
}

async function exportChart(card: ChartView, kind: "PNG" | "SVG" | "CSV"): Promise<void> {
  const { model, id, spec } = card;
  if (kind === "CSV") {
    const dirs = model.shownRuns.map(({ dir }) => dir);
    await model.messenger.request("exportCsv", { chart: id, x: settings.x, range: settings.range, dirs });
    return;
  }
  const svg = picture(card);
  const bytes = kind === "SVG" ? new TextEncoder().encode(svg) : await rasterized(svg);
  await model.messenger.request("savePicture", { name: spec.title, kind: kind === "SVG" ? "svg" : "png", bytes });
}

function picture(card: ChartView): string {
  const { model, spec, xRange: x, yRange: y } = card;
  const { palette } = model;
  const title = model.smooths(card.id)
    ? `${AXIS_TITLES[settings.x]} (averaged over ${model.tau} steps)`
    : AXIS_TITLES[settings.x];
  const chart = {
    title: spec.title,
    x: { ...xTicks(settings.x, x, settings.logX, WIDTH), low: x[0], high: x[1], logarithmic: settings.logX, title },
    y: {
      ...yTicks(spec.format, y, card.logarithmic, HEIGHT),
      low: y[0],
      high: y[1],
      logarithmic: card.logarithmic,
      title: [
        spec.unit,
        ...(card.drawnBands.length > 0 ? [` (bands: ${BAND_TEXT})`] : []),
        ...(card.leavesOut ? [" (outliers outside)"] : []),
      ].join(""),
    },
    lines: card.drawnLines.map(({ line, ...style }) => ({ ...style, xs: line.xs, ys: line.ys, length: line.length })),
    bands: card.drawnBands,
    legend: model.shownRuns.map(({ label, slot }) => ({ label, ...palette.style(slot) })),
    width: WIDTH,
    height: HEIGHT,
    colours: { text: palette.text, grid: palette.grid, background: palette.background },
  };
  return chartSvg(chart);
}
