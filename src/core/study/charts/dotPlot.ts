/** All configurations below each other: mean, 95 % interval and every training, the best first. */
import { linearTicks, tickFormat } from "../../series/axis.ts";
import { axisMapping, DIGIT, escapeXml, round, shortened, svgDocument, textWidth } from "../../series/svgFrame.ts";
import { METRICS } from "../metrics.ts";
import { rankedRows, type StudyTable, type TableRow } from "../table.ts";
import { metricFormat, statesText } from "../words.ts";
import { axisRange, type ChartLook, colourOf, markOf, signLegend, signOf, whisker } from "./look.ts";

export interface DotPlotOptions extends ChartLook {
  /** metric: the best first; plan: as the axes have them */
  readonly order: "metric" | "plan";
}

const ROW = 20;
const TOP = 52;
const BELOW = 66;
/** On both sides of a label. */
const LABEL_MARGIN = 24;
/** How much wider letters of the best one's weight are. */
const BOLD = 1.1;

export function dotPlotSvg(table: StudyTable, options: DotPlotOptions): string {
  const { width, colours, order } = options;
  const spec = METRICS[table.metric];
  const format = metricFormat(table);
  const rows = order === "plan" ? table.rows : rankedRows(table);
  const labels = Math.min(0.42 * width, LABEL_MARGIN + Math.max(50, ...rows.map(labelWidth)));
  const values = rows.map((row) => (row.mean === null ? "" : format(row.mean)));
  const numbers = 12 + DIGIT * Math.max(6, ...values.map(({ length }) => length));
  const plot = { left: labels, right: width - numbers - 44, top: TOP, bottom: TOP + ROW * rows.length };
  const measured = [
    ...rows.flatMap((row) => (row.interval === null ? [] : [row.interval.low, row.interval.high])),
    ...rows.flatMap(({ cells }) => cells.flatMap(({ value }) => value ?? [])),
  ];
  const floor = nearFloor(table.floor, measured);
  const [low, high] = axisRange(floor === null ? measured : [...measured, floor]);
  const ticks = linearTicks(low, high, Math.max(2, (plot.right - plot.left) / 80));
  const toX = axisMapping({ low, high, logarithmic: false }, plot.left, plot.right);
  const tick = tickFormat(ticks);
  const best = rows.find(({ standing }) => standing === "best");
  const parts = [
    ...ticks.map((at) => {
      const x = round(toX(at));
      return `<path d="M${x} ${plot.top}V${plot.bottom}" stroke="${colours.grid}"/><text x="${x}" y="${plot.bottom + 16}" text-anchor="middle">${escapeXml(tick(at))}</text>`;
    }),
    `<text x="${(plot.left + plot.right) / 2}" y="${plot.bottom + 34}" text-anchor="middle">${spec.title} (${spec.better} is better)</text>`,
    `<text x="${width - 44}" y="${plot.top - 8}" text-anchor="end" fill="${colours.muted}">mean</text>`,
    `<text x="${width - 10}" y="${plot.top - 8}" text-anchor="end" fill="${colours.muted}">n</text>`,
  ];
  if (best?.mean != null) parts.push(verticalLine(toX(best.mean), plot, colours.best, "1 3", null));
  if (floor !== null) parts.push(verticalLine(toX(floor), plot, colours.muted, "5 3", "floor"));
  else if (table.floor !== null) {
    parts.push(
      `<text x="${plot.left}" y="${plot.top - 8}" fill="${colours.muted}">floor ${format(table.floor)}, outside</text>`,
    );
  }
  rows.forEach((row, i) => {
    parts.push(markOf(row, table, rowSvg(row, plot.top + ROW * (i + 0.5), values[i]!)));
  });
  parts.push(signLegend(table, plot.left, plot.bottom + 56, colours));
  const title = `${spec.title} of ${rows.length} configurations`;
  return svgDocument({ title, width, height: plot.bottom + BELOW, left: 14, colours }, parts.join("\n"));

  function rowSvg(row: TableRow, y: number, value: string): string {
    const room = (labels - LABEL_MARGIN) / (row.standing === "best" ? BOLD : 1);
    const weight = row.standing === "best" ? ' font-weight="600"' : "";
    const label = `<rect class="hit" x="0" y="${y - ROW / 2}" width="${width}" height="${ROW}" fill="transparent"/><text x="14" y="${y + 4}"${weight}>${escapeXml(shortened(row.label, room))}</text>`;
    if (row.mean === null) {
      return `${label}<text x="${plot.left + 6}" y="${y + 4}" fill="${colours.muted}" font-style="italic">${escapeXml(statesText(row))}</text>`;
    }
    const colour = colourOf(row.standing, colours);
    const trainings = row.cells.flatMap((cell) => {
      if (cell.value === null) return [];
      return `<path d="M${round(toX(cell.value))} ${y - 5}v10" stroke="${colour}" stroke-opacity="0.45"/>`;
    });
    const interval = row.interval && whisker([toX(row.interval.low), y], [toX(row.interval.high), y], colour);
    return [
      ...[label, ...trainings, interval ?? "", signOf(row.standing, toX(row.mean), y, colours)],
      `<text x="${width - 44}" y="${y + 4}" text-anchor="end"${weight}>${value}</text>`,
      `<text x="${width - 10}" y="${y + 4}" text-anchor="end" fill="${colours.muted}">${row.n}</text>`,
    ].join("");
  }
}

/** Drawn where it leaves the values most of the room; null: it does not, or there is none. */
function nearFloor(floor: number | null, measured: readonly number[]): number | null {
  if (floor === null || measured.length === 0) return null;
  const [low, high] = [Math.min(...measured), Math.max(...measured)];
  return floor > low - (high - low) && floor < high + (high - low) ? floor : null;
}

function verticalLine(
  x: number,
  { top, bottom }: { top: number; bottom: number },
  colour: string,
  dash: string,
  label: string | null,
): string {
  const text = label && `<text x="${round(x)}" y="${top - 8}" text-anchor="middle" fill="${colour}">${label}</text>`;
  return `<path d="M${round(x)} ${top - 4}V${bottom}" stroke="${colour}" stroke-dasharray="${dash}"/>${text ?? ""}`;
}

const labelWidth = ({ label, standing }: TableRow): number => textWidth(label) * (standing === "best" ? BOLD : 1);
