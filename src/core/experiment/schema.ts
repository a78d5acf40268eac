/**
 * The experiment file (`*.maskdm.yaml`). This schema, with its sections, is the one source of the TypeScript types, the defaults, the published JSON
 * Schema and the documentation of every key. Each key says what it is, its unit, the equation it enters and what it costs.
 */
import * as z from "zod";
import { BACKEND_CHOICES } from "./backendChoices.ts";
import { compute } from "./sections/compute.ts";
import { data } from "./sections/data.ts";
import { diffusion } from "./sections/diffusion.ts";
import { mask } from "./sections/mask.ts";
import { model } from "./sections/model.ts";
import { sample } from "./sections/sample.ts";
import { integer } from "./sections/values.ts";
import { stageKeys } from "./stageKeys.ts";

const pretrain = z
  .strictObject(stageKeys({ batch_size: 256 }))
  .meta({ description: "Stage 1: training on masked images (MDSM)." });

const finetune = z
  .strictObject({
    ...stageKeys({ batch_size: 128 }),
    from: z.string().min(1).nullable().default(null).meta({
      description:
        "Run folder, run id or checkpoint that finetuning starts from; null: to be named with --from on the command line.",
    }),
    weights: z.enum(["raw", "ema"]).default("raw").meta({
      description: "Which of its weights are taken: raw (the trained ones) or ema (their moving average).",
    }),
    classes: z.enum(["keep", "new"]).default("keep").meta({
      description:
        "Numbers of the classes. keep: a folder has the number that its name has in what finetuning starts from; new: folders are numbered anew, for other classes. Only with num_classes above 0.",
    }),
  })
  .meta({ description: "Stage 2: training on whole images (DSM), from pretrained weights." });

const engine = z
  .strictObject({
    backend: z.enum(BACKEND_CHOICES).default("auto").meta({
      description:
        "What computes the steps; auto takes the fastest that works here and says which. torch: PyTorch, a program of its own in Python, on a graphics card (CUDA, Metal) where there is one (docs/backends.md#pytorch); the others are this program's own engine.",
    }),
    threads: z
      .union([z.literal("auto"), integer(1, 1024)])
      .default("auto")
      .meta({ description: "Threads of the computation; auto = the machine's cores.", unit: "threads" }),
    memory_gb: z
      .union([z.literal("auto"), z.number().positive()])
      .default("auto")
      .meta({
        description: "Memory a training step may take; micro_batch_size: auto is chosen to stay below it.",
        unit: "GiB",
      }),
    precision: z.enum(["auto", "float32", "bfloat16"]).default("auto").meta({
      description:
        "What the PyTorch engine computes the network in; weights, moments and moving average are float32 in any case. auto: bfloat16 on a graphics card that has it, else float32, which the other backends always take.",
    }),
  })
  .meta({ description: "The machine's side; changes speed and memory, not what is learned." });

export const experimentSchema = z
  .strictObject({
    data,
    model: model.prefault({}),
    mask: mask.prefault({}),
    diffusion: diffusion.prefault({}),
    pretrain: pretrain.prefault({}),
    finetune: finetune.prefault({}),
    sample: sample.prefault({}),
    engine: engine.prefault({}),
    compute: compute.prefault({}),
    seed: integer(0, Number.MAX_SAFE_INTEGER).default(0).meta({
      description:
        "Seed of every random stream: masks, order of images, flips, timesteps, noise, initial weights and samples.",
    }),
  })
  .meta({ description: "A MaskDM experiment. The smallest valid file names only data.path." });

/** A complete experiment, every default filled in. */
export type Experiment = z.output<typeof experimentSchema>;
/** What a user writes: everything but data.path may be left out. */
export type ExperimentInput = z.input<typeof experimentSchema>;
export type DataConfig = Experiment["data"];
export type ModelConfig = Experiment["model"];
export type MaskSection = Experiment["mask"];
export type DiffusionConfig = Experiment["diffusion"];
export type StageConfig = Experiment["pretrain"];
export type SampleConfig = Experiment["sample"];
