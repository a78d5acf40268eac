/** A chart of lines as SVG text: vectors only, text as text. */
import { type Band, bandPath } from "./band.ts";
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

export interface SvgChart {
  readonly title: string;
  readonly x: SvgAxis;
  readonly y: SvgAxis;
  readonly lines: readonly SvgLine[];
  /** below the lines */
  readonly bands?: readonly (Band & { readonly colour: string })[];
  readonly legend: readonly { readonly label: string; readonly colour: string; readonly dash: readonly number[] }[];
  readonly width: number;
  /** of the chart; the legend adds to it */
  readonly height: number;
  readonly colours: SvgColours;
}

const MARGIN = { top: 38, right: 18, bottom: 46, left: 66 };
const LEGEND_LINE = 18;
const LEGEND_COLUMN = 270;

/** Opacity of a band, where another shines through, and of its outline, which tells one from the other. */
export const BAND_FILL = 0.15;
export const BAND_EDGE = 0.5;

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
  const bands = (chart.bands ?? []).map(({ colour, ...band }) => {
    const d = bandPath(band, toX, toY);
    return `<path d="${d}" fill="${colour}" fill-opacity="${BAND_FILL}" stroke="${colour}" stroke-opacity="${BAND_EDGE}"/>`;
  });
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

const dashes = (dash: readonly number[]): string => (dash.length === 0 ? "" : ` stroke-dasharray="${dash.join(" ")}"`);
