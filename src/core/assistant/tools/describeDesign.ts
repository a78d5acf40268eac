import * as z from "zod";
import { forecast } from "../../cost/forecast.ts";
import { forecastText } from "../../cost/forecastText.ts";
import { type StageFacts, stageFacts } from "../../cost/stageFacts.ts";
import { countsText } from "../../experiment/diagnosticCounts.ts";
import { pieceText } from "../../masks/schedule.ts";
import { bytes, count, operations, percent, share } from "../../numbers.ts";
import { STAGE_NAMES } from "../../random/streams.ts";
import { type AskedExperiment, askedExperiment } from "../asked.ts";
import { fileInput, setInput, stageInput } from "../inputs.ts";
import { readingTool } from "../tool.ts";

const pieceSchema = z.object({
  name: z.string().describe("mask.rate, or the entry of it that holds."),
  from: z.number().int().describe("Its first step."),
  until: z.number().int().describe("The step behind its last one."),
  strategy: z.string(),
  askedRate: z.number(),
  effectiveRate: z.number().describe("Share of the tokens that is hidden."),
  visibleTokens: z.number().int().describe("S, tokens of an image that training sees."),
  flopsPerStep: z.number().describe("Matrix-product operations, forward and backward."),
  relativeCost: z.number().describe("Work of a step over that of the same batch without a mask."),
  microBatchSize: z.number().int(),
  memoryBytes: z.number(),
});

const forecastSchema = z.object({
  steps: z.number().int(),
  images: z.number().int().describe("Images trained on."),
  flops: z.number(),
  memoryBytes: z.number().describe("Of the step that takes most."),
  fits: z.boolean().nullable().describe("Whether that is within this machine's memory; null: not known."),
  diskBytes: z.number(),
  seconds: z.number().nullable().describe("null: this machine was not measured with this backend and these threads."),
  secondsPerStep: z.number().nullable(),
  expectedError: z.number().nullable().describe("How far off the seconds may be, as a share."),
});

export const DESCRIBE_DESIGN = readingTool(
  {
    name: "describe_design",
    title: "Describe a design",
    summary: "what an experiment comes to: tokens, work, memory, time, and a picture of a batch",
    description:
      "What a MaskDM experiment comes to before anything is trained: tokens and visible tokens under its mask, parameters, operations of a step and over the unmasked one, memory, disk, time on this machine, and a picture (PNG; rows: original, masked, noised) of exactly the images that a step will see. With set, what it would come to with other values, which is how to compare designs without changing the file.",
    input: z.strictObject({
      file: fileInput(),
      stage: stageInput().default("pretrain").describe("Stage of the picture; numbers are given of both."),
      step: z
        .number()
        .int()
        .min(0)
        .max(2 ** 32 - 1)
        .default(0)
        .describe("Step whose batch is drawn, from 0."),
      set: setInput("Keys with other values than the file's."),
      picture: z.boolean().default(true).describe("Whether a picture is drawn, which decodes the images."),
    }),
    output: z.object({
      file: z.string(),
      problems: z.string().describe("Number of warnings; lint lists them."),
      imageSize: z.number().int(),
      channels: z.number().int(),
      images: z.number().int().nullable().describe("Images in data.path; null: not known."),
      tokens: z.number().int().describe("N, tokens of an image."),
      parameters: z.number().int(),
      stages: z.array(
        z.object({
          stage: stageInput(),
          batchSize: z.number().int(),
          masks: z.array(pieceSchema).describe("In the order of their steps."),
          forecast: forecastSchema,
        }),
      ),
      picture: z.string().nullable().describe("Why there is no picture; null: there is one."),
    }),
  },
  async ({ stage, step, picture: wanted, ...input }, host) => {
    const asked = await askedExperiment(input, host);
    const { experiment, file, shown, set, diagnostics } = asked;
    const known = host.machine();
    const images = await host.images(file, experiment);
    // Lint refuses what does not fit the grid, so that neither is missing.
    const stages = STAGE_NAMES.flatMap((name) => {
      const facts = stageFacts(experiment, name, known.machineBytes);
      const expected = forecast({ experiment, stage: name, images }, known);
      return facts === null || expected === null ? [] : [{ stage: name, facts, expected }];
    });
    const picture = wanted ? await host.preview({ file, experiment, stage, step, set }) : { none: "not asked for" };
    const { tokens } = stages[0]!.facts.pieces[0]!.geometry;
    const { parameters } = stages[0]!.facts;
    const { image_size: imageSize, channels } = experiment.data;
    const lines = [
      `${shown}${set.length === 0 ? "" : ` with ${set.map(({ path, value }) => `${path}=${value}`).join(", ")}`}: ${countsText(diagnostics)}`,
      designText(asked, { images, tokens, parameters }),
      ...stages.flatMap(({ facts, expected }) => [...maskLines(facts), forecastText(expected)]),
      ...(stages.some(({ expected }) => expected.time === null)
        ? [`The user can measure this machine: maskdm forecast FILE --measure, or MaskDM: Measure This Machine.`]
        : []),
      "png" in picture
        ? `picture: step ${step} of ${stage}; rows: original, masked, noised`
        : `no picture: ${picture.none}`,
    ];
    return {
      text: lines.join("\n"),
      data: {
        file: shown,
        problems: countsText(diagnostics),
        ...{ imageSize, channels, images, tokens, parameters },
        stages: stages.map(({ stage: name, facts, expected: { time, disk, ...rest } }) => ({
          stage: name,
          batchSize: facts.batchSize,
          masks: facts.pieces.map(({ name: piece, from, until, config, geometry, ...cost }) => ({
            ...{ name: piece, from, until, strategy: config.strategy },
            ...{ askedRate: geometry.askedRate, effectiveRate: geometry.effectiveRate },
            visibleTokens: geometry.visibleTokens,
            ...{ flopsPerStep: cost.flopsPerStep, relativeCost: cost.relativeCost },
            ...{ microBatchSize: cost.microBatchSize, memoryBytes: cost.memoryBytes },
          })),
          forecast: {
            ...{ steps: rest.steps, images: rest.images, flops: rest.flops },
            ...{ memoryBytes: rest.memoryBytes, fits: rest.fits, diskBytes: disk.total },
            seconds: time?.totalSeconds ?? null,
            secondsPerStep: time?.secondsPerStep ?? null,
            expectedError: time?.expectedError ?? null,
          },
        })),
        picture: "png" in picture ? null : picture.none,
      },
      ...("png" in picture ? { pictures: [picture.png] } : {}),
    };
  },
);

function designText(
  { experiment: { data, model } }: AskedExperiment,
  { images, tokens, parameters }: { images: number | null; tokens: number; parameters: number },
): string {
  const { image_size: size, channels, path } = data;
  const of = images === null ? "images" : `${count(images)} images`;
  return (
    `${of} of ${path}, ${size} x ${size} x ${channels}: ${tokens} tokens of ${model.patch_size} x ${model.patch_size}; ` +
    `${model.backbone}, ${model.depth} blocks of width ${model.embed_dim}, ${count(parameters)} parameters`
  );
}

const maskLines = ({ pieces }: StageFacts): string[] =>
  pieces.map(
    (piece) =>
      `${pieceText(piece)}, rate ${share(piece.geometry.effectiveRate)} (asked ${piece.geometry.askedRate}), ` +
      `${operations(piece.flopsPerStep)} a step, ${percent(piece.relativeCost)} of an unmasked one, ${bytes(piece.memoryBytes)}`,
  );
