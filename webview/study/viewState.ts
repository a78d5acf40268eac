/** What the page remembers over a reload. */
import * as z from "zod";
import { MOST_CURVES } from "../../src/core/protocol/study.ts";
import { NO_FILTER } from "../../src/core/study/charts/parallel.ts";
import { CURVE_MEASURES } from "../../src/core/study/charts/seedCurves.ts";
import { METRIC_NAMES } from "../../src/core/study/metrics.ts";
import { loadState, saveState } from "../ui/messenger.ts";

export const TABS = ["plan", "cells", "results"] as const;
export type TabName = (typeof TABS)[number];

const schema = z.object({
  tab: z.enum(TABS).catch("plan"),
  /** cells by configuration and seed, or by two axes */
  layout: z.enum(["seeds", "axes"]).catch("seeds"),
  /** names of the axes that rows and columns stand for; null: the first, and the second */
  rows: z.string().nullable().catch(null),
  columns: z.string().nullable().catch(null),
  /** that results are told by; null: the study's */
  metric: z.enum(METRIC_NAMES).nullable().catch(null),
  /** configurations that are chosen in the charts */
  chosen: z.array(z.number().int().min(0)).max(MOST_CURVES).catch([]),
  /** axes of the heat map, and points of the others; null: the usual ones */
  heat: z
    .object({ x: z.number(), y: z.number(), fixed: z.record(z.string(), z.number()) })
    .nullable()
    .catch(null),
  dotOrder: z.enum(["metric", "plan"]).catch("metric"),
  measure: z.enum(CURVE_MEASURES).catch("loss"),
  curveAxis: z.enum(["step", "seconds"]).catch("step"),
  band: z.enum(["range", "interval"]).catch("range"),
  /** of parallel coordinates */
  filter: z
    .object({ ranges: z.record(z.string(), z.tuple([z.number(), z.number()]).readonly()), top: z.number().nullable() })
    .catch({ ...NO_FILTER, ranges: {} }),
  /** foldable parts that are unfolded */
  open: z.array(z.string()).catch([]),
  scroll: z.number().min(0).catch(0),
});
export type ViewState = z.output<typeof schema>;

export function loadViewState(): ViewState {
  const parsed = schema.safeParse(loadState() ?? {});
  return parsed.success ? parsed.data : schema.parse({});
}

export const saveViewState = (state: ViewState): void => saveState(state);
