/** The noise schedule of weights that bring its β along, as buffers of the published diffusion model. */

import { betaSchedule } from "../../core/diffusion/betas.ts";
import { UserError } from "../../core/errors.ts";
import type { DiffusionConfig } from "../../core/experiment/schema.ts";
import type { StoredTensor } from "../../core/model/storedTensor.ts";

const MOST_TIMESTEPS = 10_000;
/** float32 has seven digits. */
const SAME = 1e-5;

/**
 * @param tensors beside the network
 * @returns null where there is none
 * @throws UserError where it is none of those here
 */
export function scheduleOfBetas(
  tensors: ReadonlyMap<string, StoredTensor>,
  source: string,
): Pick<DiffusionConfig, "timesteps" | "schedule"> | null {
  const found = [...tensors].find(([name, { shape }]) => /(^|\.)betas$/.test(name) && shape.length === 1);
  const timesteps = found?.[1].shape[0] ?? 0;
  if (found === undefined || timesteps < 2 || timesteps > MOST_TIMESTEPS) return null;
  const given = found[1].read();
  for (const schedule of ["cosine", "linear"] as const) {
    const { betas } = betaSchedule({ timesteps, schedule });
    if (given.every((value, t) => Math.abs(value - betas[t]!) < SAME * (1 + betas[t]!))) return { timesteps, schedule };
  }
  throw new UserError(
    `${source} was trained with another noise schedule than those here (cosine, linear): its first β is ${given[0]}, its last ${given.at(-1)}. It would draw nothing but noise.`,
  );
}
