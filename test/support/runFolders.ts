/** Run folders for tests and pictures, written by the trainer's own writers from made-up curves. */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ExperimentInput } from "../../src/core/experiment/schema.ts";
import { gridPicture } from "../../src/core/run/gridPicture.ts";
import type { StepMetrics } from "../../src/core/run/metrics.ts";
import type { FinalState } from "../../src/core/run/status.ts";
import { metricsFile } from "../../src/node/run/metrics.ts";
import { createRun } from "../../src/trainer/run/runFolder.ts";
import type { RunWriter } from "../../src/trainer/run/runWriter.ts";
import { encodePng } from "../../src/trainer/sample/encodePng.ts";

export interface MadeUpRun {
  readonly runsDir: string;
  readonly id: string;
  /** its experiment is the defaults and this */
  readonly experiment?: Partial<ExperimentInput>;
  readonly stage?: "pretrain" | "finetune";
  readonly totalSteps?: number;
  /** lines of metrics to begin with */
  readonly lines?: number;
  readonly logEvery?: number;
  /** steps between measurements of the held-out loss and KID; default: never */
  readonly measureEvery?: number;
  /** tells the curves of runs apart */
  readonly seed?: number;
  /** steps at which samples are drawn */
  readonly samplesAt?: readonly number[];
}

/** A pseudo-random number in [0, 1) for a place; the same each time. */
function noise(seed: number, at: number): number {
  let x = Math.imul(at ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(seed + 1, 0xc2b2ae35);
  x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
  x ^= x >>> 12;
  return (x >>> 0) / 2 ** 32;
}

/** The line of a step: a loss that falls as that of a diffusion model does, and what belongs to it. */
export function madeUpStep(seed: number, step: number): StepMetrics {
  const level = (floor: number, speed: number): number => floor + 0.9 / (1 + (speed * step) / 40) ** 0.75;
  const speed = 0.7 + 0.25 * (seed % 5);
  const shaken = (value: number, i: number): number => value * (0.75 + 0.5 * noise(seed * 31 + i, step));
  const quarters = [3, 1.1, 0.5, 0.2].map((share, i) => shaken(share * level(0.02 + 0.004 * seed, speed), i));
  return {
    type: "step",
    step,
    images: 64 * step,
    seconds: (step * (1 + 0.1 * (seed % 4))) / 4,
    loss: quarters.reduce((sum, value) => sum + value, 0) / 4,
    lossByTimestep: quarters,
    lr: 2e-4 * Math.min(1, step / 200),
    gradNorm: shaken(0.4 + 3 / (1 + step / 100), 7),
    imagesPerSecond: shaken(250 / (1 + 0.1 * (seed % 4)), 8) * 0.2 + 200,
    dataWaitSeconds: 0.004 * noise(seed, step + 5),
    memoryBytes: Math.round(1.2e9 + 2e8 * (1 - Math.exp(-step / 300)) + 4e7 * seed),
  };
}

/** What is measured after a step now and then. */
export function madeUpMeasures(seed: number, step: number): Partial<StepMetrics> {
  const level = (floor: number) => floor * (1 + 0.2 * seed + 6 / (1 + step / 150));
  const [heldOutLoss, kid] = [level(0.08), level(0.01) * (0.8 + 0.4 * noise(seed, step))];
  return { heldOutLoss, heldOutError: 0.04 * heldOutLoss, kid, kidError: 0.002 + 0.08 * kid };
}

/** A run at work, by this process, until it is closed. Its folder is what the trainer would have written. */
export class RunInTheMaking {
  private step = 0;

  constructor(
    readonly writer: RunWriter,
    private readonly run: MadeUpRun,
  ) {}

  get dir(): string {
    return this.writer.dir;
  }

  /** Appends lines of metrics as one piece, and the status that belongs to the last. @returns the last line */
  append(lines: number): StepMetrics {
    const { seed = 0, logEvery = 10, measureEvery = Number.POSITIVE_INFINITY, totalSteps = 2000 } = this.run;
    const pieces: string[] = [];
    let line = madeUpStep(seed, this.step);
    for (let i = 0; i < lines; i++) {
      this.step += logEvery;
      line = madeUpStep(seed, this.step);
      const measures = this.step % measureEvery === 0 ? madeUpMeasures(seed, this.step) : {};
      pieces.push(JSON.stringify({ ...line, ...measures }));
    }
    appendFileSync(metricsFile(this.dir), `${pieces.join("\n")}\n`);
    const { step, images: imagesSeen, imagesPerSecond, loss } = line;
    const etaSeconds = (totalSteps - step) / 4;
    this.writer.status.update({ state: "running", step, imagesSeen, imagesPerSecond, loss, etaSeconds });
    return line;
  }

  async drawSamples(step: number): Promise<void> {
    const { seed = 0, totalSteps = 2000 } = this.run;
    const [count, size] = [16, 16];
    const images = new Float32Array(count * size * size * 3);
    const blur = Math.min(1, step / totalSteps);
    for (let i = 0; i < images.length; i++) {
      const [c, x, y] = [i % 3, Math.floor(i / 3) % size, Math.floor(i / 3 / size) % size];
      const image = Math.floor(i / 3 / size / size);
      const disc = Math.hypot(x - 7.5, y - 7.5) < 5 + (image % 3) ? Math.sin(image + 2 * c + seed) : -0.9;
      images[i] = blur * disc + (1 - blur) * (2 * noise(seed, i + step) - 1);
    }
    const path = this.writer.samplePath(step);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, await encodePng(gridPicture({ images, count, imageSize: size, channels: 3 })));
  }

  close(state: FinalState): void {
    this.writer.close(state);
  }
}

/** Makes a run's folder with its first lines; it is at work until close(). */
export async function beginRun(run: MadeUpRun): Promise<RunInTheMaking> {
  const { runsDir, id, experiment = {}, stage = "pretrain", totalSteps = 2000, lines = 0, seed = 0 } = run;
  const input = { data: { path: "images" }, ...experiment };
  const writer = createRun({
    runsDir,
    id,
    experimentFile: join(runsDir, "..", "tiny.maskdm.yaml"),
    experimentText: JSON.stringify(input, null, 2),
    stage,
    command: ["maskdm", stage, "tiny.maskdm.yaml"],
    versions: { maskdm: "0.1.0", node: process.version },
    backend: "onnx",
    seed,
    totalSteps,
    parent: null,
  });
  writer.log(`${stage} of tiny.maskdm.yaml: ${totalSteps} steps`);
  const begun = new RunInTheMaking(writer, run);
  if (lines > 0) begun.append(lines);
  for (const step of run.samplesAt ?? []) {
    await begun.drawSamples(step);
    writer.log(`samples of step ${step} drawn`);
  }
  return begun;
}

/** A run that has ended. @returns its folder */
export async function writeRun(run: MadeUpRun, state: FinalState = "finished"): Promise<string> {
  const begun = await beginRun(run);
  begun.close(state);
  return begun.dir;
}
