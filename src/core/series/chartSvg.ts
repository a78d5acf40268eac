/** A chart of lines as SVG text: vectors only, text as text. */
import {
  axesSvg,
  axisMapping,
  clipped,
  escapeXml,
  labelRoom,
  type Mapping,
  round,
  type SvgAxis,
  type SvgColours,
  svgDocument,
} from "./svgFrame.ts";

export interface SvgLine {
  readonly xs: Float64Array;
  readonly ys: Float32Array;
  readonly length: number;
  readonly colour: string;
  /** lengths of dashes and gaps; empty: a whole line */
  readonly dash: readonly number[];
  readonly width: number;
  readonly opacity: number;
  /** puts its path into a group that says what it stands for */
  readonly mark?: (path: string) => string;
}

/** What lies between two lines of the same xs; where either has no value there is a gap. */
export interface SvgBand {
  readonly xs: Float64Array;
  readonly lows: Float32Array;
  readonly highs: Float32Array;
  readonly colour: string;
}

export interface SvgChart {
  readonly title: string;
  readonly x: SvgAxis;
  readonly y: SvgAxis;
  /** below all lines */
  readonly bands?: readonly SvgBand[];
  readonly lines: readonly SvgLine[];
  readonly legend: readonly { readonly label: string; readonly colour: string; readonly dash: readonly number[] }[];
  readonly width: number;
  /** of the chart; the legend adds to it */
  readonly height: number;
  readonly colours: SvgColours;
}

const MARGIN = { top: 38, right: 18, bottom: 46, left: 66 };
const LEGEND_LINE = 18;
const LEGEND_COLUMN = 270;

/** Total size of the picture. */
export function svgSize(chart: Pick<SvgChart, "width" | "height" | "legend">): { width: number; height: number } {
  const rows = Math.ceil(chart.legend.length / legendColumns(chart.width));
  return { width: chart.width, height: chart.height + (rows === 0 ? 0 : rows * LEGEND_LINE + 10) };
}

const legendColumns = (width: number): number => Math.max(1, Math.floor((width - MARGIN.left) / LEGEND_COLUMN));

export function chartSvg(chart: SvgChart): string {
  const { title, x, y, width, height, colours } = chart;
  const left = Math.max(MARGIN.left, labelRoom(y));
  const plot = { left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
  const toX = axisMapping(x, plot.left, plot.right);
  const toY = axisMapping(y, plot.bottom, plot.top);
  const bands = (chart.bands ?? []).map(
    (band) => `<path d="${bandData(band, toX, toY, x, y)}" fill="${band.colour}" fill-opacity="0.16"/>`,
  );
  const paths = chart.lines.map((line) => {
    const d = pathData(line, toX, toY, x, y);
    const opacity = line.opacity < 1 ? ` stroke-opacity="${line.opacity}"` : "";
    const path = `<path d="${d}" stroke="${line.colour}" stroke-width="${line.width}"${opacity}${dashes(line.dash)}/>`;
    return line.mark?.(path) ?? path;
  });
  const columns = legendColumns(width);
  const legend = chart.legend.map(({ label, colour, dash }, i) => {
    const left = plot.left + (i % columns) * LEGEND_COLUMN;
    const top = height + Math.floor(i / columns) * LEGEND_LINE + 4;
    const shown = label.length > 36 ? `${label.slice(0, 35)}…` : label;
    return `<path d="M${left} ${top}h22" stroke="${colour}" stroke-width="2"${dashes(dash)}/><text x="${left + 28}" y="${top + 4}">${escapeXml(shown)}</text>`;
  });
  const drawn = `<g class="lines" fill="none" stroke-linejoin="round">\n${paths.join("\n")}\n</g>`;
  return svgDocument(
    { title, ...svgSize(chart), left: plot.left, colours },
    [axesSvg(plot, x, y, colours.grid), clipped(plot, [...bands, drawn].join("\n")), ...legend].join("\n"),
  );
}

/** What lies outside the plot is left out but for one point on each side; what an axis cannot show is a gap. */
function pathData(line: SvgLine, toX: Mapping, toY: Mapping, x: SvgAxis, y: SvgAxis): string {
  let d = "";
  let begun = false;
  for (let i = 0; i < line.length; i++) {
    const px = line.xs[i]!;
    const py = line.ys[i]!;
    if (i + 1 < line.length && line.xs[i + 1]! < x.low) continue;
    if (i > 0 && line.xs[i - 1]! > x.high) break;
    if (Number.isNaN(py) || (y.logarithmic && py <= 0) || (x.logarithmic && px <= 0)) {
      begun = false;
      continue;
    }
    d += `${begun ? "L" : "M"}${round(toX(px))} ${round(toY(py))}`;
    begun = true;
  }
  return d;
}

/** There along the upper edge and back along the lower one; below what a logarithm can show the band ends at the plot's. */
function bandData({ xs, lows, highs }: SvgBand, toX: Mapping, toY: Mapping, x: SvgAxis, y: SvgAxis): string {
  const lowest = y.logarithmic ? y.low : Number.NEGATIVE_INFINITY;
  const ofStretch = (from: number, to: number): string => {
    const there = Array.from({ length: to - from }, (_, i) => from + i);
    const point = (i: number, ys: Float32Array): string =>
      `${round(toX(xs[i]!))} ${round(toY(Math.max(lowest, ys[i]!)))}`;
    return `M${[...there.map((i) => point(i, highs)), ...there.reverse().map((i) => point(i, lows))].join("L")}Z`;
  };
  let d = "";
  let from = 0;
  for (let i = 0; i <= xs.length; i++) {
    const isValue = i < xs.length && lows[i]! <= highs[i]! && (!x.logarithmic || xs[i]! > 0);
    if (isValue) continue;
    if (i > from) d += ofStretch(from, i);
    from = i + 1;
  }
  return d;
}

const dashes = (dash: readonly number[]): string => (dash.length === 0 ? "" : ` stroke-dasharray="${dash.join(" ")}"`);
