/** Chosen configurations over their training; the host prepares the curves (core/study/charts/seedCurves.ts). */
import { type CurvesOptions, curvesSvg } from "../../../src/core/study/charts/curves.ts";
import type { StudyTable } from "../../../src/core/study/table.ts";
import { type ChartOptions, ChartView, type MountedChart } from "./chartView.ts";

export type MountedCurvesOptions = ChartOptions & Omit<CurvesOptions, "width">;

export const mountCurves = (
  container: HTMLElement,
  table: StudyTable,
  options: MountedCurvesOptions,
): MountedChart<MountedCurvesOptions> =>
  new ChartView(container, table, options, (shown, own, width) => curvesSvg(shown, { ...own, width }));
