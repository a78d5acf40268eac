/** What the page remembers over a reload. */
import * as z from "zod";
import { TOY_DEFAULTS, toySettingsSchema } from "../../src/core/toy/settings.ts";
import { loadState, saveState } from "../ui/messenger.ts";

const schema = z.object({
  settings: toySettingsSchema.catch(TOY_DEFAULTS),
  /** index of the frame in view; null: the newest, whichever that is */
  frame: z.number().int().min(0).nullable().catch(null),
});
export type ViewState = z.output<typeof schema>;

export const loadViewState = (): ViewState => schema.catch({ settings: TOY_DEFAULTS, frame: null }).parse(loadState());

export const saveViewState = (state: ViewState): void => saveState(state);
