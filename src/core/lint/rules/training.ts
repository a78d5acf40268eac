/** Stages that cannot run as written, or that train badly (method sections 6 and 7). */

import { numberText } from "../../experiment/valueProblems.ts";
import { EMA_COPY_UPDATES, emaDecay, learningRate } from "../../training/schedules.ts";
import { count, divisors, nearest, percent, plural, share, short } from "../numbers.ts";
import type { LintContext, Rule } from "../rule.ts";

const warmupTooLong: Rule = {
  code: "MDM501",
  name: "warmup-too-long",
  severity: "warning",
  explanation:
    "`warmup_steps` is as long as the stage or longer: the learning rate is still rising when training ends, or barely arrives.",
  fix: "Writes a tenth of the steps.",
  *check(context) {
    for (const { stage, config } of context.stages()) {
      const { warmup_steps: warmup, steps, lr } = config;
      if (warmup === 0 || warmup < steps) continue;
      const tenth = Math.max(1, Math.round(steps / 10));
      const reached = learningRate(config, steps - 1);
      const end =
        warmup === steps
          ? "reaches lr only at its last step"
          : `ends at a learning rate of ${short(reached)}, ${percent(reached / lr)} of lr ${numberText(lr)}`;
      yield {
        at: [`${stage}.warmup_steps`, `${stage}.steps`],
        message: `${stage}.warmup_steps ${warmup} is not shorter than the stage's ${plural(steps, "step")}: it ${end}. Use ${tenth}, for example.`,
        fix: { title: `Use warmup_steps ${tenth}`, set: { [`${stage}.warmup_steps`]: String(tenth) } },
      };
    }
  },
};

const microBatchDivides: Rule = {
  code: "MDM502",
  name: "micro-batch-divides",
  severity: "error",
  explanation:
    "`micro_batch_size` must divide `batch_size`: the batch is worked on in equal parts. One larger than the batch is cut to it (a warning).",
  fix: "Writes the nearest divisor of the batch size.",
  *check(context) {
    for (const { stage, config } of context.stages()) {
      const { micro_batch_size: micro, batch_size: batch } = config;
      if (micro === "auto" || batch % micro === 0) continue;
      const near = micro > batch ? batch : (nearest(divisors(batch), micro) ?? 1);
      const at = [`${stage}.micro_batch_size`, `${stage}.batch_size`];
      const fix = { title: `Use micro_batch_size ${near}`, set: { [`${stage}.micro_batch_size`]: String(near) } };
      if (micro > batch) {
        const message = `${stage}.micro_batch_size ${micro} is more than batch_size ${batch}: the whole batch goes through at once.`;
        yield { at, fix, severity: "warning", message };
      } else {
        const message = `${stage}.micro_batch_size ${micro} does not divide batch_size ${batch}: the last part would hold ${plural(batch % micro, "image")} only. Use ${near}, or auto.`;
        yield { at, fix, message };
      }
    }
  },
};

/** From this rate on the authors report unstable pretraining with small batches. */
const HIGH_RATE = 0.75;
/** A quarter of what the authors' 256 images at rate 0.9 come to (6656), rounded up to a power of two. */
const FEW_TOKENS = 2048;

const fewTokensPerStep: Rule = {
  code: "MDM503",
  name: "few-tokens-per-step",
  severity: "warning",
  explanation:
    "At a high mask rate an image carries few tokens. A step on fewer than 2048 of them has a noisy gradient, and the authors report unstable losses; gradient clipping and warm-up (both) keep such a run stable, a larger batch cures it.",
  fix: "Writes `clip_grad: 1` and a warm-up of a twentieth of the steps, where they are missing.",
  *check(context) {
    const { geometry } = context;
    if (context.facts.stage === "finetune" || geometry === null || geometry.effectiveRate < HIGH_RATE) return;
    const { pretrain } = context.experiment;
    const S = geometry.visibleTokens;
    const tokens = pretrain.batch_size * S;
    if (tokens >= FEW_TOKENS || (pretrain.clip_grad !== null && pretrain.warmup_steps > 0)) return;
    const warmup = Math.max(1, Math.min(5000, Math.round(pretrain.steps / 20)));
    const missing = [
      ...(pretrain.clip_grad === null ? ["clip_grad: 1"] : []),
      ...(pretrain.warmup_steps === 0 ? [`warmup_steps: ${warmup}`] : []),
    ];
    const batch = Math.min(65_536, 2 ** Math.ceil(Math.log2(FEW_TOKENS / S)));
    yield {
      at: ["pretrain.batch_size", "mask.rate", "pretrain"],
      message: `A step of pretrain sees ${pretrain.batch_size} x ${S} = ${tokens} tokens, as the mask hides ${percent(geometry.effectiveRate)} of each image: gradients are noisy and the loss may become unstable. Add ${missing.join(" and ")}, or use batch_size ${batch} (${count(batch * S)} tokens).`,
      fix: {
        title: `Add ${missing.join(" and ")}`,
        set: {
          ...(pretrain.clip_grad === null ? { "pretrain.clip_grad": "1" } : {}),
          ...(pretrain.warmup_steps === 0 ? { "pretrain.warmup_steps": String(warmup) } : {}),
        },
      },
    };
  },
};

const checkpointAfterEnd: Rule = {
  code: "MDM504",
  name: "checkpoint-after-end",
  severity: "warning",
  explanation:
    "`checkpoint_every` is more than `steps`: the only checkpoint is the one at the end, and a run that is cut off before it leaves nothing. An info where the key is left to its default.",
  fix: "Writes a quarter of the steps.",
  *check(context) {
    for (const { stage, config } of context.stages()) {
      if (config.checkpoint_every <= config.steps || config.steps < 4) continue;
      const own = context.isSet(`${stage}.checkpoint_every`);
      if (!own && !context.isSet(`${stage}.steps`)) continue;
      const quarter = Math.max(1, Math.round(config.steps / 4));
      yield {
        at: [`${stage}.checkpoint_every`, `${stage}.steps`],
        severity: own ? "warning" : "info",
        message: `${stage}.checkpoint_every ${config.checkpoint_every}${own ? "" : " (the default)"} is more than its ${plural(config.steps, "step")}: the only checkpoint is the one at the end, and a crash before it loses everything. Use ${quarter}, for example.`,
        fix: { title: `Use checkpoint_every ${quarter}`, set: { [`${stage}.checkpoint_every`]: String(quarter) } },
      };
    }
  },
};

const keepNeverMatches: Rule = {
  code: "MDM505",
  name: "keep-every-mismatch",
  severity: "warning",
  explanation:
    "Checkpoints are kept for good at multiples of `keep_every`, but written at multiples of `checkpoint_every`: where the one is no multiple of the other, few or none coincide.",
  fix: "Writes the nearest multiple of `checkpoint_every`.",
  *check(context) {
    for (const { stage, config } of context.stages()) {
      const { keep_every: keep, checkpoint_every: every, steps } = config;
      if (keep === null || keep % every === 0) continue;
      const both = leastCommonMultiple(keep, every);
      const near = Math.max(every, Math.round(keep / every) * every);
      const effect =
        both > steps
          ? `none is, as the first multiple of both is ${count(both)}`
          : `only every ${count(both)} steps one is`;
      yield {
        at: [`${stage}.keep_every`, `${stage}.checkpoint_every`],
        message: `${stage}.keep_every ${keep} is no multiple of checkpoint_every ${every}. Of the checkpoints to be kept for good ${effect}. Use ${near}.`,
        fix: { title: `Use keep_every ${near}`, set: { [`${stage}.keep_every`]: String(near) } },
      };
    }
  },
};

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

const nothingShown: Rule = {
  code: "MDM513",
  name: "nothing-shown",
  severity: "info",
  explanation: "`sample_every` or `log_every` is more than `steps`: only the end of the stage is drawn or logged.",
  fix: "Writes a tenth of the steps.",
  *check(context) {
    for (const { stage, config } of context.stages()) {
      const tenth = Math.max(1, Math.round(config.steps / 10));
      for (const [key, what] of [
        ["sample_every", "sample grid"],
        ["log_every", "line of metrics"],
      ] as const) {
        if (config[key] <= config.steps || !context.isSet(`${stage}.${key}`)) continue;
        yield {
          at: [`${stage}.${key}`],
          message: `${stage}.${key} ${config[key]} is more than its ${plural(config.steps, "step")}: the only ${what} is the one at the end.`,
          fix: { title: `Use ${key} ${tenth}`, set: { [`${stage}.${key}`]: String(tenth) } },
        };
      }
    }
  },
};

const emaWeights: Rule = {
  code: "MDM514",
  name: "finetune-from-ema",
  severity: "info",
  explanation:
    "`finetune.weights: ema` starts from the averaged weights; the authors start from the raw ones, which the optimiser left.",
  fix: "Writes `weights: raw`.",
  *check(context) {
    const { finetune } = context.experiment;
    if (context.facts.stage === "pretrain" || finetune.weights !== "ema") return;
    yield {
      at: ["finetune.weights"],
      message: "finetune.weights ema starts from the averaged weights; the authors' figures start from the raw ones.",
      fix: { title: "Use weights: raw", set: { "finetune.weights": "raw" } },
    };
  },
};

const isWritten = (context: LintContext, stage: string, ...keys: string[]): boolean =>
  keys.some((key) => context.isSet(`${stage}.${key}`));

const span = (beta: number): string => (beta === 0 ? "1 step" : `about ${short(1 / (1 - beta))} steps`);

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return (a / x) * b;
}

export const TRAINING_RULES: readonly Rule[] = [
  warmupTooLong,
  microBatchDivides,
  fewTokensPerStep,
  checkpointAfterEnd,
  keepNeverMatches,
  emaWarmup,
  highLearningRate,
  lowLearningRate,
  betas,
  strongDecay,
  tightClipping,
  shortEma,
  nothingShown,
  emaWeights,
];
