/**
 * The study file (`*.maskstudy.yaml`): an experiment, what varies in it, and how the outcomes are compared. Like the experiment's,
 * this schema is the one source of types, defaults, the published JSON Schema and the documentation of every key.
 */
import * as z from "zod";
import { LEAST_SAMPLES } from "../experiment/stageKeys.ts";
import { STAGE_NAMES } from "../random/streams.ts";
import { DEFAULT_SPACE } from "../run/evaluationSpaces.ts";
import { METRIC_NAMES, METRICS } from "./metrics.ts";

const amount = () => z.number().int().min(1).max(1_000_000_000);

/** Points of an axis; also of one that is read by itself. */
export const MOST_POINTS = 64;

export const rangeSchema = z.strictObject({
  from: z.number().meta({ description: "First value." }),
  to: z.number().meta({ description: "Last value." }),
  count: z
    .number()
    .int()
    .min(2)
    .max(MOST_POINTS)
    .meta({ description: "How many values, both ends included.", unit: "values" }),
  scale: z.enum(["linear", "log"]).default("linear").meta({
    description: "linear: equal differences; log: equal ratios, for values above 0.",
  }),
});

/** A value of an experiment's key: a scalar, or the list that keys such as mask.rate take. */
const value = () => z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.unknown())]);

const linked = z.record(z.string(), value());

const axis = z.union([rangeSchema, z.array(linked).min(1).max(MOST_POINTS), z.array(value()).min(1).max(MOST_POINTS)]);

const ofStage = (stage: string) =>
  z
    .record(z.string().min(1).max(200), value())
    .default({})
    .meta({
      description: `Keys of the experiment, written with a dot, that have another value in ${stage} than in the experiment, such as {data.path: faces}.`,
    });

const set = z.strictObject({ pretrain: ofStage("pretraining"), finetune: ofStage("finetuning") }).meta({
  description:
    "Settings of a stage, the same for every configuration: so a study pretrains on many images and finetunes on few others. Cells are measured as their last stage is set: with its images, and what its data.holdout keeps out.",
});

const budget = z
  .strictObject({
    steps: amount().optional().meta({ description: "Optimiser steps of all stages together.", unit: "steps" }),
    seconds: amount().optional().meta({
      description:
        "Seconds of training of all stages together, pretraining counted. Before a cell begins, a few of its steps are timed, and it gets as many as take that long.",
      unit: "seconds",
    }),
    images: amount().optional().meta({
      description: "Training images seen in all stages together, each as often as it is seen.",
      unit: "images",
    }),
    pretrain: z.number().min(0).max(1).default(0.5).meta({
      description:
        "Share of the budget that pretraining gets where a study has both stages. 0 trains from scratch on whole images, 1 pretrains only.",
      unit: "share of the budget",
    }),
  })
  .meta({
    description:
      "What every cell may spend, one of steps, seconds and images; without it the steps are those of the experiment.",
  });

const evaluate = z
  .strictObject({
    samples: z.number().int().min(LEAST_SAMPLES).max(1_000_000).default(500).meta({
      description: "Images drawn of each cell, and measured against the training images.",
      unit: "images",
      cost: "Drawing one takes sample.steps forward passes on a whole image.",
    }),
    space: z.string().min(1).default(DEFAULT_SPACE).meta({
      description:
        "Space of features: efficientnet-lite0, random-convolutions, inception-2015=FILE, or an ONNX file of your own.",
    }),
    seed: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0).meta({
      description: "Seed of the noise that is drawn from: the same for all cells, so that pictures can be compared.",
    }),
  })
  .meta({ description: "How cells are evaluated when their training is over." });

const halving = z
  .strictObject({
    rungs: z.array(z.number().gt(0).lt(1)).min(1).max(8).meta({
      description: "Where the last stage pauses to compare the configurations, ascending.",
      unit: "shares of its steps",
    }),
    keep: z.number().gt(0).lt(1).default(0.5).meta({
      description: "Share of the configurations that goes on behind each rung; at least one does.",
      unit: "share of the configurations",
    }),
  })
  .meta({
    description:
      "Successive halving (Jamieson & Talwalkar 2016): configurations that are behind at a rung are given up. Without it every cell is trained to its end.",
  });

export const studySchema = z
  .strictObject({
    base: z.string().min(1).meta({
      description: "Experiment file that the study varies. A relative path starts at the study file's folder.",
    }),
    axes: z.record(z.string().min(1).max(200), axis).default({}).meta({
      description:
        "What varies; every combination is a configuration. A key of the experiment, such as mask.rate, with a list of values or a range {from, to, count, scale}; or a name of your own with a list of mappings, such as {model.patch_size: 4, model.depth: 9}, whose keys vary together. budget.pretrain and the budget's amount may vary, too.",
    }),
    seeds: z
      .union([amount().max(1000), z.array(z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)).min(1).max(1000)])
      .default(3)
      .meta({
        description:
          "Trainings of every configuration, which differ in the seed only: their seeds, or how many, from the experiment's seed on.",
        unit: "trainings",
      }),
    stages: z
      .array(z.enum(STAGE_NAMES))
      .min(1)
      .max(2)
      .default([...STAGE_NAMES])
      .meta({
        description:
          "Stages of a cell. finetune alone trains from finetune.from, or from scratch where the experiment names nothing.",
      }),
    metric: z
      .enum(METRIC_NAMES)
      .default("kid")
      .meta({
        description: `What configurations are compared by. ${Object.entries(METRICS)
          .map(([name, { description, better }]) => `${name}: ${description} (${better} is better)`)
          .join("; ")}.`,
      }),
    set: set.prefault({}),
    budget: budget.optional(),
    evaluate: evaluate.prefault({}),
    halving: halving.optional(),
    on_failure: z.enum(["continue", "stop"]).default("continue").meta({
      description:
        "What becomes of the other cells when one fails or diverges. A failed cell is told at once and never counts as done; `maskdm study retry-failed` tries it again.",
    }),
  })
  .meta({ description: "A study: an experiment, what varies in it, and how the outcomes are compared." });

/** A complete study, every default filled in. */
export type StudyConfig = z.output<typeof studySchema>;
export type AxisConfig = StudyConfig["axes"][string];
export type BudgetConfig = NonNullable<StudyConfig["budget"]>;
/** What a budget is counted in. */
export const BUDGET_UNITS = ["steps", "seconds", "images"] as const;
export type BudgetUnit = (typeof BUDGET_UNITS)[number];
