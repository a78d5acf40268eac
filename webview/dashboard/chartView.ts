/** A chart as its own parts see it: gestures, cross-hair, table and export. */
import type { ChartId, ChartSpec } from "../../src/core/series/charts.ts";
import type { Range } from "./axes.ts";
import type { Model } from "./model.ts";
import type { DrawnBand, DrawnLine } from "./seriesController.ts";

/** What is being chosen by dragging: a stretch of one axis, in CSS pixels of the canvas. */
export interface Band {
  readonly axis: "x" | "y";
  readonly from: number;
  readonly to: number;
}

/** The marks over the plot. */
export interface ChartMarks {
  readonly canvas: HTMLCanvasElement;
  band: Band | null;
  draw(): void;
  /** Moves the cross-hair by points of the first line. */
  step(direction: 1 | -1, points: number): void;
  moveTo(x: number): void;
}

export interface ChartView {
  readonly id: ChartId;
  readonly spec: ChartSpec;
  readonly model: Model;
  readonly layer: ChartMarks;
  readonly logarithmic: boolean;
  /** what is in view */
  readonly xRange: Range;
  readonly yRange: Range;
  /** whether outliers were left out of yRange */
  readonly leavesOut: boolean;
  /** the plot inside the axes, in CSS pixels of the canvas; null before it was drawn */
  readonly area: {
    readonly left: number;
    readonly right: number;
    readonly top: number;
    readonly bottom: number;
  } | null;
  readonly drawnLines: readonly DrawnLine[];
  readonly drawnBands: readonly DrawnBand[];
  xAt(pixel: number): number;
  yAt(pixel: number): number;
  pixelOfX(value: number): number;
  pixelOfY(value: number): number;
  setYRange(range: [number, number] | null): void;
  resetZoom(): void;
  /** Shows the values at the cross-hair beside the title. */
  setReadout(values: readonly { readonly text: string; readonly colour: string }[]): void;
}
