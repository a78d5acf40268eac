/** What the tests of training share: the bundled command line, run as a process, on small images and small networks. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll } from "vitest";
import type { ExperimentInput } from "../../../src/core/experiment/schema.ts";
import { type CheckpointRecord, WEIGHT_FILES } from "../../../src/core/run/checkpointState.ts";
import { parseRun, type RunRecord } from "../../../src/core/run/record.ts";
import type { RunStatus } from "../../../src/core/run/status.ts";
import { latestCheckpoint } from "../../../src/node/run/checkpoints.ts";
import { readRunMetrics } from "../../../src/node/run/metrics.ts";
import { readStatus } from "../../../src/node/run/status.ts";

const REPOSITORY = join(import.meta.dirname, "../../..");

export interface Outcome {
  /** null when a signal ended it */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Outcome>;
}

/** A folder to work in and the command line, for the tests of one file. */
export class Workshop {
  /** where commands are started: experiment files, images, runs */
  folder = "";
  private program = "";
  private bundle = "";
  private readonly children = new Set<ChildProcess>();

  constructor() {
    beforeAll(() => this.open());
    afterAll(() => this.close());
  }

  private open(): void {
    this.folder = mkdtempSync(join(tmpdir(), "maskdm-training-"));
    // Inside the repository, so that packages which are not bundled are found.
    const cache = join(REPOSITORY, "node_modules", ".cache", "maskdm-test");
    mkdirSync(cache, { recursive: true });
    this.bundle = mkdtempSync(join(cache, "training-"));
    // The bundles are modules by the package they are in.
    writeFileSync(join(this.bundle, "package.json"), '{ "type": "module" }');
    execFileSync(process.execPath, ["esbuild.config.mjs", join(this.bundle, "dist")], { cwd: REPOSITORY });
    this.program = join(this.bundle, "dist", "maskdm.js");
  }

  private close(): void {
    for (const child of this.children) child.kill("SIGKILL");
    for (const folder of [this.folder, this.bundle]) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** Folder of a run by its id. */
  run(id: string): string {
    return this.path("runs", id);
  }

  /** A command as a shell takes it. */
  commandLine(args: readonly string[]): string {
    return [process.execPath, this.program, ...args].map((part) => `'${part}'`).join(" ");
  }

  start(args: readonly string[]): Started {
    return this.launch(process.execPath, [this.program, ...args], {});
  }

  /** Starts a program in the folder. */
  launch(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Started {
    const child = spawn(program, args, {
      cwd: this.folder,
      env: { ...process.env, _: process.execPath, ...env }, // as a shell sets it: not "nohup", should the tests run under it
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.children.add(child);
    let out = "";
    let err = "";
    child.stdout.on("data", (data) => (out += data));
    child.stderr.on("data", (data) => (err += data));
    const ended = new Promise<Outcome>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (exitCode, signal) => {
        this.children.delete(child);
        resolve({ exitCode, signal, out, err });
      });
    });
    return { child, ended };
  }

  /** Runs a command to its end. */
  maskdm(...args: string[]): Promise<Outcome> {
    return this.start(args).ended;
  }

  /** Runs a command that has to succeed. */
  async succeed(...args: string[]): Promise<Outcome> {
    const outcome = await this.maskdm(...args);
    if (outcome.exitCode !== 0) {
      throw new Error(`maskdm ${args.join(" ")} ended with ${outcome.exitCode ?? outcome.signal}:\n${outcome.err}`);
    }
    return outcome;
  }

  /** Writes an experiment file (JSON is YAML); returns its name. */
  experiment(name: string, content: ExperimentInput): string {
    const file = `${name}.maskdm.yaml`;
    writeFileSync(this.path(file), `${JSON.stringify(content, null, 2)}\n`);
    return file;
  }
}

export interface ImageFolder {
  readonly count: number;
  readonly size: number;
  /** sub-folders, images take turns; none: all in the folder itself */
  readonly classes?: readonly string[];
}

/** Smooth coloured pictures as PNG: easy to learn, no two alike, none symmetric. */
export async function writeImages(folder: string, { count, size, classes = [] }: ImageFolder): Promise<void> {
  for (const name of ["", ...classes]) mkdirSync(join(folder, name), { recursive: true });
  const writing = Array.from({ length: count }, (_, i) => {
    const pixels = Buffer.alloc(size * size * 3);
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const at = 3 * (y * size + x);
        pixels[at] = Math.round((255 * x) / (size - 1));
        pixels[at + 1] = Math.round((200 * y) / (size - 1));
        pixels[at + 2] = (20 * i) % 256;
      }
    }
    const name = classes.length > 0 ? classes[i % classes.length]! : "";
    return sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
      .png()
      .toFile(join(folder, name, `image-${String(i).padStart(3, "0")}.png`));
  });
  await Promise.all(writing);
}

/** The experiment of most tests: 24 images of 8 px in "images", 4 tokens, a network of a few thousand weights. */
export function tinyExperiment(change: Partial<ExperimentInput> = {}): ExperimentInput {
  return {
    data: { path: "images", image_size: 8 },
    model: { patch_size: 2, embed_dim: 16, depth: 3, num_heads: 2 },
    mask: { strategy: "patch", rate: 0.5 },
    engine: { threads: 1 },
    ...change,
  };
}

/** Stage settings of most tests. */
export const QUICK = { steps: 30, batch_size: 8, lr: 2e-3, checkpoint_every: 10, sample_every: 0, log_every: 5 };

export function statusOf(runDir: string): RunStatus {
  const status = readStatus(runDir);
  if (!status.ok) throw new Error(`${runDir}: ${status.reason}`);
  return status.value;
}

export function recordOf(runDir: string): RunRecord {
  const record = parseRun(readFileSync(join(runDir, "run.json"), "utf8"));
  if (!record.ok) throw new Error(`${runDir}: ${record.reason}`);
  return record.value;
}

/** The newest whole checkpoint: its state, and its files' bytes by name. */
export function newestCheckpoint(runDir: string): {
  dir: string;
  state: CheckpointRecord;
  files: Record<string, Buffer>;
} {
  const { checkpoint } = latestCheckpoint(runDir);
  if (checkpoint === null) throw new Error(`${runDir} has no checkpoint`);
  const files = Object.values(WEIGHT_FILES).map((name) => [name, readFileSync(join(checkpoint.dir, name))]);
  return { dir: checkpoint.dir, state: checkpoint.state, files: Object.fromEntries(files) };
}

/** Names of the tensor files of two runs' newest checkpoints that differ in a byte; "step" where the steps do. */
export function differences(runDir: string, other: string): string[] {
  const [a, b] = [newestCheckpoint(runDir), newestCheckpoint(other)];
  const names = Object.keys(a.files).filter((name) => !a.files[name]!.equals(b.files[name]!));
  return a.state.step === b.state.step ? names : ["step", ...names];
}

/** What the metrics say about learning, without what depends on the machine's speed; resume lines applied. */
export function learning(runDir: string) {
  return readRunMetrics(runDir).map(({ step, images, loss, lossByTimestep, lr, gradNorm }) => ({
    step,
    images,
    loss,
    lossByTimestep,
    lr,
    gradNorm,
  }));
}

export const sleep = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

/** Waits for something to be so. */
export async function until(what: string, holds: () => boolean, seconds = 30): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`${what} did not happen within ${seconds} seconds`);
    await sleep(5);
  }
}
