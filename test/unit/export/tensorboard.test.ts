/** `maskdm export --tensorboard`: what TensorBoard itself reads, and what another export adds to the same files. */
import { appendFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, type TestContext, vi } from "vitest";
import * as z from "zod";
import { ProtobufWriter, readProtobuf } from "../../../src/core/protobuf.ts";
import { gridPicture } from "../../../src/core/run/gridPicture.ts";
import { crc32c, maskedCrc } from "../../../src/core/tensorboard/tfRecord.ts";
import { metricsFile } from "../../../src/node/run/metrics.ts";
import { runCommandLine } from "../../../src/trainer/cli/program.ts";
import type { RunWriter } from "../../../src/trainer/run/runWriter.ts";
import { encodePng } from "../../../src/trainer/sample/encodePng.ts";
import { requirePython } from "../../python/requirePython.ts";
import { runPython } from "../../python/runPython.ts";
import { madeUpEvaluation, writeEvaluations } from "../../support/evaluations.ts";
import { memoryIo } from "../cli/memoryIo.ts";
import { stepMetrics } from "../run/examples.ts";
import { openRun, temporaryFolder } from "../run/support.ts";

// TensorBoard takes long to load on a busy machine.
vi.setConfig({ testTimeout: 240_000 });

const logSchema = z.record(
  z.string(),
  z.object({
    scalars: z.record(z.string(), z.array(z.tuple([z.number(), z.number(), z.string()]))),
    images: z.record(z.string(), z.array(z.tuple([z.number(), z.number(), z.number(), z.number()]))),
    texts: z.record(z.string(), z.array(z.string())),
  }),
);

const readLog = (test: TestContext, folder: string) =>
  logSchema.parse(JSON.parse(runPython(requirePython(test, ["tensorboard"]), "tensorboard_events.py", { folder })));

const png = (size: number): Promise<Buffer> =>
  encodePng(
    gridPicture(
      { images: new Float32Array(size * size * 3), count: 1, imageSize: size, channels: 3 },
      { scale: 1, separator: 0 },
    ),
  );

async function exported(...args: string[]): Promise<void> {
  const { io, err } = memoryIo();
  expect(await runCommandLine(["export", ...args], io), err.text).toBe(0);
}

/** A run of four steps, two pictures and an evaluation. */
async function someRun(folder: string, id: string): Promise<RunWriter> {
  const run = openRun(folder, { id });
  for (const step of [10, 20, 30, 40]) {
    const held = step === 20 ? { heldOutLoss: 0.5, heldOutError: 0.01, kid: 0.02, kidError: 0.001 } : {};
    run.metrics.append({ ...stepMetrics(step), ...held, ...(step === 40 ? { loss: null } : {}) });
  }
  writeFileSync(run.samplePath(20), await png(6));
  writeFileSync(run.samplePath(40), await png(9));
  await writeEvaluations(run.dir, [madeUpEvaluation({ step: 40 })]);
  return run;
}

const eventFile = (log: string, id: string): string => join(log, id, readdirSync(join(log, id))[0]!);
const steps = (points: readonly (readonly unknown[])[] | undefined) => points?.map(([, step]) => step);

it("TensorBoard reads curves, pictures, evaluations and the experiment, of several runs", async (test) => {
  const folder = temporaryFolder();
  const runs = [await someRun(folder, "a"), await someRun(folder, "b")];
  const log = join(folder, "log");
  await exported(...runs.map(({ dir }) => dir), "--tensorboard", log);
  const read = readLog(test, log);
  expect(Object.keys(read)).toEqual(["a", "b"]);
  const { scalars, images, texts } = read["a"]!;
  const began = Date.parse(runs[0]!.record.sessions[0]!.startedAt) / 1000;
  expect(scalars["train/loss"]).toEqual([
    [began + 5, 10, String(Math.fround(0.1))],
    [began + 10, 20, String(Math.fround(0.05))],
    [began + 15, 30, String(Math.fround(1 / 30))],
    // Not a number: TensorBoard marks it.
    [began + 20, 40, "nan"],
  ]);
  expect(scalars["held_out/loss"]).toEqual([[began + 10, 20, "0.5"]]);
  expect(steps(scalars["evaluation/kid"])).toEqual([20]);
  expect(scalars["evaluation/efficientnet-lite0-1000-ddim-100-eta-0/recall"]).toEqual([
    [Date.parse("2026-01-02T03:04:05.000Z") / 1000, 40, String(Math.fround(0.41))],
  ]);
  expect(Object.keys(scalars)).toContain("train_by_timestep/loss_quarter_1");
  expect(Object.keys(scalars)).not.toContain("train_by_timestep/loss_quarter_3");
  expect(images).toEqual({
    "samples/training": [
      [20, 6, 6, (await png(6)).length],
      [40, 9, 9, (await png(9)).length],
    ],
  });
  expect(texts["experiment/file"]).toEqual(["```yaml\ndata:\n  path: images\n```"]);
});

it("another export adds what is new, after a torn end, a resume and a late evaluation", async (test) => {
  const folder = temporaryFolder();
  const { dir } = await someRun(folder, "a");
  const log = join(folder, "log");
  const again = () => exported(dir, "--tensorboard", log);
  await again();
  const first = readFileSync(eventFile(log, "a"));
  await again();
  expect(readFileSync(eventFile(log, "a"))).toEqual(first);
  truncateSync(eventFile(log, "a"), first.length - 3);
  await again();
  expect(readFileSync(eventFile(log, "a"))).toEqual(first);

  const lines = [
    { type: "resume", step: 20 },
    { type: "step", ...stepMetrics(30), loss: 7 },
  ];
  appendFileSync(metricsFile(dir), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  await again();
  // What was written stays written; it no longer counts.
  expect(readFileSync(eventFile(log, "a")).subarray(0, first.length)).toEqual(first);
  await writeEvaluations(dir, [madeUpEvaluation({ step: 10 })]);
  await again();
  const { scalars, images } = readLog(test, log)["a"]!;
  expect(scalars["train/loss"]?.map(([, step, value]) => [step, value])).toEqual([
    [10, String(Math.fround(0.1))],
    [20, String(Math.fround(0.05))],
    [30, "7.0"],
  ]);
  expect(steps(scalars["evaluation/efficientnet-lite0-1000-ddim-100-eta-0/kid"])).toEqual([10, 40]);
  expect(images["samples/training"]?.map(([step]) => step)).toEqual([20, 40]);
});

it("--follow writes what comes, and ends with the run", async (test) => {
  const folder = temporaryFolder();
  const run = await someRun(folder, "a");
  const log = join(folder, "log");
  const following = exported(run.dir, "--tensorboard", log, "--follow");
  const size = (): number => {
    try {
      return readFileSync(eventFile(log, "a")).length;
    } catch {
      return 0;
    }
  };
  await vi.waitFor(() => expect(size()).toBeGreaterThan(1000), { timeout: 60_000 });
  const before = size();
  run.metrics.append(stepMetrics(50));
  await vi.waitFor(() => expect(size()).toBeGreaterThan(before), { timeout: 60_000 });
  run.metrics.append(stepMetrics(60));
  run.close("finished");
  await following;
  expect(steps(readLog(test, log)["a"]!.scalars["train/loss"])).toEqual([10, 20, 30, 40, 50, 60]);
});

it("two exports do not write one file", async () => {
  const folder = temporaryFolder();
  const run = await someRun(folder, "a");
  const log = join(folder, "log");
  const { io, err } = memoryIo();
  const following = runCommandLine(["export", run.dir, "--tensorboard", log, "--follow"], io);
  while (readdirSync(folder).includes("log") === false || readdirSync(join(log, "a")).length === 0) await sleep(5);
  const other = eventFile(log, "a");
  await vi.waitFor(() => expect(readFileSync(other).length).toBeGreaterThan(1000), { timeout: 60_000 });
  appendFileSync(other, "x");
  run.metrics.append(stepMetrics(50));
  expect(await following).toBe(1);
  expect(err.text).toContain("is written by another program");
});

it("tables have a row for each step and evaluation, with the dashboard's columns", async () => {
  const folder = temporaryFolder();
  const { dir } = await someRun(folder, "a");
  const { io, out, err } = memoryIo();
  const quality = join(folder, "quality.csv");
  expect(await runCommandLine(["export", dir, "--csv", "-", "--evaluations", quality], io), err.text).toBe(0);
  const rows = out.text.trim().split("\n");
  expect(rows[0]).toBe(
    "run,label,step,images,seconds,time,loss,loss0,loss1,loss2,loss3,gradNorm,lr,imagesPerSecond,memory,dataWait,heldOutLoss,heldOutError,kid,kidError",
  );
  expect(rows.slice(1, 5).map((row) => row.split(",").slice(2, 5))).toEqual(
    [10, 20, 30, 40].map((step) => [step, 32 * step, step / 2].map(String)),
  );
  expect(rows[5]).toBe(quality);
  expect(readFileSync(quality, "utf8").split("\n")[1]).toMatch(/^a,a,2026-01-02T03:04:05.000Z,pretrain,40,ema,1000,/);
});

it("what is asked for has to be said, and to fit", async () => {
  const folder = temporaryFolder();
  const { dir } = await someRun(folder, "a");
  for (const [args, message] of [
    [[], /Say what to write/],
    [["--csv", "-", "--follow"], /--follow goes with --tensorboard/],
    [[dir, "--tensorboard", join(folder, "log")], /Two of the runs are named a/],
  ] as const) {
    const { io, err } = memoryIo();
    expect(await runCommandLine(["export", dir, ...args], io)).toBe(2);
    expect(err.text).toMatch(message);
  }
});

it("checksums and numbers are those of the formats", () => {
  // RFC 3720, B.4: 32 bytes of zeros.
  expect(crc32c(new Uint8Array(32), 0)).toBe(0x8a9136aa);
  expect(maskedCrc(new Uint8Array(32))).toBe((((0x8a9136aa >>> 15) | (0x8a9136aa << 17)) + 0xa282ead8) >>> 0);
  const numbers = [0, 1, 127, 128, 300, 2 ** 32, 2 ** 52 + 1, -1, -(2 ** 40)];
  const writer = new ProtobufWriter();
  for (const number of numbers) writer.integer(3, number);
  expect([...readProtobuf(writer.finish())].map(({ value }) => value)).toEqual(numbers);
  expect(() => [...readProtobuf(Uint8Array.of(0x12, 5, 1))]).toThrow(RangeError);
});
