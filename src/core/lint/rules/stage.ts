/** Steps, batches and checkpoints of a stage that do not go together (method section 7). */

import { numberText } from "../../experiment/yamlText.ts";
import { count, divisors, nearest, percent, plural, short } from "../../numbers.ts";
import { learningRate } from "../../training/schedules.ts";
import type { Rule } from "../rule.ts";
import { ofEveryPiece } from "./maskPieces.ts";

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
    // Otherwise the loss is that of all tokens.
    if (context.experiment.mask.mode !== "drop") return;
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

const nothingShown: Rule = {
  code: "MDM513",
  name: "nothing-shown",
  severity: "info",
  explanation:
    "`sample_every`, `held_out_every`, `evaluate_every` or `log_every` is more than `steps`: only the end of the stage is drawn, measured or logged.",
  fix: "Writes a tenth of the steps.",
  *check(context) {
    for (const { stage, config } of context.stages()) {
      const tenth = Math.max(1, Math.round(config.steps / 10));
      for (const [key, what] of [
        ["sample_every", "sample grid"],
        ["held_out_every", "held-out loss"],
        ["evaluate_every", "evaluation"],
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

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return (a / x) * b;
}

export const STAGE_RULES: readonly Rule[] = [
  warmupTooLong,
  microBatchDivides,
  ofEveryPiece(fewTokensPerStep),
  checkpointAfterEnd,
  keepNeverMatches,
  nothingShown,
  emaWeights,
];
