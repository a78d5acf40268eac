/** All configurations with their intervals. */
import { type DotPlotOptions, dotPlotSvg } from "../../../src/core/study/charts/dotPlot.ts";
import type { StudyTable } from "../../../src/core/study/table.ts";
import { type ChartOptions, ChartView, type MountedChart } from "./chartView.ts";

export type MountedDotPlotOptions = ChartOptions & Omit<DotPlotOptions, "width">;

export const mountDotPlot = (
  container: HTMLElement,
  table: StudyTable,
  options: MountedDotPlotOptions,
): MountedChart<MountedDotPlotOptions> =>
  new ChartView(container, table, options, (shown, own, width) => dotPlotSvg(shown, { ...own, width }));
