/** A checkpoint that does not suit what is to be finetuned from it. */
import type { DiffusionConfig, Experiment, ModelConfig } from "../../experiment/schema.ts";
import { yamlText } from "../../experiment/yamlText.ts";
import { backboneOf } from "../../model/backbones.ts";
import type { CheckpointFacts } from "../facts.ts";
import type { LintContext, Rule } from "../rule.ts";

const finetunes = (context: LintContext): boolean => context.facts.stage !== "pretrain";

const nameOf = (checkpoint: CheckpointFacts): string => checkpoint.name ?? "the checkpoint";

const noCheckpoint: Rule = {
  code: "MDM801",
  name: "no-checkpoint",
  severity: "info",
  explanation:
    "The file has a finetune stage that names nothing to start from, so `--from` has to when it is run; finetuning never starts from random weights without being told to.",
  fix: null,
  *check(context) {
    const { facts, experiment } = context;
    // The command finetune knows its --from and insists on one by itself.
    if (facts.stage !== undefined || facts.checkpoint !== undefined) return;
    if (experiment.finetune.from !== null || !context.isSet("finetune")) return;
    yield {
      at: ["finetune.from"],
      message: "finetune.from names no run or checkpoint to start from. Name one here, or with --from when finetuning.",
    };
  },
};

const WHY: Partial<Record<keyof ModelConfig, string>> = {
  backbone: "it is another network, with other weights",
  patch_size: "the patch embedding and the output layer have other shapes",
  embed_dim: "every tensor has another width",
  depth: "it has other blocks",
  num_heads: "the weights fit, but split into other heads than they were trained for",
  mlp_ratio: "the MLPs have another hidden width",
  qkv_bias: "attn.q_bias and attn.v_bias are in one of them only",
  time_embedding: "encoder.time_embed is in one of them only",
  num_classes: "encoder.label_emb and the label token differ",
};

const checkpointShapes: Rule = {
  code: "MDM802",
  name: "checkpoint-shapes",
  severity: "error",
  explanation:
    "What finetuning starts from was trained with another image size, channel count or network, so its weights do not fit.",
  fix: "Writes the checkpoint's value.",
  *check(context) {
    const { checkpoint } = context.facts;
    if (!checkpoint || !finetunes(context)) return;
    for (const { path, now, trained, why } of shapeDifferences(context.experiment, checkpoint)) {
      yield {
        at: [path, "finetune.from"],
        message: `${path} is ${yamlText(now)}, but ${nameOf(checkpoint)} was trained with ${yamlText(trained)}: ${why}.`,
        fix: { title: `Use ${path.split(".")[1]}: ${yamlText(trained)}`, set: { [path]: yamlText(trained) } },
      };
    }
  },
};

interface Difference {
  readonly path: string;
  readonly now: unknown;
  readonly trained: unknown;
  readonly why: string;
}

function* shapeDifferences({ data, model }: Experiment, checkpoint: CheckpointFacts): Generator<Difference> {
  const before = { ...checkpoint.data };
  if (before.image_size !== undefined && before.image_size !== data.image_size)
    yield {
      path: "data.image_size",
      now: data.image_size,
      trained: before.image_size,
      why: "encoder.encoder_pos_embed has another number of tokens",
    };
  if (before.channels !== undefined && before.channels !== data.channels)
    yield {
      path: "data.channels",
      now: data.channels,
      trained: before.channels,
      why: "the patch embedding and the output layer have other shapes",
    };
  for (const [key, why] of Object.entries(WHY)) {
    const name = key as keyof ModelConfig;
    const trained = checkpoint.model?.[name];
    if (trained === undefined || trained === model[name]) continue;
    // Depths 12 and 13 of a U-ViT build the same blocks.
    const { blocks } = backboneOf(model);
    if (name === "depth" && blocks(Number(trained)) === blocks(model.depth)) continue;
    yield { path: `model.${name}`, now: model[name], trained, why };
  }
}

const SCHEDULE_WHY: Partial<Record<keyof DiffusionConfig, string>> = {
  schedule: "a timestep then means another amount of noise than the weights know",
  timesteps: "a timestep then means another amount of noise than the weights know",
  prediction: "the network's output then means something else than it was trained for",
};

const checkpointDiffusion: Rule = {
  code: "MDM803",
  name: "checkpoint-diffusion",
  severity: "warning",
  explanation:
    "What finetuning starts from was trained with another noise schedule, number of timesteps or prediction. The weights load, but have to learn anew what a timestep or their output means.",
  fix: "Writes the checkpoint's value.",
  *check(context) {
    const { checkpoint } = context.facts;
    if (!checkpoint?.diffusion || !finetunes(context)) return;
    const { diffusion } = context.experiment;
    for (const [key, why] of Object.entries(SCHEDULE_WHY)) {
      const name = key as keyof DiffusionConfig;
      const then = checkpoint.diffusion[name];
      if (then === undefined || then === diffusion[name]) continue;
      yield {
        at: [`diffusion.${name}`, "finetune.from"],
        message: `diffusion.${name} is ${yamlText(diffusion[name])}, but ${nameOf(checkpoint)} was trained with ${yamlText(then)}: ${why}.`,
        fix: { title: `Use ${name}: ${yamlText(then)}`, set: { [`diffusion.${name}`]: yamlText(then) } },
      };
    }
  },
};

export const CHECKPOINT_RULES: readonly Rule[] = [noCheckpoint, checkpointShapes, checkpointDiffusion];
