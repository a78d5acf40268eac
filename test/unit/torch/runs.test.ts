/** Runs of the PyTorch engine are runs like any other: this program reads them, goes on with them and starts from them, and the reverse. */
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { ExperimentInput } from "../../../src/core/experiment/schema.ts";
import { parseDrawing } from "../../../src/core/run/drawing.ts";
import { checkCheckpoint, listCheckpoints } from "../../../src/node/run/checkpoints.ts";
import { requestStop } from "../../../src/node/run/control.ts";
import { summarizeRun } from "../../../src/node/run/list.ts";
import { lockHolder } from "../../../src/node/run/lock.ts";
import { readRunMetrics } from "../../../src/node/run/metrics.ts";
import { readPngText } from "../../../src/node/run/pngText.ts";
import { readImageList } from "../../../src/trainer/run/imageListFile.ts";
import { readSafetensors } from "../../../src/trainer/run/safetensors.ts";
import { TRAINER_MODULES } from "../../python/findPython.ts";
import { requirePython } from "../../python/requirePython.ts";
import {
  differences,
  learning,
  newestCheckpoint,
  recordOf,
  statusOf,
  until,
  writeImages,
} from "../training/support.ts";
import { TorchShop } from "./torchShop.ts";

const shop = new TorchShop();
const STEPS = 12;
/** Weights, losses and their like may differ by rounding. */
const CLOSE = 1e-4;
/** Seconds: a busy machine takes long to load PyTorch. */
const PATIENCE = 120;
vi.setConfig({ testTimeout: 3000 * PATIENCE });

const STAGE = { batch_size: 4, lr: 1e-3, checkpoint_every: 4, log_every: 2, held_out_every: 4 };
const EXPERIMENT: ExperimentInput = {
  data: { path: "images", image_size: 16, hflip: 0.5, holdout: 0.2, labels: "folders" },
  model: { patch_size: 4, embed_dim: 32, depth: 3, num_heads: 2, num_classes: 2 },
  mask: { strategy: "patch", rate: [{ until: 0.5, rate: 0.5 }, { rate: 0.25 }] },
  pretrain: { ...STAGE, steps: STEPS, sample_every: 4, clip_grad: 0.5 },
  finetune: { ...STAGE, steps: 4, sample_every: 0 },
  sample: { steps: 20, count: 4, guidance: 2 },
  engine: { threads: 1 },
};

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 24, size: 16, classes: ["birds", "cats"] });
  shop.experiment("both", EXPERIMENT);
});

/** One run of each engine, made by the first test that needs them. */
let trained: Promise<unknown> | undefined;
const trainBoth = (python: string): Promise<unknown> => {
  trained ??= Promise.all([
    shop.torch(python, "pretrain", "both.maskdm.yaml", "--run", "torch"),
    shop.succeed("pretrain", "both.maskdm.yaml", "--run", "native"),
  ]);
  return trained;
};

/** The largest difference of any number in the tensors of two runs' newest checkpoints. */
function largestDifference(runDir: string, other: string): number {
  const [a, b] = [newestCheckpoint(runDir), newestCheckpoint(other)];
  expect(a.state).toMatchObject({ step: b.state.step, imagesSeen: b.state.imagesSeen, emaUpdates: b.state.emaUpdates });
  const found = Object.keys(a.files).map((name) => {
    const [ours, theirs] = [readSafetensors(join(a.dir, name)), readSafetensors(join(b.dir, name))];
    expect(ours.metadata).toEqual(theirs.metadata);
    expect([...ours.tensors.keys()].sort()).toEqual([...theirs.tensors.keys()].sort());
    return Math.max(
      ...[...ours.tensors].map(([tensor, { data }]) => {
        const there = theirs.tensors.get(tensor)!.data;
        return data.reduce((largest, value, i) => Math.max(largest, Math.abs(value - there[i]!)), 0);
      }),
    );
  });
  return Math.max(...found);
}

/** Every number of the metrics that does not depend on the machine's speed, in one list. */
const numbers = (runDir: string): number[] =>
  readRunMetrics(runDir).flatMap(({ step, images, loss, lossByTimestep, lr, gradNorm, heldOutLoss, heldOutError }) =>
    [step, images, loss, ...lossByTimestep, lr, gradNorm, heldOutLoss, heldOutError].map((value) => value ?? -1),
  );

function expectClose(runDir: string, other: string): void {
  expect(largestDifference(runDir, other)).toBeLessThan(CLOSE);
  const [ours, theirs] = [numbers(runDir), numbers(other)];
  expect(ours).toHaveLength(theirs.length);
  expect(Math.max(...ours.map((value, i) => Math.abs(value - theirs[i]!)))).toBeLessThan(CLOSE);
}

/** The largest difference of two pictures' pixels. */
async function pixelDifference(file: string, other: string): Promise<number> {
  const [a, b] = await Promise.all(
    [file, other].map((path) => sharp(path).raw().toBuffer({ resolveWithObject: true })),
  );
  expect(a!.info).toMatchObject({ width: b!.info.width, height: b!.info.height, channels: b!.info.channels });
  return a!.data.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b!.data[i]!)), 0);
}

/** A copy of a run as if it had been killed after the checkpoint of step 4. */
function cutShort(id: string, copy: string): string {
  cpSync(shop.run(id), shop.run(copy), { recursive: true });
  for (const { dir, step } of listCheckpoints(shop.run(copy)).whole) if (step > 4) rmSync(dir, { recursive: true });
  return copy;
}

describe("a run of the PyTorch engine", () => {
  it("has the documents, metrics, weights and pictures that one of this engine has", async (test) => {
    await trainBoth(requirePython(test, TRAINER_MODULES));
    const [runDir, native] = [shop.run("torch"), shop.run("native")];
    expect(summarizeRun(runDir)).toMatchObject({
      state: "finished",
      step: STEPS,
      steps: STEPS,
      classes: ["birds", "cats"],
    });
    const [record, other] = [recordOf(runDir), recordOf(native)];
    expect(record).toMatchObject({
      stage: "pretrain",
      backend: "torch",
      configHash: other.configHash,
      totalSteps: STEPS,
    });
    expect(record.experimentFromRun).toBe(other.experimentFromRun);
    expect(Object.keys(record).sort()).toEqual(Object.keys(other).sort());
    expect(record.sessions.at(-1)).toMatchObject({
      fromStep: 0,
      endState: "finished",
      command: expect.arrayContaining(["--run"]),
    });
    expect(statusOf(runDir)).toMatchObject({
      imagesSeen: STEPS * 4,
      message: `finished ${STEPS} steps`,
      etaSeconds: 0,
    });
    for (const { dir } of listCheckpoints(runDir).whole) expect(checkCheckpoint(dir, "full").ok).toBe(true);
    expect(listCheckpoints(runDir).whole.map(({ step }) => step)).toEqual([4, 8, 12]);
    expectClose(runDir, native);

    const data = newestCheckpoint(runDir).state.loop!["data"] as Parameters<typeof readImageList>[1];
    const theirs = newestCheckpoint(native).state.loop!["data"] as typeof data;
    expect({ ...data, decoder: "" }).toEqual({ ...theirs, decoder: "" });
    expect(readImageList(runDir, data)).toEqual(readImageList(native, theirs));

    const pictures = readdirSync(join(runDir, "samples"));
    expect(pictures.sort()).toEqual(readdirSync(join(native, "samples")).sort());
    for (const name of pictures) {
      const [ours, there] = [join(runDir, "samples", name), join(native, "samples", name)];
      expect(await pixelDifference(ours, there)).toBeLessThanOrEqual(1);
      const [drawing, same] = [ours, there].map((path) => parseDrawing(readPngText(path, "maskdm") ?? ""));
      const changed = { run: "torch", backend: "torch", versions: expect.anything() };
      expect(drawing).toEqual({ ok: true, value: { ...(same as { value: object }).value, ...changed } });
    }
  });

  it("is gone on with by the other engine, to the weights and metrics of one that was never interrupted", async (test) => {
    const python = requirePython(test, TRAINER_MODULES);
    await trainBoth(python);
    await Promise.all([
      shop.torch(python, "resume", cutShort("native", "begun-here")),
      shop.succeed("resume", cutShort("torch", "begun-there")),
    ]);
    for (const id of ["begun-here", "begun-there"]) {
      expectClose(shop.run(id), shop.run("native"));
      expect(recordOf(shop.run(id)).sessions.map(({ fromStep, endState }) => [fromStep, endState])).toEqual([
        [0, "finished"],
        [4, "finished"],
      ]);
      // The images are the same, and were decoded by the same program.
      expect(readFileSync(join(shop.run(id), "log.txt"), "utf8")).not.toContain("have changed");
    }
    expect(recordOf(shop.run("begun-here")).backend).toBe("torch");
  });

  it("is finetuned and drawn from by the other engine, to the same weights and pictures", async (test) => {
    const python = requirePython(test, TRAINER_MODULES);
    await trainBoth(python);
    const drawing = ["--seed", "3", "--label", "cats", "--trajectory", "3", "--images", "--sampler", "heun"];
    await Promise.all([
      shop
        .torch(python, "finetune", "both.maskdm.yaml", "--from", "native", "--run", "tuned-there")
        .then(() => shop.torch(python, "sample", "native", ...drawing, "--out", "there/a.png")),
      shop
        .succeed("finetune", "both.maskdm.yaml", "--from", "native", "--run", "tuned-here")
        .then(() => shop.succeed("sample", "native", ...drawing, "--out", "here/a.png")),
    ]);
    expectClose(shop.run("tuned-there"), shop.run("tuned-here"));
    const parent = {
      run: "native",
      step: STEPS,
      weights: "raw",
      checkpointFromRun: expect.stringContaining("../native/"),
    };
    expect(recordOf(shop.run("tuned-there")).parent).toMatchObject(parent);
    for (const name of ["a.png", "a-trajectory.png", join("a", "00003.png")])
      expect(await pixelDifference(shop.path("there", name), shop.path("here", name))).toBeLessThanOrEqual(1);
  });

  it("that is killed goes on to the bytes of one that was never interrupted", async (test) => {
    const python = requirePython(test, TRAINER_MODULES);
    await trainBoth(python);
    const { child, ended } = shop.startTorch(python, ["pretrain", "both.maskdm.yaml", "--run", "killed"]);
    const first = join(shop.run("killed"), "checkpoints", "step-00000004");
    await until("the first checkpoint", () => checkCheckpoint(first, "sizes").ok, PATIENCE);
    child.kill("SIGKILL");
    await ended;
    expect(summarizeRun(shop.run("killed"))).toMatchObject({ state: "interrupted" });
    await shop.torch(python, "resume", "killed");
    expect(differences(shop.run("killed"), shop.run("torch"))).toEqual([]);
    expect(learning(shop.run("killed"))).toEqual(learning(shop.run("torch")));
    expect(readdirSync(join(shop.run("killed"), "samples"))).toEqual(readdirSync(join(shop.run("torch"), "samples")));
  });

  it("is held by its process, and stops by control file and by signal with a checkpoint", async (test) => {
    const python = requirePython(test, TRAINER_MODULES);
    const long = [
      "--set",
      "pretrain.steps=100000",
      "--set",
      "pretrain.sample_every=0",
      "--set",
      "pretrain.checkpoint_every=90000",
    ];
    const runDir = shop.run("stopped");
    const isRunning = () => summarizeRun(runDir).state === "running" && statusOf(runDir).step > 2;
    const hasStopped = ({ exitCode, err }: { exitCode: number | null; err: string }): void => {
      expect(exitCode, err).toBe(0);
      expect(err).toContain("Go on with: maskdm resume runs/stopped");
      const { state, step, message } = statusOf(runDir);
      expect({ state, message }).toEqual({ state: "stopped", message: `stopped at step ${step} of 100000` });
      expect(newestCheckpoint(runDir).state.step).toBe(step);
      expect(lockHolder(runDir)).toEqual({ held: false });
    };
    const first = shop.startTorch(python, ["pretrain", "both.maskdm.yaml", "--run", "stopped", ...long]);
    await until("the first steps", isRunning, PATIENCE);
    expect(lockHolder(runDir)).toMatchObject({ held: true, certain: true, by: { pid: first.child.pid } });
    requestStop(runDir);
    hasStopped(await first.ended);

    const { step } = statusOf(runDir);
    const second = shop.startTorch(python, ["resume", "stopped"]);
    await until("the next steps", () => isRunning() && statusOf(runDir).step > step, PATIENCE);
    second.child.kill("SIGTERM");
    hasStopped(await second.ended);
    expect(readFileSync(join(runDir, "log.txt"), "utf8")).toMatch(/stop asked for by control file[\s\S]*by SIGTERM/);
  });
});
