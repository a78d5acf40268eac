/** Heat map of the metric over two axes. A choice of axes that the table no longer has becomes the usual one. */
import { type HeatMapOptions, heatMapSvg } from "../../../src/core/study/charts/heatMap.ts";
import type { StudyTable } from "../../../src/core/study/table.ts";
import { type ChartOptions, ChartView, type MountedChart } from "./chartView.ts";

export type MountedHeatMapOptions = ChartOptions & Omit<HeatMapOptions, "width">;

export const mountHeatMap = (
  container: HTMLElement,
  table: StudyTable,
  options: MountedHeatMapOptions,
): MountedChart<MountedHeatMapOptions> =>
  new ChartView(container, table, options, (shown, own, width) => heatMapSvg(shown, { ...own, width }));
