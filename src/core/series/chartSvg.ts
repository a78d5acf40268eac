/** A chart as SVG text: vectors only, text as text. */
import { type Band, bandPath } from "./band.ts";
import type { TimeTicks } from "./timeAxis.ts";

export interface SvgLine {
  readonly xs: Float64Array;
  readonly ys: Float32Array;
  readonly length: number;
  readonly colour: string;
  /** lengths of dashes and gaps; empty: a whole line */
  readonly dash: readonly number[];
  readonly width: number;
  readonly opacity: number;
}

export interface SvgAxis extends TimeTicks {
  readonly low: number;
  readonly high: number;
  readonly logarithmic: boolean;
  readonly title: string;
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
  readonly colours: { readonly text: string; readonly grid: string; readonly background: string };
}

const MARGIN = { top: 38, right: 18, bottom: 46, left: 66 };
const LEGEND_LINE = 18;
const LEGEND_COLUMN = 270;
const FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif";

/** Far outside of any picture; a program that draws it may not know larger numbers. */
const FAR = 1e5;
/** About the width of a digit. */
const DIGIT = 6.4;

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
  const size = svgSize(chart);
  const labels = Math.max(0, ...y.ticks.map((tick) => y.format(tick).length));
  const left = Math.max(MARGIN.left, Math.ceil(32 + DIGIT * labels));
  const plot = { left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
  const toX = mapping(x, plot.left, plot.right);
  const toY = mapping(y, plot.bottom, plot.top);
  const grid = [
    ...x.ticks.map((tick) => {
      const at = round(toX(tick));
      return `<path d="M${at} ${plot.top}V${plot.bottom}" stroke="${colours.grid}"/><text x="${at}" y="${plot.bottom + 16}" text-anchor="middle">${escapeXml(x.format(tick))}</text>`;
    }),
    ...y.ticks.map((tick) => {
      const at = round(toY(tick));
      return `<path d="M${plot.left} ${at}H${plot.right}" stroke="${colours.grid}"/><text x="${plot.left - 8}" y="${at + 4}" text-anchor="end">${escapeXml(y.format(tick))}</text>`;
    }),
  ];
  const bands = (chart.bands ?? []).map(({ colour, ...band }) => {
    const d = bandPath(band, toX, toY);
    return `<path d="${d}" fill="${colour}" fill-opacity="${BAND_FILL}" stroke="${colour}" stroke-opacity="${BAND_EDGE}"/>`;
  });
  const paths = chart.lines.map((line) => {
    const d = pathData(line, toX, toY, x, y);
    const opacity = line.opacity < 1 ? ` stroke-opacity="${line.opacity}"` : "";
    return `<path d="${d}" stroke="${line.colour}" stroke-width="${line.width}"${opacity}${dashes(line.dash)}/>`;
  });
  const columns = legendColumns(width);
  const legend = chart.legend.map(({ label, colour, dash }, i) => {
    const left = plot.left + (i % columns) * LEGEND_COLUMN;
    const top = height + Math.floor(i / columns) * LEGEND_LINE + 4;
    const shown = label.length > 36 ? `${label.slice(0, 35)}…` : label;
    return `<path d="M${left} ${top}h22" stroke="${colour}" stroke-width="2"${dashes(dash)}/><text x="${left + 28}" y="${top + 4}">${escapeXml(shown)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" role="img" font-family="${FONT}" font-size="11" fill="${colours.text}">
<title>${escapeXml(title)}</title>
<rect width="100%" height="100%" fill="${colours.background}"/>
<text x="${plot.left}" y="22" font-size="14" font-weight="600">${escapeXml(title)}</text>
${grid.join("\n")}
<text x="${(plot.left + plot.right) / 2}" y="${height - 12}" text-anchor="middle">${escapeXml(x.title)}</text>
<text transform="translate(15 ${(plot.top + plot.bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeXml(y.title)}</text>
<clipPath id="plot"><rect x="${plot.left}" y="${plot.top}" width="${plot.right - plot.left}" height="${plot.bottom - plot.top}"/></clipPath>
<g clip-path="url(#plot)" fill="none" stroke-linejoin="round">
${[...bands, ...paths].join("\n")}
</g>
${legend.join("\n")}
</svg>
`;
}

function mapping(axis: SvgAxis, from: number, to: number): (value: number) => number {
  // What an axis cannot show lies far beyond its low end.
  const along = axis.logarithmic
    ? (value: number) => Math.log10(Math.max(value, Number.MIN_VALUE))
    : (value: number) => value;
  const low = along(axis.low);
  const length = along(axis.high) - low || 1;
  return (value) => Math.max(-FAR, Math.min(FAR, from + ((along(value) - low) / length) * (to - from)));
}

type Mapping = (value: number) => number;

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
const round = (value: number): number => Math.round(value * 100) / 100;

/** Characters that XML forbids are dropped, those it reserves are escaped. */
function escapeXml(text: string): string {
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']|[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, (c) => names[c] ?? "");
}
