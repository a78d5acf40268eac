/** What charts as SVG text share: the document, the frame of a plot, places of values, safe text. */
import type { TimeTicks } from "./timeAxis.ts";

export interface SvgAxis extends TimeTicks {
  readonly low: number;
  readonly high: number;
  readonly logarithmic: boolean;
  readonly title: string;
}

/** As SVG takes them, var(--name) too. */
export interface SvgColours {
  readonly text: string;
  readonly grid: string;
  readonly background: string;
}

/** Edges of the plot within the picture, in pixels. */
export interface PlotArea {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export type Mapping = (value: number) => number;

const FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif";
/** Far outside of any picture; a program that draws it may not know larger numbers. */
const FAR = 1e5;
/** About the width of a digit at the font's size. */
export const DIGIT = 6.4;
const HEADING = 14;

/** From values of an axis to pixels. */
export function axisMapping(axis: Pick<SvgAxis, "low" | "high" | "logarithmic">, from: number, to: number): Mapping {
  // What an axis cannot show lies far beyond its low end.
  const along = axis.logarithmic
    ? (value: number) => Math.log10(Math.max(value, Number.MIN_VALUE))
    : (value: number) => value;
  const low = along(axis.low);
  const length = along(axis.high) - low || 1;
  return (value) => Math.max(-FAR, Math.min(FAR, from + ((along(value) - low) / length) * (to - from)));
}

/** Lines of the grid with their labels, and the axes' titles, which take up to 46 pixels below the plot. */
export function axesSvg(plot: PlotArea, x: SvgAxis, y: SvgAxis, grid: string): string {
  const toX = axisMapping(x, plot.left, plot.right);
  const toY = axisMapping(y, plot.bottom, plot.top);
  const lines = [
    ...x.ticks.map((tick) => {
      const at = round(toX(tick));
      return `<path d="M${at} ${plot.top}V${plot.bottom}" stroke="${grid}"/><text x="${at}" y="${plot.bottom + 16}" text-anchor="middle">${escapeXml(x.format(tick))}</text>`;
    }),
    ...y.ticks.map((tick) => {
      const at = round(toY(tick));
      return `<path d="M${plot.left} ${at}H${plot.right}" stroke="${grid}"/><text x="${plot.left - 8}" y="${at + 4}" text-anchor="end">${escapeXml(y.format(tick))}</text>`;
    }),
  ];
  return `${lines.join("\n")}
<text x="${(plot.left + plot.right) / 2}" y="${plot.bottom + 34}" text-anchor="middle">${escapeXml(x.title)}</text>
<text transform="translate(15 ${(plot.top + plot.bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeXml(y.title)}</text>`;
}

/** Room on the left of a plot for the labels of its y axis and the title. */
export const labelRoom = ({ ticks, format }: TimeTicks): number =>
  Math.ceil(32 + DIGIT * Math.max(0, ...ticks.map((tick) => format(tick).length)));

interface SvgDocument {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  /** where the title's text begins */
  readonly left: number;
  readonly colours: SvgColours;
}

/** A whole picture around what is drawn. */
export function svgDocument({ title, width, height, left, colours }: SvgDocument, body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="${FONT}" font-size="11" fill="${colours.text}">
<title>${escapeXml(title)}</title>
<rect width="100%" height="100%" fill="${colours.background}"/>
<text x="${left}" y="22" font-size="${HEADING}" font-weight="600">${escapeXml(shortened(title, width - left, HEADING))}</text>
${body}
</svg>
`;
}

/** What stays within the plot is seen; a picture in a picture clips without a name that another one may have, too. */
export const clipped = ({ left, right, top, bottom }: PlotArea, body: string): string => {
  const [width, height] = [right - left, bottom - top];
  return `<svg x="${left}" y="${top}" width="${width}" height="${height}" viewBox="${left} ${top} ${width} ${height}" overflow="hidden">
${body}
</svg>`;
};

/** About the width of a text in pixels: narrow letters take half as much as others, wide ones half as much again. @param size of the font in pixels */
export function textWidth(text: string, size = 11): number {
  const narrow = text.match(/[fijlrtI.,:;'|()[\] ]/g)?.length ?? 0;
  const wide = text.match(/[mwMW@%]/g)?.length ?? 0;
  return (DIGIT * size * (text.length - 0.45 * narrow + 0.5 * wide)) / 11;
}

/** Cut off where it would be wider. @param size of the font in pixels */
export function shortened(text: string, width: number, size = 11): string {
  if (textWidth(text, size) <= width) return text;
  let kept = text.length - 1;
  while (kept > 0 && textWidth(`${text.slice(0, kept)}…`, size) > width) kept--;
  return `${text.slice(0, kept)}…`;
}

export const round = (value: number): number => Math.round(value * 100) / 100;

/** Characters that XML forbids are dropped, those it reserves are escaped. */
export function escapeXml(text: string): string {
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']|[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, (c) => names[c] ?? "");
}
