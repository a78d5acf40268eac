/** Quality against time. */
import { type ParetoOptions, paretoSvg } from "../../../src/core/study/charts/pareto.ts";
import type { StudyTable } from "../../../src/core/study/table.ts";
import { type ChartOptions, ChartView, type MountedChart } from "./chartView.ts";

export type MountedParetoOptions = ChartOptions & Omit<ParetoOptions, "width">;

export const mountPareto = (
  container: HTMLElement,
  table: StudyTable,
  options: MountedParetoOptions,
): MountedChart<MountedParetoOptions> =>
  new ChartView(container, table, options, (shown, own, width) => paretoSvg(shown, { ...own, width }));
