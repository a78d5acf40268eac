/** Guidance that has no effect, was not learned, or is too strong; classes to draw that there are not. */
import { drawnClasses } from "../../classes/drawnClasses.ts";
import { whyUnguided } from "../../diffusion/guidance.ts";
import { UserError } from "../../errors.ts";
import { short } from "../../numbers.ts";
import type { LintContext, Rule } from "../rule.ts";

const guidanceUnused: Rule = {
  code: "MDM605",
  name: "guidance-unused",
  severity: "warning",
  explanation:
    "`sample.guidance` drives images towards their class: it has no effect on an unconditional model (`model.num_classes` 0). `sample.guidance_interval` has none where guidance is 1, and an interval that holds no timestep of the sampler guides nothing.",
  fix: "Removes the key.",
  *check(context) {
    const { guidance, guidance_interval: interval } = context.experiment.sample;
    const why = whyUnguided(context.experiment);
    if (why === null) return;
    const remedy = why.of === "model" ? " Set num_classes for a class-conditional model, or remove the key." : "";
    for (const [key, value, isUnused] of [
      ["guidance", short(guidance), guidance !== 1 && why.of === "model"],
      ["guidance_interval", `[${interval.join(", ")}]`, context.isSet("sample.guidance_interval")],
    ] as const) {
      if (!isUnused) continue;
      yield {
        at: [`sample.${key}`],
        message: `sample.${key} ${value} has no effect: ${why.text}.${remedy}`,
        fix: { title: `Remove ${key}`, remove: [`sample.${key}`] },
      };
    }
  },
};

const guidanceUntrained: Rule = {
  code: "MDM606",
  name: "guidance-untrained",
  severity: "warning",
  explanation:
    "Guidance compares what the network predicts with a class and without one. With `model.class_dropout` 0 it never sees an image without its class, and what it predicts without one is arbitrary.",
  fix: "Writes `class_dropout: 0.1`.",
  *check(context) {
    const { model, sample } = context.experiment;
    if (model.class_dropout > 0 || !isGuided(context)) return;
    yield {
      at: ["model.class_dropout", "sample.guidance"],
      message: `sample.guidance ${short(sample.guidance)} needs what the network predicts without a class, which it does not learn with class_dropout 0. Use class_dropout 0.1, or guidance 1.`,
      fix: { title: "Use class_dropout 0.1", set: { "model.class_dropout": "0.1" } },
    };
  },
};

/** Beyond it predictions leave the range of images and saturate when they are clamped (Saharia et al. 2022, section 2.3). */
const MUCH_GUIDANCE = 7;

const strongGuidance: Rule = {
  code: "MDM607",
  name: "strong-guidance",
  severity: "info",
  explanation:
    "Guidance above 7 drives predictions out of the range of images: colours saturate, and the images of a class become alike.",
  fix: "Writes `guidance: 3`.",
  *check(context) {
    const { guidance } = context.experiment.sample;
    if (guidance <= MUCH_GUIDANCE || !isGuided(context)) return;
    yield {
      at: ["sample.guidance"],
      message: `sample.guidance ${short(guidance)} is strong: colours saturate, and the images of a class become alike. 1.5 to 4 is usual.`,
      fix: { title: "Use guidance 3", set: { "sample.guidance": "3" } },
    };
  },
};

const drawnClass: Rule = {
  code: "MDM608",
  name: "drawn-class",
  severity: "error",
  explanation:
    "`sample.classes` names a class that is neither a folder nor a number below `model.num_classes`; or the model has no classes, and it has no effect (a warning).",
  fix: "Removes the key from an unconditional model.",
  *check({ experiment, facts }) {
    const { classes } = experiment.sample;
    if (classes === null) return;
    const at = ["sample.classes"];
    if (experiment.model.num_classes === 0) {
      yield {
        at,
        severity: "warning",
        message: "sample.classes has no effect: num_classes is 0, so the model has no classes.",
        fix: { title: "Remove classes", remove: at },
      };
      return;
    }
    const folders = facts.dataset?.classNames;
    if (folders === undefined) return;
    const known = [...new Set([...folders, ...(facts.checkpoint?.classes ?? [])])];
    try {
      drawnClasses(experiment, known);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      yield { at, message: error.message };
    }
  },
};

const isGuided = ({ experiment }: LintContext): boolean => whyUnguided(experiment) === null;

export const GUIDANCE_RULES: readonly Rule[] = [guidanceUnused, guidanceUntrained, strongGuidance, drawnClass];
