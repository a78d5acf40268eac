/** How records of drawings and evaluations say `GuidanceRecord`. Apart from it, since the editor loads the texts of one before it reads any. */
import * as z from "zod";
import type { GuidanceRecord } from "./guidanceRecord.ts";

export const guidanceSchema = () =>
  z
    .object({
      scale: z.number().describe("Scale w: 0 is without a class, above 1 more of it."),
      from: z.number().describe("Guided from this share of the way from the image to noise; at all others w is 1."),
      to: z.number().describe("Up to this share."),
    } satisfies Record<keyof GuidanceRecord, z.ZodNumber>)
    .optional()
    .describe("Classifier-free guidance; missing: none, which is w = 1.");
