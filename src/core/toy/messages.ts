/** What `maskdm toy --json-lines` prints, a line each, and the editor's view reads. */
import * as z from "zod";
import { toySettingsSchema } from "./settings.ts";

const distances = z.strictObject({ energy: z.number(), marginals: z.tuple([z.number(), z.number()]) });
/** x and y of one point after the other */
const points = z.array(z.number()).max(100_000);
const cloud = z.strictObject({ points, distances });
const step = z.number().int().min(0);

const start = z.strictObject({
  kind: z.literal("start"),
  settings: toySettingsSchema,
  /** what computes */
  backend: z.string(),
  /** how many frames follow */
  frames: step,
  /** points of the target that nothing is trained on, and how far other draws of as many are from them on average */
  target: cloud,
});

const frame = z.strictObject({
  kind: z.literal("frame"),
  /** counted from 0 */
  index: step,
  /** what either way has cost so far, in steps on whole points */
  budget: z.number().min(0),
  /** of the way in two stages, and the step of that */
  stage: z.enum(["pretrain", "finetune"]),
  step,
  /** in pretraining each coordinate is drawn by itself, in finetuning both together */
  staged: cloud,
  /** trained on whole points from the first step on */
  scratch: cloud,
});

export const toyMessageSchema = z.discriminatedUnion("kind", [start, frame]);
export type ToyMessage = z.output<typeof toyMessageSchema>;
export type ToyStart = z.output<typeof start>;
export type ToyFrame = z.output<typeof frame>;
export type ToyCloud = z.output<typeof cloud>;
