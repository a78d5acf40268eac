/** A chart type for Chart.js that draws long lines straight from typed arrays: no object a point, no copy. */
import { Chart, type CoreChartOptions, DatasetController, LinearScale, LogarithmicScale, PointElement } from "chart.js";
import { type Band, bandPath } from "../../src/core/series/band.ts";
import { BAND_EDGE, BAND_FILL } from "../../src/core/series/chartSvg.ts";
import { lowerBound } from "../../src/core/series/columns.ts";
import type { Line } from "../../src/core/series/line.ts";

export interface DrawnLine {
  readonly line: Line;
  readonly colour: string;
  readonly dash: readonly number[];
  readonly width: number;
  readonly opacity: number;
}

export interface DrawnBand extends Band {
  readonly low: Line;
  readonly high: Line;
  readonly colour: string;
}

export interface SeriesDataset {
  type: "series";
  data: never[];
  /** below the lines */
  bands: readonly DrawnBand[];
  /** drawn in this order, the last on top */
  lines: readonly DrawnLine[];
}

declare module "chart.js" {
  interface ChartTypeRegistry {
    series: {
      chartOptions: CoreChartOptions<"line">;
      datasetOptions: { bands: readonly DrawnBand[]; lines: readonly DrawnLine[] };
      defaultDataPoint: never;
      metaExtensions: object;
      parsedDataType: object;
      scales: "linear" | "logarithmic";
    };
  }
}

class SeriesController extends DatasetController<"series"> {
  static readonly id = "series";
  /** Chart.js asks for one, although no element is ever made. */
  static readonly defaults = { datasetElementType: false, dataElementType: "point" };

  override buildOrUpdateElements(): void {
    // There are no elements: draw() reads the lines.
  }

  override parse(): void {
    // The lines are typed arrays already.
  }

  override draw(): void {
    const { xScale, yScale } = this._cachedMeta as unknown as { xScale: ScaleLike; yScale: ScaleLike };
    const { bands, lines } = this.getDataset() as unknown as SeriesDataset;
    const context = this.chart.ctx;
    // Whole pixels: a clip that goes through some makes every line slower.
    const { chartArea } = this.chart;
    const [left, right] = [Math.floor(chartArea.left), Math.ceil(chartArea.right)];
    const [top, bottom] = [Math.floor(chartArea.top), Math.ceil(chartArea.bottom)];
    context.save();
    context.beginPath();
    context.rect(left, top - 2, right - left, bottom - top + 4);
    context.clip();
    // Joins that are arcs cost more than the lines where these are many, and cannot be seen on thin ones.
    context.lineJoin = lines.length > 8 ? "bevel" : "round";
    for (const band of bands) drawBand(context, band, placing(xScale), placing(yScale));
    for (const line of lines) drawLine(context, line, placing(xScale), placing(yScale), xScale);
    context.restore();
  }

  protected override getMinMax(): { min: number; max: number } {
    return { min: 0, max: 1 }; // both ends of both axes are always given
  }
}

type ScaleLike = Pick<LinearScale, "min" | "max" | "getPixelForValue" | "type">;

/** From values to pixels: a + b·value, of the logarithm where the axis is one. */
interface Placing {
  readonly offset: number;
  readonly factor: number;
  readonly logarithmic: boolean;
}

function placing(scale: ScaleLike): Placing {
  const logarithmic = scale.type === "logarithmic";
  const low = logarithmic ? Math.log10(scale.min) : scale.min;
  const high = logarithmic ? Math.log10(scale.max) : scale.max;
  const from = scale.getPixelForValue(scale.min);
  const factor = (scale.getPixelForValue(scale.max) - from) / (high - low || 1);
  return { offset: from - factor * low, factor, logarithmic };
}

/** Far outside of any chart; the canvas clips exactly, and rounds only what is larger. */
const FAR = 1e5;
const SAME = 0.75;

function drawLine(context: CanvasRenderingContext2D, drawn: DrawnLine, x: Placing, y: Placing, scale: ScaleLike): void {
  const { xs, ys, length } = drawn.line;
  const first = Math.max(0, lowerBound(xs, length, scale.min) - 1);
  const last = Math.min(length, lowerBound(xs, length, scale.max) + 1);
  if (first >= last) return;
  context.beginPath();
  let begun = false;
  let points = 0;
  let lastX = 0;
  let lastY = 0;
  for (let i = first; i < last; i++) {
    const value = ys[i]!;
    const at = xs[i]!;
    if (Number.isNaN(value) || (y.logarithmic && value <= 0) || (x.logarithmic && at <= 0)) {
      begun = false;
      continue;
    }
    const px = x.offset + x.factor * (x.logarithmic ? Math.log10(at) : at);
    const py = y.offset + y.factor * (y.logarithmic ? Math.log10(value) : value);
    // What lies on the same pixel as the point before adds nothing.
    if (begun && Math.abs(px - lastX) < SAME && Math.abs(py - lastY) < SAME && i < last - 1) continue;
    lastX = px;
    lastY = py;
    const near = py > FAR ? FAR : py < -FAR ? -FAR : py;
    if (begun) context.lineTo(px, near);
    else context.moveTo(px, near);
    begun = true;
    points++;
  }
  context.strokeStyle = drawn.colour;
  context.globalAlpha = drawn.opacity;
  context.lineWidth = drawn.width;
  context.setLineDash(drawn.dash as number[]);
  context.stroke();
  if (points !== 1) return;
  // A single point is no line.
  context.lineCap = "round";
  context.lineWidth = 2 * drawn.width + 2;
  const at = first + (Number.isNaN(ys[first]!) ? 1 : 0);
  const px = x.offset + x.factor * (x.logarithmic ? Math.log10(xs[at]!) : xs[at]!);
  const py = y.offset + y.factor * (y.logarithmic ? Math.log10(ys[at]!) : ys[at]!);
  context.beginPath();
  context.moveTo(px, py);
  context.lineTo(px, py);
  context.stroke();
  context.lineCap = "butt";
}

function drawBand(context: CanvasRenderingContext2D, band: DrawnBand, x: Placing, y: Placing): void {
  const path = new Path2D(bandPath(band, pixels(x), pixels(y)));
  context.fillStyle = context.strokeStyle = band.colour;
  context.lineWidth = 1;
  context.setLineDash([]);
  context.globalAlpha = BAND_FILL;
  context.fill(path);
  context.globalAlpha = BAND_EDGE;
  context.stroke(path);
}

/** What an axis cannot show lies far beyond its low end. */
const pixels =
  ({ offset, factor, logarithmic }: Placing) =>
  (value: number): number => {
    const pixel = offset + factor * (logarithmic ? Math.log10(Math.max(value, Number.MIN_VALUE)) : value);
    return Math.max(-FAR, Math.min(FAR, pixel));
  };

/** Makes the chart type and what it needs known to Chart.js; a page calls it once. */
export function registerSeriesCharts(): void {
  Chart.register(SeriesController, PointElement, LinearScale, LogarithmicScale);
}
