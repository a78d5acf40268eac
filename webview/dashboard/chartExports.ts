/** Exports a chart as PNG, SVG or CSV. */
import { BAND_TEXT } from "../../src/core/series/band.ts";
import { chartSvg } from "../../src/core/series/chartSvg.ts";
import { AXIS_TITLES } from "../../src/core/series/charts.ts";
import { exportMenu, pictureBytes } from "../ui/exportMenu.ts";
import { xTicks, yTicks } from "./axes.ts";
import type { ChartView } from "./chartView.ts";
import { report } from "./report.ts";
import { settings } from "./settings.ts";

const WIDTH = 900;
const HEIGHT = 460;

/** A button that opens a menu. */
export const exportMenuOf = (card: ChartView): HTMLElement =>
  exportMenu(card.spec.title, "icon-button", [
    ["Picture (PNG)…", () => void report(savePicture(card, "png"))],
    ["Vector picture (SVG)…", () => void report(savePicture(card, "svg"))],
    ["All values in view (CSV)…", () => void report(saveValues(card))],
  ]);

async function savePicture(card: ChartView, kind: "png" | "svg"): Promise<void> {
  const bytes = await pictureBytes(picture(card), kind);
  await card.model.messenger.request("savePicture", { name: card.spec.title, kind, bytes });
}

async function saveValues({ model, id }: ChartView): Promise<void> {
  const dirs = model.shownRuns.map(({ dir }) => dir);
  await model.messenger.request("exportCsv", { chart: id, x: settings.x, range: settings.range, dirs });
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
