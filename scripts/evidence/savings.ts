/** What hiding tokens saves: operations as they are reckoned, and time as it was measured. */
import { imageCost } from "../../src/core/cost/imageCost.ts";
import { stageFacts } from "../../src/core/cost/stageFacts.ts";
import { parseExperiment } from "../../src/core/experiment/parse.ts";
import type { Experiment } from "../../src/core/experiment/schema.ts";
import { modelShape, tokenCount } from "../../src/core/model/shape.ts";
import { count, percent } from "../../src/core/numbers.ts";
import type { StudyPlan } from "../../src/core/study/plan.ts";
import { table } from "../bench/tables.ts";
import { type Speeds, speedKey, speedOf } from "./speeds.ts";

/** The method's own networks (method section 5) and DiT's largest, as files of an experiment: what nobody trains in minutes. */
const PUBLISHED = [
  { name: "MaskDM-S, 64 px", keys: ["uvit", 64, 4, 512, 13, 8] },
  { name: "MaskDM-S, 256 px", keys: ["uvit", 256, 4, 512, 13, 8] },
  { name: "MaskDM-B, 256 px", keys: ["uvit", 256, 4, 768, 13, 12] },
  { name: "DiT-XL/2, 32 x 32 latents", keys: ["dit", 32, 2, 1152, 28, 16] },
] as const;
const RATES = [0.5, 0.75, 0.9];

/** A section of a page. @param speeds of trainings that were measured; rows without are left out */
export function savings(plans: readonly StudyPlan[], speeds: Speeds): string {
  const measured = measuredRows(plans, speeds);
  const head = ["network", "hidden", "visible", "attention", "operations", "time"];
  return [
    "## What hiding saves",
    "The mask can pay by its cheaper steps alone. Attention is its share of a whole image's operations (in a block of width D, n tokens take 12nD² multiply-adds and attention 2n²D, so n / (6D + n): " +
      "only where images have many more tokens than the network is wide does hiding save more than in proportion). Operations and time of a training step for a masked image are relative to a whole one; time was measured, with the batches that the studies have.",
    ...(measured.length === 0 ? [] : [table([head, ...measured])]),
    `Reckoned for networks of publications, a share of the tokens hidden by \`patch\`:`,
    table([
      ["network", "tokens", "attention", ...RATES.map((rate) => `operations at ${rate}`)],
      ...PUBLISHED.map(reckonedRow),
    ]),
  ].join("\n\n");
}

/** One for each pretraining of whose mask there is one piece, and that is timed as its whole images are; networks alike stand together. */
function measuredRows(plans: readonly StudyPlan[], speeds: Speeds): string[][] {
  const seen = new Set<string>();
  return plans
    .flatMap(({ runs }) => [...runs.values()])
    .flatMap((run) => {
      const { experiment } = run;
      const pieces = stageFacts(experiment, "pretrain", null)?.pieces;
      const [masked, whole] = [speedOf(run, speeds), speedOf({ stage: "finetune", experiment }, speeds)];
      const isNew = run.stage === "pretrain" && !seen.has(speedKey(run));
      if (!isNew || masked === null || whole === null || pieces?.length !== 1) return [];
      seen.add(speedKey(run));
      const { geometry, relativeCost } = pieces[0]!;
      const { pretrain, finetune, model, mask } = experiment;
      const time = masked / pretrain.batch_size / (whole / finetune.batch_size);
      const mode = mask.mode === "drop" || geometry.visibleTokens === geometry.tokens ? "" : `, ${mask.mode}`;
      return [
        [
          `${model.backbone}, width ${model.embed_dim}, ${count(geometry.tokens)} tokens`,
          geometry.visibleTokens === geometry.tokens
            ? "none"
            : `${mask.strategy} ${percent(geometry.effectiveRate)}${mode}`,
          count(geometry.visibleTokens),
          percent(attentionShare(experiment)),
          relativeCost.toFixed(3),
          time.toFixed(3),
        ],
      ];
    })
    .sort(([a], [b]) => a!.localeCompare(b!, "en", { numeric: true }));
}

function reckonedRow({ name, keys }: (typeof PUBLISHED)[number]): string[] {
  const at = (rate: number): Experiment => published(keys, rate);
  return [
    name,
    count(tokenCount(modelShape(at(0)))),
    percent(attentionShare(at(0))),
    ...RATES.map((rate) => stageFacts(at(rate), "pretrain", null)!.pieces[0]!.relativeCost.toFixed(3)),
  ];
}

function published(
  [backbone, size, patch, width, depth, heads]: (typeof PUBLISHED)[number]["keys"],
  rate: number,
): Experiment {
  const parsed = parseExperiment(
    `data: {path: images, image_size: ${size}}\n` +
      `model: {backbone: ${backbone}, patch_size: ${patch}, embed_dim: ${width}, depth: ${depth}, num_heads: ${heads}}\n` +
      `mask: {strategy: patch, rate: ${rate}}\n`,
  );
  if (!parsed.ok) throw new Error("a published network is no experiment");
  return parsed.experiment;
}

/** Of the operations on a whole image. */
function attentionShare(experiment: Experiment): number {
  const shape = modelShape(experiment);
  const { attentionFlops, forwardFlops } = imageCost(shape, tokenCount(shape));
  return attentionFlops / forwardFlops;
}
