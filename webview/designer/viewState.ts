/** What the page remembers: how the preview is looked at, and where the reader was. */
import * as z from "zod";
import { LARGEST_STEP, MAX_SHOWN_IMAGES } from "../../src/core/protocol/designer.ts";
import { loadState, saveState } from "../ui/messenger.ts";

export const VIEWS = ["all", "original", "masked", "noised"] as const;
export type ShownView = (typeof VIEWS)[number];

const viewStateSchema = z.object({
  stage: z.enum(["pretrain", "finetune"]).catch("pretrain"),
  view: z.enum(VIEWS).catch("all"),
  /** images shown at most */
  count: z.number().int().min(1).max(MAX_SHOWN_IMAGES).catch(16),
  step: z.number().int().min(0).max(LARGEST_STEP).catch(0),
  /** the timestep that all images are noised at; null: each at the plan's own */
  timestep: z.number().int().min(0).nullable().catch(null),
  grid: z.boolean().catch(false),
  /** how many steps images are larger (or smaller) than they are by themselves */
  zoom: z.number().int().min(-4).max(8).catch(0),
  /** sections that are unfolded */
  open: z.array(z.string().max(40)).max(20).catch([]),
  scroll: z.number().min(0).catch(0),
});
export type ViewState = z.output<typeof viewStateSchema>;

/** What was remembered, or the first view of a file. */
export function loadViewState(): ViewState {
  const parsed = viewStateSchema.safeParse(loadState() ?? {});
  return parsed.success ? parsed.data : viewStateSchema.parse({});
}

export const saveViewState = (state: ViewState): void => saveState(state);
