/** The report: everything as JSON, tables as Markdown, plots as SVG. Written anew after every row. */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { FOLLOWED_UPDATES, LOSS_TOLERANCE } from "./equivalence.ts";
import { BadUsage } from "./options.ts";
import { plotsOf } from "./plots.ts";
import { type BenchRecord, peakOf, recordSchema } from "./record.ts";
import { engineTable, leftOutList, samplingTable, stepTable, targetTable } from "./tables.ts";
import { judge } from "./targets.ts";

const plural = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? "" : "s"}`;

/** @param plots names of the files of each model's plots */
export function markdown(record: BenchRecord, plots: ReadonlyMap<string, readonly string[]>): string {
  const { machine, settings, cells } = record;
  const models = [...new Set(cells.map(({ model }) => model))];
  const peak = peakOf(record, false);
  const targets = judge(record);
  const leftOut = leftOutList(record);
  const sections = [
    `# Training and sampling by engine, ${record.date}

${machine.processor}, ${plural(machine.cores, "core")}, ${machine.memoryGiB} GiB, ${machine.system}; ${plural(settings.threads, "thread")} for each engine; load before the
start ${record.loadBefore.map((load) => load.toFixed(2)).join(", and before going on ")}. Matrix-product peak of the processor: ${peak ? `${(peak.flopsPerSecond / 1e9).toFixed(0)} GFLOP/s (${peak.engine})` : "not measured"}. To repeat:
\`${record.command}\`.

${engineTable(record.engines)}`,
    targets.length === 0 ? null : `## Targets\n\n${targetTable(targets)}`,
    ...models.map((model) => {
      const pictures = (plots.get(model) ?? []).map((file) => `\n\n![${model}](${file})`).join("");
      const { parameters } = cells.find((cell) => cell.model === model)!;
      return `## ${model}, ${(parameters / 1e6).toFixed(1)} million parameters\n\n${stepTable(record, model)}${pictures}`;
    }),
    record.sampling.length === 0 ? null : `## Sampling\n\n${samplingText(record)}\n\n${samplingTable(record)}`,
    leftOut.length === 0 ? null : `## Left out\n\n${leftOut.map((line) => `* ${line}`).join("\n")}`,
    `## How to read it\n\n${howToRead(record)}`,
  ];
  return `${sections.filter((section) => section !== null).join("\n\n")}\n`;
}

function samplingText({ sampling }: BenchRecord): string {
  const { batchSize, steps } = sampling[0]!;
  return `DDIM, ${steps} steps, ${plural(batchSize, "image")} at a time, η = 1; an evaluation is one pass of the network over the batch.
The time to the first image is that of a new process: libraries, weights, compilation and ${steps} steps for one image.`;
}

function howToRead({ settings }: BenchRecord): string {
  return `Images per second are medians (lowest to highest) of up to ${settings.rounds} blocks of at least ${settings.blockSeconds} s; the engines take turns in an order
that changes, and "× eager PyTorch" is the median (lowest to highest) of the ratios within a turn. Warm-up is left out. A step draws its
batch, its masks (strategy patch), timesteps and noise, runs forward and backward, AdamW and the moving average of the weights, all
in float32. GFLOP/s count the matrix products of the method's network, forward and twice that for backward, whatever an engine does;
"of peak" is their share of the largest rate that any engine of the run reached on large square products. Peak memory is the largest
resident size of the engine's process, libraries and, for a compiled PyTorch, the compiler included. "Around step" is the share of a step
that is neither forward nor backward: data, masks, noise and messages between threads as far as they do not overlap with the engine's work,
AdamW and the moving average as far as a thread was kept by them, not what it did of them while waiting for others. "First step" counts from the start of the process. "Loss differs by" is the largest difference of the losses before each of ${FOLLOWED_UPDATES} updates from the same weights
on the same batch; above ${LOSS_TOLERANCE} an engine is not measured. PyTorch runs with whichever of its attention kernels and AdamW
implementations was quickest for the shape, named in brackets. A row is limited to ${settings.rowMinutes} minutes: slow engines have fewer blocks, or none.`;
}

/** Reads and writes the files of one report. */
export class ReportFiles {
  constructor(
    private readonly folder: string,
    private readonly name: string,
  ) {}

  /** Writes all files. @returns their paths */
  write(record: BenchRecord): string[] {
    mkdirSync(this.folder, { recursive: true });
    const base = `${record.date}-${this.name}`;
    const plots = new Map<string, string[]>();
    const files: [string, string][] = [[`${base}.json`, `${JSON.stringify(record, null, 1)}\n`]];
    for (const model of new Set(record.cells.map((cell) => cell.model))) {
      for (const [kind, svg] of plotsOf(record, model)) {
        const file = `${base}-${model}-${kind}.svg`;
        files.push([file, svg]);
        plots.set(model, [...(plots.get(model) ?? []), file]);
      }
    }
    files.push([`${base}.md`, markdown(record, plots)]);
    return files.map(([file, text]) => {
      const target = path.join(this.folder, file);
      // Never a half-written file: a run can be ended at any moment, and is resumed from it.
      writeFileSync(`${target}.new`, text);
      renameSync(`${target}.new`, target);
      return target;
    });
  }

  /** The newest report of the name, to go on with. @throws BadUsage where there is none, or it is not one of this version */
  newest(): BenchRecord {
    let names: string[] = [];
    try {
      names = readdirSync(this.folder);
    } catch {}
    const pattern = new RegExp(`^\\d{4}-\\d\\d-\\d\\d-${this.name.replace(/[^\w-]/g, "\\$&")}\\.json$`);
    const file = names
      .filter((name) => pattern.test(name))
      .sort()
      .at(-1);
    if (file === undefined) throw new BadUsage(`--resume: ${this.folder} holds no report named ${this.name}`);
    try {
      return recordSchema.parse(JSON.parse(readFileSync(path.join(this.folder, file), "utf8")));
    } catch {
      throw new BadUsage(
        `--resume: ${path.join(this.folder, file)} is no report of this version; begin anew without --resume`,
      );
    }
  }
}
