/** What a user asks of a drawing, held against what the run's network and sampler can do. */
import { whyUnguided } from "../diffusion/guidance.ts";
import { evaluationsOf, mostEvaluations } from "../diffusion/timeSteps.ts";
import { UserError } from "../errors.ts";
import { type ChangedKey, onResume } from "../experiment/changeOnResume.ts";
import { isIdle } from "../experiment/idleKeys.ts";
import type { Override } from "../experiment/overrides.ts";
import type { Experiment } from "../experiment/schema.ts";
import { yamlText } from "../experiment/yamlText.ts";
import type { GridPages } from "./gridPages.ts";
import { trajectoryPages } from "./trajectory.ts";

const USUAL_COLUMNS = 8;

/**
 * What is asked for in so many words is done or refused; what the run's file says may be more than the sampler can do.
 * @throws UserError for a key that is asked for and would have no effect
 */
export function refuseUnused(experiment: Experiment, overrides: readonly Override[]): void {
  const { sample, diffusion } = experiment;
  const isAsked = (key: string): boolean => overrides.some(({ path }) => path === `sample.${key}`);
  const { sampler, steps, eta } = sample;
  const { timesteps: T } = diffusion;
  const most = mostEvaluations(sampler, T);
  if (isAsked("steps") && steps > most) {
    const possible = most === T ? "" : `${most} that ${sampler} makes of the `;
    throw new UserError(
      `${steps} steps are more than the ${possible}${T} timesteps that the network was trained on, of which a sampler visits each at most once. ` +
        `Ask for ${most} steps, or fewer.`,
    );
  }
  if (isAsked("eta") && isIdle("sample.eta", experiment)) {
    const why = sampler === "ancestral" ? "ancestral sampling always adds its full noise" : `${sampler} adds no noise`;
    throw new UserError(`sample.eta ${eta} has no effect: ${why}. Leave it out, or use sampler ddim.`);
  }
  if (isAsked("classes") && sample.classes !== null && experiment.model.num_classes === 0) {
    throw new UserError("sample.classes has no effect: the model has no classes (num_classes 0). Leave it out.");
  }
  const unguided = whyUnguided(experiment);
  if (isAsked("guidance") && sample.guidance !== 1 && unguided !== null) {
    throw new UserError(`sample.guidance ${sample.guidance} has no effect: ${unguided.text}.`);
  }
  if (isAsked("guidance_interval") && unguided !== null) {
    throw new UserError(
      `sample.guidance_interval ${yamlText(sample.guidance_interval)} has no effect: ${unguided.text}.`,
    );
  }
}

/**
 * The pages that show images at several times on their way.
 * @param asked how many times; "usual": as many as are good to look at; null: none
 * @throws UserError where there are not so many steps, or a page would be too wide
 */
export function trajectoryOf(
  { sample, diffusion, data }: Experiment,
  asked: number | "usual" | null,
): GridPages | null {
  if (asked === null) return null;
  const { steps } = evaluationsOf(sample, diffusion.timesteps);
  if (asked !== "usual" && asked > steps) {
    throw new UserError(
      `--trajectory ${asked}: there are ${steps} steps to show. Use --trajectory ${steps}, or fewer.`,
    );
  }
  const layout = (columns: number) =>
    trajectoryPages({ count: sample.count, columns, size: data.image_size, channels: data.channels });
  const columns = asked === "usual" ? Math.min(USUAL_COLUMNS, steps) : asked;
  if (layout(columns).pages > 0) return layout(columns);
  let most = columns - 1;
  while (layout(most).pages === 0) most--;
  throw new UserError(
    `--trajectory ${columns}: so many images of ${data.image_size} px side by side are wider than a picture may be. Use --trajectory ${most}, or fewer.`,
  );
}

const DRAWS = /^(sample\.|engine\.|seed$)/;

/** @throws UserError where a key is changed that the weights were trained for */
export function refuseOtherNetwork(changes: readonly ChangedKey[], runDir: string, note: (line: string) => void): void {
  for (const change of changes) {
    const { path, from, to } = change;
    const rule = onResume(change);
    if (rule.may === "never" && rule.breaks !== "start") {
      throw new UserError(
        `--set ${path}=${yamlText(to)}: ${runDir} was trained with ${yamlText(from)}, and ${rule.why}. Leave it out.`,
      );
    }
    if (!DRAWS.test(path)) note(`--set ${path}=${yamlText(to)} changes nothing about the images that are drawn`);
  }
}
