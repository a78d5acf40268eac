/** The metric over two axes: a number, its interval and n in every cell; the other axes as small multiples. */
import { DIGIT, escapeXml, round, shortened, svgDocument } from "../../series/svgFrame.ts";
import { type Axis, pointText } from "../axes.ts";
import { METRICS } from "../metrics.ts";
import type { StudyTable, TableRow } from "../table.ts";
import { metricFormat, statesText } from "../words.ts";
import { dotPlotSvg } from "./dotPlot.ts";
import { type Box, hatch } from "./hatch.ts";
import { heatColour } from "./heatColour.ts";
import { type ChartLook, markOf } from "./look.ts";

export interface HeatMapChoice {
  /** places of axes in the table */
  readonly x: number;
  readonly y: number;
  /** point by place of the axis: only this one is shown; axes that are not named here are small multiples */
  readonly fixed: Readonly<Record<number, number>>;
}

export interface HeatMapOptions extends ChartLook {
  /** null, or one that the table's axes do not have: the usual one */
  readonly choice: HeatMapChoice | null;
}

/** More small multiples than a page has room for. */
const MOST_FACETS = 16;
const LEAST_CELL = 34;
const ROOMY_CELL = 104;
const LARGEST_CELL = 132;
const ROW = 18;
const GAP = 2;
const TOP = 38;
/** Below the colours, a line each: together they are wider than a column of a page. */
const NOTES = [
  "mean over seeds, 95 % bootstrap interval, n",
  "solid frame: best; dashed frame: not different from the best",
];

/** The first axis down, the second across, and as many of the others as fit as small multiples. */
export function heatMapChoice({ axes }: Pick<StudyTable, "axes">): HeatMapChoice {
  const fixed: Record<number, number> = {};
  let facets = 1;
  axes.forEach(({ points }, i) => {
    if (i < 2) return;
    facets *= points.length;
    if (facets <= MOST_FACETS) return;
    facets /= points.length;
    fixed[i] = 0;
  });
  return { x: Math.min(1, axes.length - 1), y: 0, fixed };
}

/** A study of one axis, or none, has no two to lay out: its dots with intervals, in the axis's order. */
export function heatMapSvg(table: StudyTable, { choice, ...look }: HeatMapOptions): string {
  if (table.axes.length < 2) return dotPlotSvg(table, { ...look, order: "plan" });
  return new HeatMapDrawing(table, look, choice !== null && fits(table, choice) ? choice : heatMapChoice(table)).svg();
}

const fits = ({ axes }: StudyTable, { x, y, fixed }: HeatMapChoice): boolean =>
  x !== y &&
  [x, y].every((axis) => axis in axes) &&
  Object.entries(fixed).every(([axis, point]) => axes[Number(axis)]?.points[point] !== undefined);

interface Facet {
  readonly title: string;
  readonly rows: readonly TableRow[];
}

class HeatMapDrawing {
  private readonly format: (value: number) => string;
  private readonly range: readonly [low: number, high: number];
  private readonly across: Axis;
  private readonly down: Axis;

  constructor(
    private readonly table: StudyTable,
    private readonly look: ChartLook,
    private readonly choice: HeatMapChoice,
  ) {
    this.across = table.axes[choice.x]!;
    this.down = table.axes[choice.y]!;
    this.format = metricFormat(table);
    const means = this.facets().flatMap(({ rows }) => rows.flatMap((row) => row.mean ?? []));
    this.range = means.length === 0 ? [0, 0] : [Math.min(...means), Math.max(...means)];
  }

  svg(): string {
    const { width, colours } = this.look;
    const { across, down } = this;
    const facets = this.facets();
    const labels = Math.min(150, 14 + DIGIT * Math.max(...down.points.map(({ label }) => label.length)));
    const side = 30 + labels;
    const most = Math.floor(width / (side + LEAST_CELL * across.points.length));
    const roomy = Math.floor((width - 14) / (side + ROOMY_CELL * across.points.length));
    const columns = Math.max(1, Math.min(facets.length, roomy, most));
    const facetWidth = (width - 14) / columns;
    const cellWidth = Math.max(12, Math.min(LARGEST_CELL, (facetWidth - side) / across.points.length));
    const cell = { width: cellWidth, height: cellWidth < 60 ? 26 : 54 };
    const head = facets.length > 1 ? 22 : 4;
    const facetHeight = head + cell.height * down.points.length + 44;
    const parts = facets.map(({ title, rows }, i) => {
      const left = 14 + (i % columns) * facetWidth;
      const top = TOP + Math.floor(i / columns) * facetHeight;
      return this.facetSvg(title, rows, { left: left + side, top: top + head, labels }, cell);
    });
    const height = TOP + Math.ceil(facets.length / columns) * facetHeight;
    parts.push(this.legend(height));
    const title = `${METRICS[this.table.metric].title} over ${down.name} and ${across.name}${this.fixedText()}`;
    return svgDocument({ title, width, height: height + 62, left: 14, colours }, parts.join("\n"));
  }

  /** Of every combination of the axes that are neither laid out nor fixed. */
  private facets(): Facet[] {
    const { axes, rows } = this.table;
    const { x, y, fixed } = this.choice;
    const others = axes.map((_, i) => i).filter((i) => i !== x && i !== y && fixed[i] === undefined);
    const facets = new Map<string, { title: string; rows: TableRow[] }>();
    for (const row of rows) {
      if (Object.entries(fixed).some(([axis, point]) => row.points[Number(axis)] !== point)) continue;
      const title = others.map((i) => this.pointText(i, row.points[i]!)).join(", ");
      const facet = facets.get(title) ?? { title, rows: [] };
      facet.rows.push(row);
      facets.set(title, facet);
    }
    return [...facets.values()];
  }

  private pointText(place: number, point: number): string {
    const axis = this.table.axes[place]!;
    return pointText(axis, axis.points[point]!);
  }

  private fixedText(): string {
    const named = Object.entries(this.choice.fixed).map(([axis, point]) => this.pointText(Number(axis), point));
    return named.length === 0 ? "" : `, ${named.join(", ")}`;
  }

  private facetSvg(
    title: string,
    rows: readonly TableRow[],
    { left, top, labels }: { left: number; top: number; labels: number },
    cell: { readonly width: number; readonly height: number },
  ): string {
    const { across, down, choice, look } = this;
    const { text, muted } = look.colours;
    const width = cell.width * across.points.length;
    const height = cell.height * down.points.length;
    const bottom = top + height;
    const parts = rows.map((row) => {
      const box = {
        x: left + cell.width * row.points[choice.x]!,
        y: top + cell.height * row.points[choice.y]!,
        width: cell.width - GAP,
        height: cell.height - GAP,
      };
      return markOf(row, this.table, this.cellSvg(row, box));
    });
    if (title !== "")
      parts.push(
        `<text x="${round(left)}" y="${top - 8}" font-weight="600">${escapeXml(shortened(title, width))}</text>`,
      );
    across.points.forEach(({ label }, i) => {
      const at = round(left + cell.width * (i + 0.5) - GAP / 2);
      parts.push(
        `<text x="${at}" y="${bottom + 14}" text-anchor="middle" fill="${text}">${escapeXml(shortened(label, cell.width))}</text>`,
      );
    });
    down.points.forEach(({ label }, i) => {
      const at = round(top + cell.height * (i + 0.5) + 3);
      parts.push(
        `<text x="${round(left - 8)}" y="${at}" text-anchor="end" fill="${text}">${escapeXml(shortened(label, labels))}</text>`,
      );
    });
    const axisTitle = (name: string, room: number): string => escapeXml(shortened(name, room));
    parts.push(
      `<text x="${round(left + width / 2)}" y="${bottom + 31}" text-anchor="middle" fill="${muted}">${axisTitle(across.name, width + 60)}</text>`,
      `<text transform="translate(${round(left - labels - 14)} ${round(top + height / 2)}) rotate(-90)" text-anchor="middle" fill="${muted}">${axisTitle(down.name, height + 40)}</text>`,
    );
    return parts.join("\n");
  }

  private cellSvg(row: TableRow, box: Box): string {
    const { x, y, width, height } = box;
    const frame = (attributes: string): string =>
      `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" ${attributes}/>`;
    if (row.mean === null) return this.emptyCell(row, box, frame);
    const { fill, text } = heatColour(this.share(row.mean));
    const lines = this.cellLines(row, width);
    const shown = height < 40 ? lines.slice(0, 1) : lines;
    const middle = y + height / 2 - (shown.length - 1) * 7.5 + 4;
    const parts = [frame(`fill="${fill}"`)];
    shown.forEach((line, i) => {
      const style = i === 0 ? 'font-size="12.5" font-weight="600"' : 'font-size="9.5"';
      parts.push(
        `<text x="${round(x + width / 2)}" y="${round(middle + 15 * i)}" text-anchor="middle" fill="${text}" ${style}>${escapeXml(line)}</text>`,
      );
    });
    // A frame within the cell, which its neighbours leave whole: solid for the best, dashed for what does not differ from it.
    const ring = row.standing === "best" ? "" : row.standing === "not different" ? ' stroke-dasharray="5 3"' : null;
    if (ring !== null) {
      const inner = `x="${round(x + 2)}" y="${round(y + 2)}" width="${round(width - 4)}" height="${round(height - 4)}"`;
      parts.push(`<rect ${inner} fill="none" stroke="${text}" stroke-width="2"${ring}/>`);
    }
    return parts.join("");
  }

  /** Number, interval and n, those that the cell is wide enough for. */
  private cellLines(row: TableRow, width: number): string[] {
    const { format } = this;
    const lines = [format(row.mean!)];
    const spread = row.interval === null ? [] : [`${format(row.interval.low)} to ${format(row.interval.high)}`];
    const missing = row.cells.length - row.n;
    const count = missing === 0 ? `n ${row.n}` : `n ${row.n} of ${row.cells.length}`;
    const word = row.standing === "best" ? ", best" : row.standing === "not different" ? ", ≈ best" : "";
    for (const line of [...spread, `${count}${word}`]) if (DIGIT * 0.86 * line.length < width - 4) lines.push(line);
    return lines;
  }

  private emptyCell(row: TableRow, box: Box, frame: (attributes: string) => string): string {
    const { muted, grid, background } = this.look.colours;
    const has = (kind: TableRow["cells"][number]["state"]): boolean => row.cells.some(({ state }) => state === kind);
    const d = has("failed")
      ? hatch(box, "rising") + hatch(box, "falling")
      : has("given up")
        ? hatch(box, "rising")
        : has("refused")
          ? hatch(box, "level")
          : "";
    const isAtWork = has("training") || has("evaluating");
    const text = shortened(statesText(row), box.width - 8, 10);
    const wide = DIGIT * 0.91 * text.length + 8;
    const [cx, cy] = [box.x + box.width / 2, box.y + box.height / 2];
    return [
      frame(`fill="${background}" stroke="${grid}"${isAtWork ? ' stroke-dasharray="4 3"' : ""}`),
      d === "" ? "" : `<path d="${d}" stroke="${grid}" stroke-width="1.2" fill="none"/>`,
      `<rect x="${round(cx - wide / 2)}" y="${round(cy - 8)}" width="${round(wide)}" height="16" fill="${background}"/>`,
      `<text x="${round(cx)}" y="${round(cy + 4)}" text-anchor="middle" font-size="10" fill="${muted}">${escapeXml(text)}</text>`,
    ].join("");
  }

  /** 0 for the best value of the map. */
  private share(value: number): number {
    const [low, high] = this.range;
    const up = high > low ? (value - low) / (high - low) : 0;
    return METRICS[this.table.metric].better === "lower" ? up : high > low ? 1 - up : 0;
  }

  private legend(top: number): string {
    const { colours } = this.look;
    const [low, high] = this.range;
    const lowerIsBetter = METRICS[this.table.metric].better === "lower";
    const ends = lowerIsBetter ? [low, high] : [high, low];
    const steps = 48;
    const bar = Array.from({ length: steps }, (_, i) => {
      const { fill } = heatColour(i / (steps - 1));
      return `<rect x="${90 + i * 4}" y="${top + 8}" width="4.4" height="10" fill="${fill}"/>`;
    });
    const end = 90 + steps * 4;
    return [
      ...bar,
      `<text x="82" y="${top + 17}" text-anchor="end">${escapeXml(`better ${this.format(ends[0]!)}`)}</text>`,
      `<text x="${end + 8}" y="${top + 17}">${escapeXml(this.format(ends[1]!))}</text>`,
      ...NOTES.map((note, i) => `<text x="14" y="${top + ROW + 18 + 15 * i}" fill="${colours.muted}">${note}</text>`),
    ].join("\n");
  }
}
