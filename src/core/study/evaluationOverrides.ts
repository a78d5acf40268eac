/** What `maskdm evaluate` is told so that a cell's images are drawn as its experiment says, whatever the run was trained with. */
import { askedClasses } from "../classes/drawnClasses.ts";
import { whyUnguided } from "../diffusion/guidance.ts";
import { evaluationsOf } from "../diffusion/timeSteps.ts";
import { isIdle } from "../experiment/idleKeys.ts";
import type { Override } from "../experiment/overrides.ts";
import type { Experiment } from "../experiment/schema.ts";
import { yamlText } from "../experiment/yamlText.ts";
import type { DRAWING_KEYS } from "./identity.ts";

type Drawn = Partial<Pick<Experiment["sample"], (typeof DRAWING_KEYS)[number]>>;

/** Only what has an effect: anything else is refused, as it is where a person asks for it. */
export function evaluationOverrides(experiment: Experiment): Override[] {
  const { sampler, eta, weights, clip, guidance, guidance_interval } = experiment.sample;
  const drawn: Drawn = {
    sampler,
    steps: evaluationsOf(experiment.sample, experiment.diffusion.timesteps).evaluations,
    ...(isIdle("sample.eta", experiment) ? {} : { eta }),
    ...{ weights, clip },
    ...(whyUnguided(experiment) === null ? { guidance, guidance_interval } : { guidance: 1 }),
    classes: askedClasses(experiment) ?? null,
  };
  return Object.entries(drawn).map(([key, value]) => ({ path: `sample.${key}`, value: yamlText(value) }));
}
