/** Optimiser settings far from what trains such a network (method section 6). */
import { numberText } from "../../experiment/yamlText.ts";
import { count, plural, share, short } from "../../numbers.ts";
import { EMA_COPY_UPDATES, emaDecay } from "../../training/schedules.ts";
import type { LintContext, Rule } from "../rule.ts";

const emaWarmup: Rule = {
  code: "MDM506",
  name: "ema-warmup",
  severity: "info",
  explanation:
    "The EMA decay follows 1 - (1 + k)^(-2/3) from update 101 on until it reaches `ema_decay`. The stage ends before that, so its samples use a shorter average than the file says; that is what the warm-up is for in short runs.",
  fix: null,
  *check(context) {
    for (const { stage, config } of context.stages()) {
      const { ema_decay: decay, steps } = config;
      if (!isWritten(context, stage, "steps", "ema_decay") || decay === 0) continue;
      const reached = emaDecay(steps, decay);
      if (reached >= decay) continue;
      const needed = Math.ceil((1 - decay) ** -1.5) + EMA_COPY_UPDATES;
      const span =
        reached === 0
          ? "the average is a copy of the weights throughout"
          : `the average spans about the last ${count(1 / (1 - reached))} steps instead of ${count(1 / (1 - decay))}`;
      yield {
        at: [`${stage}.ema_decay`, `${stage}.steps`],
        message: `After the ${plural(steps, "step")} of ${stage} the warm-up of the EMA has reached a decay of ${share(reached)}, not ${decay} (that takes ${count(needed)} steps): ${span}.`,
      };
    }
  },
};

const highLearningRate: Rule = {
  code: "MDM507",
  name: "high-lr",
  severity: "warning",
  explanation:
    "A learning rate above 1e-3 is far above what AdamW takes on transformers; the authors use 1e-5 to 2e-4.",
  fix: "Writes 2e-4.",
  *check(context) {
    for (const { stage, config } of context.stages()) {
      if (config.lr <= 1e-3) continue;
      yield {
        at: [`${stage}.lr`],
        message: `${stage}.lr ${numberText(config.lr)} is ${short(config.lr / 2e-4)} times the authors' 2e-4: AdamW moves each weight by about lr in every step, and the loss of a transformer usually diverges above 1e-3.`,
        fix: { title: "Use lr 2e-4", set: { [`${stage}.lr`]: "2e-4" } },
      };
    }
  },
};

const lowLearningRate: Rule = {
  code: "MDM508",
  name: "low-lr",
  severity: "warning",
  explanation: "With this learning rate the weights hardly move over the whole stage: lr times steps is below 0.001.",
  fix: null,
  *check(context) {
    for (const { stage, config } of context.stages()) {
      if (config.lr * config.steps >= 1e-3 || config.steps < 100) continue;
      yield {
        at: [`${stage}.lr`, `${stage}.steps`],
        message: `${stage}.lr ${numberText(config.lr)} over ${plural(config.steps, "step")} moves a weight by at most about ${short(config.lr * config.steps)}, while weights begin with a spread of 0.02: nothing is learned. The authors use 1e-5 to 2e-4.`,
      };
    }
  },
};

const betas: Rule = {
  code: "MDM509",
  name: "betas",
  severity: "warning",
  explanation:
    "`betas` that look swapped (the second below the first), or a second one below 0.9, with which the step size follows the noise of single gradients.",
  fix: "Swaps them, or writes the authors' [0.99, 0.99].",
  *check(context) {
    for (const { stage, config } of context.stages()) {
      const [first, second] = config.betas;
      const at = [`${stage}.betas`];
      const set = (text: string) => ({ title: `Use betas ${text}`, set: { [`${stage}.betas`]: text } });
      if (first > second && first >= 0.9) {
        const swapped = `[${second}, ${first}]`;
        const message = `${stage}.betas [${first}, ${second}]: the second is below the first, so the squares are averaged over ${span(second)} and the gradients over ${span(first)}. Are they swapped? Usual are [0.9, 0.999]; the authors use [0.99, 0.99].`;
        yield { at, message, fix: second >= 0.5 ? set(swapped) : set("[0.99, 0.99]") };
      } else if (second < 0.9) {
        const message = `${stage}.betas [${first}, ${second}]: the squares of the gradients are averaged over ${span(second)} only, so the step size follows their noise. The authors use [0.99, 0.99].`;
        yield { at, message, fix: set("[0.99, 0.99]") };
      }
    }
  },
};

const strongDecay: Rule = {
  code: "MDM510",
  name: "strong-weight-decay",
  severity: "warning",
  explanation:
    "Decoupled weight decay shrinks each weight by lr·weight_decay in every step; over the stage this pulls weights to zero faster than they are learned.",
  fix: "Writes the authors' 0.03.",
  *check(context) {
    for (const { stage, config } of context.stages()) {
      if (config.weight_decay <= 0.3) continue;
      const halfLife = Math.log(2) / (config.lr * config.weight_decay);
      yield {
        at: [`${stage}.weight_decay`],
        message: `${stage}.weight_decay ${config.weight_decay} halves a weight every ${count(halfLife)} steps at lr ${numberText(config.lr)}; the authors use 0.03.`,
        fix: { title: "Use weight_decay 0.03", set: { [`${stage}.weight_decay`]: "0.03" } },
      };
    }
  },
};

const tightClipping: Rule = {
  code: "MDM511",
  name: "tight-clipping",
  severity: "warning",
  explanation: "`clip_grad` below 0.01 cuts practically every gradient, so only its direction is used.",
  fix: "Writes the authors' 1.0.",
  *check(context) {
    for (const { stage, config } of context.stages()) {
      if (config.clip_grad === null || config.clip_grad >= 0.01) continue;
      yield {
        at: [`${stage}.clip_grad`],
        message: `${stage}.clip_grad ${numberText(config.clip_grad)} is far below the gradient norms of such a network (about 0.1 to 1): practically every step is clipped. The authors use 1.0.`,
        fix: { title: "Use clip_grad 1.0", set: { [`${stage}.clip_grad`]: "1.0" } },
      };
    }
  },
};

const shortEma: Rule = {
  code: "MDM512",
  name: "short-ema",
  severity: "warning",
  explanation:
    "`ema_decay` below 0.9 averages the weights over fewer than 10 steps; samples, which use the average, gain nothing from it.",
  fix: "Writes the authors' 0.999.",
  *check(context) {
    for (const { stage, config } of context.stages()) {
      if (config.ema_decay >= 0.9) continue;
      const spanText =
        config.ema_decay === 0 ? "is a copy of the weights" : `spans about ${short(1 / (1 - config.ema_decay))} steps`;
      yield {
        at: [`${stage}.ema_decay`],
        message: `${stage}.ema_decay ${config.ema_decay}: the average that samples are drawn with ${spanText}. The authors use 0.999, which spans 1000.`,
        fix: { title: "Use ema_decay 0.999", set: { [`${stage}.ema_decay`]: "0.999" } },
      };
    }
  },
};

export const OPTIMIZER_RULES: readonly Rule[] = [
  emaWarmup,
  highLearningRate,
  lowLearningRate,
  betas,
  strongDecay,
  tightClipping,
  shortEma,
];

const isWritten = (context: LintContext, stage: string, ...keys: string[]): boolean =>
  keys.some((key) => context.isSet(`${stage}.${key}`));

const span = (beta: number): string => (beta === 0 ? "1 step" : `about ${short(1 / (1 - beta))} steps`);
