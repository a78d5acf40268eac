/** What programs/loop.ts counts. */
import * as z from "zod";

export const loopCountsSchema = z.object({
  steps: z.number(),
  /** to the engine's thread, all calls together */
  messages: z.number(),
  /** steps, from 0, that were asked for before the one before was answered */
  askedAhead: z.array(z.number()),
  /** that the engine took for each step */
  seconds: z.array(z.number()),
  /** time that the main thread was at work, over the engine's */
  loopShare: z.number(),
  /** on the main thread, after collecting garbage */
  grownBytesPerStep: z.number(),
});
export type LoopCounts = z.output<typeof loopCountsSchema>;
