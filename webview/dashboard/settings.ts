/** What the page remembers: its runs' places and how it shows them. */
import * as z from "zod";
import { DASHBOARD_TABS } from "../../src/core/protocol/dashboardTabs.ts";
import { CHART_IDS } from "../../src/core/series/charts.ts";
import { AXES } from "../../src/core/series/columns.ts";
import { loadState, saveState } from "../ui/messenger.ts";

const range = z.tuple([z.number(), z.number()]);
const settingsSchema = z.object({
  runs: z.array(z.object({ dir: z.string(), slot: z.number() })).catch([]),
  tab: z.enum(DASHBOARD_TABS).catch("charts"),
  x: z.enum(AXES).catch("step"),
  logX: z.boolean().catch(false),
  /** part of the x axis in view; null: all */
  range: range.nullable().catch(null),
  /** steps of the moving average; null: what suits the runs */
  tau: z.number().nullable().catch(null),
  hidden: z.array(z.string()).catch([]),
  logY: z.array(z.enum(CHART_IDS)).catch([]),
  /** parts of y axes in view, of charts that are zoomed */
  yRange: z.partialRecord(z.enum(CHART_IDS), range).catch({}),
  /** values out of all proportion do not widen the y axes */
  ignoreOutliers: z.boolean().catch(true),
  tables: z.array(z.enum(CHART_IDS)).catch([]),
  /** the chart that fills the page; null: none */
  large: z.enum(CHART_IDS).nullable().catch(null),
  configAll: z.boolean().catch(false),
  follow: z.boolean().catch(true),
  /** how the table of evaluations is sorted, and runs whose older ones are shown */
  quality: z
    .object({ sort: z.string(), descending: z.boolean(), open: z.array(z.string()) })
    .catch({ sort: "run", descending: false, open: [] }),
  logDir: z.string().nullable().catch(null),
});
export type Settings = z.output<typeof settingsSchema>;

const loaded = settingsSchema.safeParse(loadState() ?? {});
/** Change it in place, then call remember(). */
export const settings: Settings = loaded.success ? loaded.data : settingsSchema.parse({});

let waiting = false;

/** Keeps the settings over a reload; soon, since zooming changes them in every frame. */
export function remember(): void {
  if (waiting) return;
  waiting = true;
  setTimeout(() => {
    waiting = false;
    saveState(settings);
  }, 100);
}
