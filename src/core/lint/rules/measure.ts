/** Measuring while training, where there is nothing to measure by. */
import { LEAST_IMAGES } from "../../evaluation/references.ts";
import { plural } from "../../numbers.ts";
import type { Rule } from "../rule.ts";
import { trainingImages } from "./data.ts";

const heldOutOfNothing: Rule = {
  code: "MDM515",
  name: "held-out-of-nothing",
  severity: "warning",
  explanation:
    "`held_out_every` is set, and `data.holdout` is 0: no images are kept out of training, so there is no loss on them to measure.",
  fix: "Removes the key.",
  *check(context) {
    if (context.experiment.data.holdout > 0) return;
    for (const { stage, config } of context.stages()) {
      const key = `${stage}.held_out_every`;
      if (config.held_out_every === 0 || !context.isSet(key)) continue;
      yield {
        at: [key],
        message: `${key} ${config.held_out_every} has no effect: data.holdout is 0, so no images are held out. Set data.holdout, such as to 0.1, or remove the key.`,
        fix: { title: "Remove held_out_every", remove: [key] },
      };
    }
  },
};

const evaluatedByFew: Rule = {
  code: "MDM516",
  name: "evaluated-by-few",
  severity: "error",
  explanation: `\`evaluate_every\` is set, and fewer than ${LEAST_IMAGES} images are trained on: too few to measure samples by.`,
  fix: "Writes `evaluate_every: 0`.",
  *check(context) {
    const images = trainingImages(context);
    if (images === undefined || images >= LEAST_IMAGES) return;
    for (const { stage, config } of context.stages()) {
      const key = `${stage}.evaluate_every`;
      if (config.evaluate_every === 0) continue;
      yield {
        at: [key],
        message: `${key} ${config.evaluate_every} asks for evaluations of what ${plural(images, "training image")} taught: too few to measure samples by, which takes ${LEAST_IMAGES}. Add images to data.path, or use 0.`,
        fix: { title: "Use evaluate_every 0", set: { [key]: "0" } },
      };
    }
  },
};

export const MEASURE_RULES: readonly Rule[] = [heldOutOfNothing, evaluatedByFew];
