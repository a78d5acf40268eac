/** The charts that are their picture and nothing more; what each shows is told where it is drawn, in core/study/charts. */
import { type CurvesOptions, curvesSvg } from "../../../src/core/study/charts/curves.ts";
import { type DotPlotOptions, dotPlotSvg } from "../../../src/core/study/charts/dotPlot.ts";
import { type HeatMapOptions, heatMapSvg } from "../../../src/core/study/charts/heatMap.ts";
import type { ChartLook } from "../../../src/core/study/charts/look.ts";
import { type ParetoOptions, paretoSvg } from "../../../src/core/study/charts/pareto.ts";
import type { StudyTable } from "../../../src/core/study/table.ts";
import { type ChartOptions, ChartView, type MountedChart } from "./chartView.ts";

type Options<O extends ChartLook> = ChartOptions & Omit<O, "width">;

/** @param draw the picture of a table, so many pixels wide */
const mounting =
  <O extends ChartOptions>(draw: (table: StudyTable, options: O & { readonly width: number }) => string) =>
  (container: HTMLElement, table: StudyTable, options: O): MountedChart<O> =>
    new ChartView(container, table, options, (shown, own, width) => draw(shown, { ...own, width }));

export const mountCurves = mounting<Options<CurvesOptions>>(curvesSvg);
export const mountDotPlot = mounting<Options<DotPlotOptions>>(dotPlotSvg);
export const mountHeatMap = mounting<Options<HeatMapOptions>>(heatMapSvg);
export const mountPareto = mounting<Options<ParetoOptions>>(paretoSvg);
