/** Diffusion settings that contradict each other, and sampling that does not suit them. */
import { imageCost } from "../../cost/imageCost.ts";
import { passesPerImage } from "../../diffusion/guidance.ts";
import { mostEvaluations } from "../../diffusion/timeSteps.ts";
import { isIdle } from "../../experiment/idleKeys.ts";
import { isBuildable } from "../../model/backbones.ts";
import { modelShape, tokenCount } from "../../model/shape.ts";
import { count, percent, plural, short } from "../../numbers.ts";
import { idle } from "../idleFinding.ts";
import type { Rule } from "../rule.ts";

const gammaUnused: Rule = {
  code: "MDM401",
  name: "gamma-unused",
  severity: "warning",
  explanation: "`diffusion.min_snr_gamma` is only read with `loss_weighting: min_snr`.",
  fix: "Writes `loss_weighting: min_snr`, which the key suggests is meant.",
  check: (context) => idle(context, "diffusion.min_snr_gamma", "read it"),
};

/** At T = 100 the linear schedule's last β is 0.2. */
const SHORT_LINEAR = 100;

const shortLinearSchedule: Rule = {
  code: "MDM402",
  name: "short-linear-schedule",
  severity: "warning",
  explanation:
    "The linear schedule is scaled by 1000/T: below 100 timesteps single steps put in a large share of the noise at once, and at 20 or fewer β is capped at 0.999.",
  fix: "Writes `schedule: cosine`, which takes any number of timesteps.",
  *check({ experiment }) {
    const { diffusion } = experiment;
    const T = diffusion.timesteps;
    if (isIdle("diffusion.schedule", experiment) || diffusion.schedule !== "linear" || T >= SHORT_LINEAR) return;
    const last = 20 / T;
    const effect =
      last >= 0.999
        ? `${short(last)}, which is capped at 0.999: one step wipes out the image`
        : `${short(last)}: one step replaces ${percent(last)} of the image's variance by noise`;
    yield {
      at: ["diffusion.timesteps", "diffusion.schedule"],
      message: `A linear schedule of ${plural(T, "timestep")} ends with β = 0.02 x 1000 / ${T} = ${effect}. Use schedule: cosine, or 1000 timesteps.`,
      fix: { title: "Use schedule: cosine", set: { "diffusion.schedule": "cosine" } },
    };
  },
};

const scheduleUnused: Rule = {
  code: "MDM403",
  name: "schedule-unused",
  severity: "warning",
  explanation: "`diffusion.schedule` is only read with `process: ddpm`; a flow goes along the straight path.",
  fix: "Removes the key.",
  check: (context) => idle(context, "diffusion.schedule", "remove it", ", which has no noise schedule"),
};

const logitUnused: Rule = {
  code: "MDM404",
  name: "logit-unused",
  severity: "warning",
  explanation:
    "`diffusion.logit_mean` and `diffusion.logit_std` are only read with `timestep_distribution: logit_normal`; timesteps are drawn uniformly.",
  fix: "Writes `timestep_distribution: logit_normal`, which the keys suggest is meant.",
  *check(context) {
    for (const key of ["logit_mean", "logit_std"]) yield* idle(context, `diffusion.${key}`, "read it");
  },
};

const imageLoss: Rule = {
  code: "MDM405",
  name: "image-loss",
  severity: "info",
  explanation:
    "A flow that predicts the image and is trained on the image's error hardly counts the timesteps with little noise. Where Li & He (2025) compare the losses of image, noise and velocity, that of the image is the worst and that of the velocity the best, whatever is predicted.",
  fix: "Writes `loss_weighting: velocity`.",
  *check({ experiment: { diffusion } }) {
    const { process, prediction, loss_weighting: weighting } = diffusion;
    if (process !== "flow" || prediction !== "x0" || weighting === "velocity") return;
    yield {
      at: ["diffusion.loss_weighting", "diffusion.prediction"],
      message: `The loss is that of the image (prediction x0, loss_weighting ${weighting}), which hardly counts the timesteps with little noise, where details are made. Use loss_weighting: velocity.`,
      fix: { title: "Use loss_weighting: velocity", set: { "diffusion.loss_weighting": "velocity" } },
    };
  },
};

const samplerSteps: Rule = {
  code: "MDM601",
  name: "sampler-steps",
  severity: "warning",
  explanation:
    "`sample.steps` is more than `diffusion.timesteps` (with heun, which asks the network twice a step, more than 2·timesteps - 1): a sampler visits each timestep at most once, so fewer steps are taken than asked for.",
  fix: "Writes the largest number that is taken.",
  *check(context) {
    const { sample, diffusion } = context.experiment;
    const T = diffusion.timesteps;
    const most = mostEvaluations(sample.sampler, T);
    if (sample.steps <= most) return;
    const possible = most === T ? "" : `the ${most} network evaluations of ${sample.sampler} at `;
    yield {
      at: ["sample.steps", "diffusion.timesteps"],
      severity: context.isSet("sample.steps") ? "warning" : "info",
      message: `sample.steps ${sample.steps}${context.isSet("sample.steps") ? "" : " (the default)"} is more than ${possible}diffusion.timesteps ${T}: a sampler visits each timestep at most once, so ${most} steps are taken.`,
      fix: { title: `Use steps: ${most}`, set: { "sample.steps": String(most) } },
    };
  },
};

const etaUnused: Rule = {
  code: "MDM602",
  name: "eta-unused",
  severity: "warning",
  explanation: "`sample.eta` is only read by DDIM. Ancestral sampling always adds its noise, all others none.",
  fix: "Removes the key.",
  check(context) {
    const isAncestral = context.experiment.sample.sampler === "ancestral";
    const why = isAncestral ? ", which always adds its full noise" : ", which is deterministic";
    return idle(context, "sample.eta", "remove it", why);
  },
};

const noisySamples: Rule = {
  code: "MDM603",
  name: "noisy-samples",
  severity: "info",
  explanation:
    "Fewer than 50 steps with noise put back at each (DDIM with eta above 0.5, or ancestral) leave visible grain: there are too few steps to take it out again.",
  fix: "Writes `eta: 0` for DDIM; `sampler: ddim` with `eta: 0` for ancestral.",
  *check({ experiment: { sample, diffusion } }) {
    const isStochastic = sample.sampler === "ancestral" || (sample.sampler === "ddim" && sample.eta > 0.5);
    if (!isStochastic || sample.steps >= 50 || sample.steps >= diffusion.timesteps) return;
    const how = sample.sampler === "ancestral" ? "sampler ancestral" : `eta ${sample.eta}`;
    yield {
      at: ["sample.steps", "sample.eta", "sample.sampler"],
      message: `${plural(sample.steps, "step")} with ${how} put noise back ${count(Math.max(1, sample.steps - 1))} times with little chance to take it out: samples look grainy. Use ${sample.sampler === "ancestral" ? "sampler ddim with " : ""}eta 0, or 100 steps or more.`,
      fix: {
        title: sample.sampler === "ancestral" ? "Use sampler ddim with eta 0" : "Use eta 0",
        set: { ...(sample.sampler === "ancestral" ? { "sample.sampler": "ddim" } : {}), "sample.eta": "0" },
      },
    };
  },
};

/** Drawing grids may take this share of a stage's work before it is worth a word. */
const SAMPLING_SHARE = 0.25;

const costlySamples: Rule = {
  code: "MDM604",
  name: "costly-samples",
  severity: "warning",
  explanation:
    "Drawing the sample grids, or the samples of evaluations, takes more than a quarter of the stage's work (counted in matrix products: images · steps forward passes on whole images each time, against the training steps between two of them).",
  fix: "Writes a `sample_every` or `evaluate_every` at which they take a tenth of the work.",
  *check(context) {
    const { sample } = context.experiment;
    const shape = modelShape(context.experiment);
    if (!isBuildable(shape)) return;
    const passes = passesPerImage(context.experiment);
    const perImage = passes * imageCost(shape, tokenCount(shape)).forwardFlops;
    for (const { stage, config, visibleTokens } of context.stages()) {
      if (visibleTokens === null) continue;
      const perStep = config.batch_size * imageCost(shape, visibleTokens).trainingFlops;
      for (const [key, what, images, from] of [
        ["sample_every", "A grid", sample.count, "sample.count"],
        ["evaluate_every", "An evaluation", config.evaluate_samples, `${stage}.evaluate_samples`],
      ] as const) {
        const each = config[key];
        if (each === 0 || each > config.steps) continue;
        const flops = images * perImage;
        const taken = flops / (flops + each * perStep);
        if (taken <= SAMPLING_SHARE) continue;
        const every = roundUp((9 * flops) / perStep);
        yield {
          at: [`${stage}.${key}`, from, "sample.steps"],
          message: `${what} of ${plural(images, "image")} at ${plural(passes, "network evaluation")} costs as much as ${plural(flops / perStep, "training step")} of ${stage}, and one is ${key === "sample_every" ? "drawn" : "made"} every ${each}: ${percent(taken)} of the work. ${key} ${every} makes it 10 %.`,
          fix: { title: `Use ${key} ${every}`, set: { [`${stage}.${key}`]: String(every) } },
        };
      }
    }
  },
};

/** To two digits, upwards. */
function roundUp(value: number): number {
  const scale = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.min(1e9, Math.ceil(value / scale) * scale);
}

export const DIFFUSION_RULES: readonly Rule[] = [
  gammaUnused,
  shortLinearSchedule,
  scheduleUnused,
  logitUnused,
  imageLoss,
];
export const SAMPLE_RULES: readonly Rule[] = [samplerSteps, etaUnused, noisySamples, costlySamples];
