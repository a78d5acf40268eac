/** `maskdm evaluate RUN…`: how good a run's images are. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { LEAST_SAMPLES } from "../../core/experiment/stageKeys.ts";
import { DEFAULT_SAMPLES } from "../../core/run/evaluationSpaces.ts";
import { CommandExit, type ExitCode, reportError } from "./errors.ts";
import type { Io } from "./io.ts";
import {
  addExamples,
  collectSetOption,
  parseNonNegativeInteger,
  parsePositiveInteger,
  runsDirOption,
  type SetOption,
} from "./options.ts";
import { createProgress, type Progress } from "./progress.ts";

interface EvaluateOptions {
  readonly runsDir: string;
  readonly samples: number;
  readonly seed?: number;
  readonly space?: string;
  readonly set: readonly SetOption[];
  readonly json?: boolean;
  readonly jsonLines?: boolean;
}

export function register(program: Command, io: Io): void {
  const command = program
    .command("evaluate")
    .description(
      "Measure how good a run's images are: KID with its error and floor, Fréchet distance, precision, recall, look, copies.",
    )
    .argument("<runs...>", "run folders or ids, or checkpoint folders in runs")
    .addOption(runsDirOption())
    .option("--samples <n>", "images to draw, at least 50", parseSamples, DEFAULT_SAMPLES)
    .option("--seed <n>", "seed of the noise (default: the experiment's)", parseNonNegativeInteger)
    .option(
      "--space <name>",
      "efficientnet-lite0 (default), random-convolutions, inception-2015=FILE, or an ONNX file of your own",
    )
    .option(
      "--set <key=value>",
      "override a key of the section sample, such as sample.steps=50; may be repeated",
      collectSetOption,
      [],
    )
    .option("--json", "print the results as JSON, as they are added to each run's evaluations.jsonl")
    .addOption(
      new Option("--json-lines", "print lines of JSON: how far it is, and each result as it comes").conflicts("json"),
    )
    .action(async (runs: readonly string[], options: EvaluateOptions) => evaluate(runs, options, io));
  addExamples(command, [
    ["maskdm evaluate runs/2026-01-31-faces-finetune-01", "a thousand samples against the training images"],
    ["maskdm evaluate runs/a runs/b", "two runs, one after the other"],
    ["maskdm evaluate runs/a/checkpoints/step-00010000 --samples 200", "an earlier checkpoint, roughly"],
    ["maskdm evaluate runs/a --space ~/models/dinov2.onnx", "in the features of another network"],
  ]);
}

function parseSamples(text: string): number {
  const samples = parsePositiveInteger(text);
  if (samples < LEAST_SAMPLES) throw new InvalidArgumentError(`It must be at least ${LEAST_SAMPLES}.`);
  return samples;
}

async function evaluate(runs: readonly string[], options: EvaluateOptions, io: Io): Promise<void> {
  const [{ evaluateRun }, { evaluationText }] = await Promise.all([
    import("../evaluation/evaluateRun.ts"),
    import("../../core/run/evaluationText.ts"),
  ]);
  const { runsDir, samples, seed, space, set: overrides } = options;
  const printLine = (value: unknown): void => io.stdout(JSON.stringify(value));
  const results = [];
  let failed: ExitCode = 0;
  for (const source of runs) {
    const progress = new PartProgress(io);
    try {
      const evaluation = await evaluateRun({
        source,
        runsDir,
        overrides,
        samples,
        ...(seed === undefined ? {} : { seed }),
        ...(space === undefined ? {} : { space }),
        onProgress(part, done, total) {
          if (options.jsonLines === true) printLine({ type: "progress", part, done, total });
          else progress.update(part, done, total);
        },
        note: (line) => io.stderr(line),
        async runTorch(python, args, onLine) {
          const { handOver } = await import("./handOver.ts");
          await handOver({ python, args, input: null }, { ...io, stdout: onLine });
        },
      }).finally(() => progress.finish());
      results.push(evaluation);
      if (options.jsonLines === true) printLine(evaluation);
      else if (options.json !== true) io.stdout(evaluationText(evaluation));
    } catch (error) {
      if (runs.length === 1) throw error;
      const code = reportError(
        error,
        { ...io, stderr: (line) => io.stderr(`${source}: ${line}`) },
        process.env["MASKDM_DEBUG"] === "1",
      );
      failed = failed === 0 ? code : failed;
    }
  }
  if (options.json === true) io.json(results);
  if (failed !== 0) throw new CommandExit(failed);
}

/** One display after the other: a part is over when another begins, or the same one with other images. */
class PartProgress {
  private shown: { readonly part: string; readonly total: number; readonly progress: Progress } | null = null;
  private last = 0;

  constructor(private readonly io: Io) {}

  update(part: string, done: number, total: number): void {
    if (this.shown?.part !== part || this.shown.total !== total || done < this.last) {
      this.finish();
      const unit = part === "measuring" ? "computations" : "images";
      this.shown = { part, total, progress: createProgress(this.io, { label: part, total, unit }) };
    }
    this.last = done;
    this.shown.progress.update(done);
  }

  finish(): void {
    this.shown?.progress.finish();
    this.shown = null;
  }
}
