/** What the page remembers over a reload. */
import * as z from "zod";
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
  /** what each chart keeps, by its name */
  charts: z.record(z.string(), z.json()).catch({}),
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
