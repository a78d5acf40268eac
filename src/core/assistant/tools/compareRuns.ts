import * as z from "zod";
import { UserError } from "../../errors.ts";
import { obstacles, referenceAmong } from "../../run/comparableEvaluations.ts";
import type { RunEntry } from "../../run/entry.ts";
import { differingKeys, flatConfig } from "../../series/flatConfig.ts";
import { METRIC_NAMES, METRICS } from "../../study/metrics.ts";
import { findRun, runData, runInput, runLine, runSchema } from "../runRefs.ts";
import { readingTool } from "../tool.ts";
import type { ToolHost } from "../toolHost.ts";

const MOST_RUNS = 12;
/** Newest lines of metrics whose losses are averaged: a single one says little. */
const LINES = 10;

const measureSchema = z.object({
  metric: z.enum([...METRIC_NAMES, "loss"]).describe("loss: mean of the newest lines of metrics."),
  better: z.enum(["lower", "higher"]),
  values: z.array(z.number().nullable()).describe("By run; null: not measured."),
  errors: z.array(z.number().nullable()).describe("Standard errors; null: not known."),
  steps: z.array(z.number().int().nullable()).describe("Steps behind each value."),
});

export const COMPARE_RUNS = readingTool(
  {
    name: "compare_runs",
    title: "Compare runs",
    summary: "what runs differ in, and how their losses and images compare",
    description:
      "Compare MaskDM runs: keys of their experiments that differ, steps, speed, mean training loss, held-out loss, and every measure of their newest evaluation with its standard error, and notes on what may not be compared (other stages, images, samplers, numbers of samples). Differences within the errors are chance.",
    input: z.strictObject({ runs: z.array(runInput()).min(2).max(MOST_RUNS).describe("Two runs or more.") }),
    output: z.object({
      runs: z.array(runSchema().extend({ seconds: z.number().nullable(), imagesPerSecond: z.number().nullable() })),
      differing: z
        .array(z.object({ key: z.string(), values: z.array(z.string().nullable()) }))
        .describe("Keys that differ, with the value of each run; defaults filled in."),
      measures: z.array(measureSchema),
      notes: z.array(z.string()).describe("What may not be compared, and why."),
    }),
  },
  async ({ runs: names }, host) => {
    const listed = await host.runs();
    const entries = names.map((name) => findRun(listed, name, host));
    if (new Set(entries).size < entries.length) throw new UserError("compare_runs: a run is named twice.");
    const configs = entries.map(({ dir }) => {
      const experiment = host.experiment(dir);
      return experiment === null ? null : flatConfig(experiment);
    });
    const keys = differingKeys(configs.filter((config) => config !== null));
    const differing = keys.map((key) => ({ key, values: configs.map((config) => config?.[key] ?? null) }));
    const measures = [...losses(entries, host), ...evaluated(entries)];
    const notes = notesOn(entries, keys);
    const runs = entries.map((entry) => ({
      ...runData(entry, host),
      seconds: entry.status?.workSeconds ?? null,
      imagesPerSecond: entry.status?.imagesPerSecond ?? null,
    }));
    const cells = (values: readonly (string | null)[]): string => values.map((value) => value ?? "–").join(" | ");
    const lines = [
      ...runs.map((run, i) => `${i + 1}. ${runLine(run)}`),
      "",
      differing.length === 0 ? "No key differs." : "Keys that differ, by run:",
      ...differing.map(({ key, values }) => `${key}: ${cells(values)}`),
      "",
      measures.length === 0 ? "Nothing was measured yet." : "Measures, by run:",
      ...measures.map(
        ({ metric, better, values, errors }) =>
          `${metric} (${better} is better): ${cells(values.map((value, i) => valueText(value, errors[i] ?? null)))}`,
      ),
      ...notes.map((note) => `note: ${note}`),
    ];
    return { text: lines.join("\n"), data: { runs, differing, measures, notes } };
  },
);

type Measure = z.input<typeof measureSchema>;

const valueText = (value: number | null, error: number | null): string | null =>
  value === null
    ? null
    : `${Number(value.toPrecision(4))}${error === null ? "" : ` ± ${Number(error.toPrecision(2))}`}`;

function losses(entries: readonly RunEntry[], host: ToolHost): Measure[] {
  const steps = entries.map(({ dir }) => host.newestSteps(dir));
  const means = steps.map((lines) => {
    const known = lines.slice(-LINES).flatMap(({ loss }) => loss ?? []);
    return known.length === 0 ? null : known.reduce((sum, loss) => sum + loss, 0) / known.length;
  });
  const heldOut = steps.map((lines) => lines.findLast(({ heldOutLoss }) => typeof heldOutLoss === "number") ?? null);
  const measures: Measure[] = [
    {
      ...{ metric: "loss", better: "lower", values: means, errors: means.map(() => null) },
      steps: steps.map((lines) => lines.at(-1)?.step ?? null),
    },
    {
      ...{ metric: "held_out_loss", better: METRICS.held_out_loss.better },
      values: heldOut.map((line) => line?.heldOutLoss ?? null),
      errors: heldOut.map((line) => line?.heldOutError ?? null),
      steps: heldOut.map((line) => line?.step ?? null),
    },
  ];
  return measures.filter(isMeasured);
}

function evaluated(entries: readonly RunEntry[]): Measure[] {
  const evaluations = entries.map(({ evaluation }) => evaluation);
  return METRIC_NAMES.flatMap((metric): Measure[] => {
    const { of, error, better } = METRICS[metric];
    if (of === null) return [];
    return [
      {
        ...{ metric, better },
        values: evaluations.map((evaluation) => (evaluation === null ? null : (of(evaluation) ?? null))),
        errors: evaluations.map((evaluation) => (evaluation === null ? null : (error?.(evaluation) ?? null))),
        steps: evaluations.map((evaluation) => evaluation?.step ?? null),
      },
    ];
  }).filter(isMeasured);
}

const isMeasured = ({ values }: Measure): boolean => values.some((value) => value !== null);

/** Sections whose keys decide which quantity a loss is. */
const LOSS_KEYS = /^data\.(path|ignore|holdout|image_size|channels|background)$|^diffusion\.|^model\.num_classes$/;

function notesOn(entries: readonly RunEntry[], keys: readonly string[]): string[] {
  const stages = new Set(entries.map(({ stage }) => stage));
  const others = keys.filter((key) => LOSS_KEYS.test(key));
  const evaluations = entries.flatMap(({ evaluation }) => evaluation ?? []);
  const reference = referenceAmong(evaluations);
  return [
    ...(stages.size < 2 ? [] : ["the stages differ: training losses are of masked images and of whole ones"]),
    ...(others.length === 0 ? [] : [`${others.join(", ")} differ: losses are other quantities`]),
    ...(keys.some((key) => key.startsWith("mask.")) && stages.has("pretrain")
      ? ["the masks differ: training losses of pretraining are of other tokens; held-out loss is of whole images"]
      : []),
    ...evaluations.flatMap((evaluation) => {
      const why = reference === null ? [] : obstacles(evaluation, reference);
      return why.length === 0 ? [] : [`the evaluation of ${evaluation.run} is not comparable: ${why.join(", ")}`];
    }),
  ];
}
