/** How images were drawn: everything that decides their pixels. The PNG files carry it, so that two drawings can be told apart. */
import * as z from "zod";
import { evaluationsOf } from "../diffusion/timeSteps.ts";
import { isIdle } from "../experiment/idleKeys.ts";
import type { Experiment } from "../experiment/schema.ts";
import { count, formatVersion, type Parsed, parseDocument, RUN_FORMAT_VERSION, stageName } from "./format.ts";
import { recordedGuidance } from "./guidanceRecord.ts";
import { guidanceSchema } from "./guidanceSchema.ts";

/** Keyword of the text chunk in a PNG. */
export const DRAWING_KEYWORD = "maskdm";

export const drawingSchema = z
  .object({
    formatVersion: formatVersion(),
    run: z.string().describe("Id of the run."),
    stage: stageName().describe("Stage of training of the weights."),
    step: count().describe("Optimiser steps behind the weights."),
    weights: z.enum(["ema", "raw"]).describe("Averaged weights, or those as trained."),
    weightsCrc32: z
      .string()
      .optional()
      .describe("CRC-32 of the weights' file, as in state.json; missing: drawn by the run while it trained."),
    sampler: z.string().describe("ddim, ancestral, dpmpp_2m, euler or heun."),
    steps: count().describe(
      "Network evaluations per image: those made, which are `timesteps` at most; with heun 2 · `timesteps` - 1.",
    ),
    eta: z.number().nullable().describe("Noise put back at every DDIM step; null: the sampler has no eta."),
    clip: z.boolean().describe("Whether the predicted image was clamped at every step."),
    guidance: guidanceSchema(),
    seed: count().describe("Seed of the noise."),
    count: count().describe("Images of the drawing, all pages together."),
    label: z
      .union([count(), z.literal("turns")])
      .nullable()
      .describe(
        "Class of every image; turns: image i has class i modulo the number of classes, or of `classes`; null: no classes.",
      ),
    classes: z
      .array(count())
      .optional()
      .describe("Classes that take turns, the first image having the first one; missing: all, or one."),
    imageSize: count().describe("Side of an image in pixels, before it is enlarged for a grid."),
    channels: count().describe("1 or 3."),
    diffusion: z
      .object({
        process: z.string().optional().describe("Diffusion process; missing: ddpm."),
        timesteps: count().describe("Timesteps T of the process."),
        schedule: z.string().optional().describe("Noise schedule of ddpm; other processes have none."),
        prediction: z.string().describe("What the network predicts."),
      })
      .describe("The diffusion process."),
    model: z.record(z.string(), z.json()).describe("The experiment's section of that name."),
    backend: z.string().describe("Backend that computed it."),
    versions: z.record(z.string(), z.string()).describe("Versions of the software by name: maskdm and backend."),
    shows: z
      .object({
        kind: z
          .enum(["grid", "trajectory", "image"])
          .describe(
            "grid: images row by row; trajectory: two rows per image, x_t above and the predicted image below; image: one image.",
          ),
        firstImage: count().describe("Number of the first image shown, counted from 0."),
        images: count().describe("How many images are shown."),
        columns: count().describe("Pictures in a row."),
        page: count().describe("Number of this picture among those of its kind, counted from 1."),
        pages: count().describe("How many of them there are."),
      })
      .describe("What of the drawing is in this file."),
  })
  .describe("Text chunk `maskdm` of a sample picture.");

/** What a PNG carries. */
export type DrawingRecord = z.output<typeof drawingSchema>;
/** What is in a file. */
export type DrawingShows = DrawingRecord["shows"];
/** A drawing without the file it is in. */
export type Drawing = Omit<DrawingRecord, "shows">;

/** What an experiment does not say about a drawing. */
export type DrawingFacts = Pick<
  Drawing,
  "run" | "stage" | "step" | "weights" | "weightsCrc32" | "seed" | "backend" | "versions"
> & {
  /** numbers of the classes that are drawn; null: all, or the model has none */
  readonly chosen: readonly number[] | null;
};

export function drawingOf(experiment: Experiment, facts: DrawingFacts): Drawing {
  const { sample, diffusion, data, model } = experiment;
  const { run, stage, step, weights, weightsCrc32, seed, chosen, backend, versions } = facts;
  const guidance = recordedGuidance(experiment);
  return {
    formatVersion: RUN_FORMAT_VERSION,
    run,
    stage,
    step,
    weights,
    ...(weightsCrc32 === undefined ? {} : { weightsCrc32 }),
    sampler: sample.sampler,
    steps: evaluationsOf(sample, diffusion.timesteps).evaluations,
    eta: isIdle("sample.eta", experiment) ? null : sample.eta,
    clip: sample.clip,
    ...(guidance === undefined ? {} : { guidance }),
    seed,
    count: sample.count,
    ...labelOf(model.num_classes, chosen),
    imageSize: data.image_size,
    channels: data.channels,
    diffusion: {
      // Pictures of ddpm are the bytes that they were before there was another process.
      ...(diffusion.process === "ddpm" ? {} : { process: diffusion.process }),
      timesteps: diffusion.timesteps,
      ...(isIdle("diffusion.schedule", experiment) ? {} : { schedule: diffusion.schedule }),
      prediction: diffusion.prediction,
    },
    model: { ...model },
    backend,
    versions,
  };
}

/** @param chosen classes; null: all */
function labelOf(numClasses: number, chosen: readonly number[] | null): Pick<Drawing, "label" | "classes"> {
  if (numClasses === 0) return { label: null };
  if (chosen === null) return { label: "turns" };
  return chosen.length === 1 ? { label: chosen[0]! } : { label: "turns", classes: [...chosen] };
}

/**
 * The class of each image, [count].
 * @param first number of the first one
 * @returns null: there are no classes
 */
export function drawnLabels(
  { label, classes }: Pick<Drawing, "label" | "classes">,
  numClasses: number,
  first: number,
  count: number,
): Int32Array | null {
  if (numClasses === 0 || label === null) return null;
  const turn = (image: number): number => classes?.[image % classes.length] ?? image % numClasses;
  return Int32Array.from({ length: count }, (_, i) => (label === "turns" ? turn(first + i) : label));
}

/** The text of the chunk: JSON in ASCII. Equal drawings have equal texts. */
export function drawingText(drawing: Drawing, shows: DrawingShows): string {
  const escaped = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify({ ...drawing, shows }).replace(/[^ -~]/g, escaped);
}

export const parseDrawing = (text: string): Parsed<DrawingRecord> => parseDocument(drawingSchema, text);

/** What two drawings differ in, for people: `eta 0 there, 1 here`. At most three things are named. */
export function drawingDifferences(there: string, here: string): string {
  const [old, own] = [flatFields(there), flatFields(here)];
  const names = [...new Set([...own.keys(), ...old.keys()])].filter((name) => own.get(name) !== old.get(name));
  const told = names
    .slice(0, 3)
    .map((name) => `${name} ${old.get(name) ?? "none"} there, ${own.get(name) ?? "none"} here`);
  return [...told, ...(names.length > 3 ? [`${names.length - 3} more`] : [])].join("; ");
}

/** Dotted names and values as JSON. @param text JSON; anything else has no fields */
function flatFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  const add = (value: unknown, name: string): void => {
    if (typeof value !== "object" || value === null) fields.set(name, String(value));
    else for (const [key, part] of Object.entries(value)) add(part, name === "" ? key : `${name}.${key}`);
  };
  try {
    add(JSON.parse(text), "");
  } catch {
    // Not ours.
  }
  return fields;
}
