/** One cloud of points with its marginals along the edges, as SVG text: the target's in a paler colour behind its own. */
import { escapeXml, round, type SvgColours } from "../series/svgFrame.ts";
import { coordinate, EXTENT } from "./dataSets.ts";

export interface ToyColours extends SvgColours {
  readonly muted: string;
  /** of the target, and of what is drawn */
  readonly target: string;
  readonly drawn: string;
}

export interface ToyPanel {
  readonly title: string;
  /** below the title */
  readonly note: string;
  /** x and y of one point after the other; null: only the target is shown */
  readonly points: readonly number[] | null;
  readonly target: readonly number[];
  readonly colours: ToyColours;
}

/** Of a panel, in pixels. */
export const PANEL = { width: 236, height: 274 };
const SIDE = 190;
/** Of the histograms. */
const DEEP = 34;
const TOP = PANEL.height - SIDE - 2;
/** Seen from the middle to each edge, so that noise is, too; what lies farther out is counted, not drawn. */
const SEEN = 1.3 * EXTENT;
const BINS = 38;

/** Share of the values in each of the bins from edge to edge, over that of an even law; what lies outside is left out. */
function histogram(values: ArrayLike<number>): number[] {
  const counts = new Array<number>(BINS).fill(0);
  for (let i = 0; i < values.length; i++) {
    const bin = Math.floor(((values[i]! + SEEN) / (2 * SEEN)) * BINS);
    if (bin >= 0 && bin < BINS) counts[bin]!++;
  }
  return counts.map((count) => (count * BINS) / values.length);
}

/** @returns a group whose corner is at 0, 0 */
export function toyPanelSvg({ title, note, points, target, colours }: ToyPanel): string {
  const shown = points === null ? [] : [{ points, colour: colours.drawn, filled: false }];
  const layers = [{ points: target, colour: colours.target, filled: true }, ...shown];
  const marginals = layers.map((layer) => ({
    ...layer,
    x: histogram(coordinate(Float32Array.from(layer.points), 0)),
    y: histogram(coordinate(Float32Array.from(layer.points), 1)),
  }));
  const most = Math.max(...marginals.flatMap(({ x, y }) => [...x, ...y]));
  const clouds = layers.map(
    ({ points, colour, filled }) =>
      `<path d="${dots(points)}" fill="none" stroke="${colour}" stroke-width="${filled ? 2 : 2.2}" stroke-linecap="round"/>`,
  );
  const edges = marginals.flatMap(({ x, y, colour, filled }) => {
    const look = filled ? `fill="${colour}"` : `fill="none" stroke="${colour}" stroke-width="1.4"`;
    return [`<path d="${steps(x, most, "above")}" ${look}/>`, `<path d="${steps(y, most, "beside")}" ${look}/>`];
  });
  return `<text y="12" font-weight="600">${escapeXml(title)}</text>
<text y="27" fill="${colours.muted}">${escapeXml(note)}</text>
<rect x="0.5" y="${TOP + 0.5}" width="${SIDE}" height="${SIDE}" fill="none" stroke="${colours.grid}"/>
${[...clouds, ...edges].join("\n")}`;
}

const place = (x: number, y: number): string =>
  `${round(((x + SEEN) / (2 * SEEN)) * SIDE)} ${round(TOP + ((SEEN - y) / (2 * SEEN)) * SIDE)}`;

/** A dot is a line of no length with round ends. */
function dots(points: readonly number[]): string {
  let d = "";
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [points[i]!, points[i + 1]!];
    if (Math.abs(x) < SEEN && Math.abs(y) < SEEN) d += `M${place(x, y)}h0`;
  }
  return d;
}

/** A histogram as the outline of its bars, on the upper or the right edge of the square, from the first to the last that is not empty. */
function steps(bins: readonly number[], most: number, where: "above" | "beside"): string {
  const from = Math.max(
    0,
    bins.findIndex((bin) => bin > 0),
  );
  const shown = bins.slice(from, bins.findLastIndex((bin) => bin > 0) + 1);
  const width = SIDE / BINS;
  const bars = shown.map((bin, i) => ({ height: round((bin / most) * DEEP), end: round((from + i + 1) * width) }));
  const start = round(from * width);
  const bottom = TOP + SIDE;
  return where === "above"
    ? `M${start} ${TOP}${bars.map(({ height, end }) => `V${round(TOP - height)}H${end}`).join("")}V${TOP}Z`
    : `M${SIDE} ${round(bottom - start)}${bars.map(({ height, end }) => `H${round(SIDE + height)}V${round(bottom - end)}`).join("")}H${SIDE}Z`;
}
