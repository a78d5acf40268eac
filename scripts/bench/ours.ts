/** This project's engine as the benchmark drives it: the training loop's own batches, worker thread and pipelining. */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import type { TrainingBatch } from "../../src/core/batch/assemble.ts";
import { toPatchEmbedOrder } from "../../src/core/batch/tokens.ts";
import type { Experiment } from "../../src/core/experiment/schema.ts";
import { parameterCount } from "../../src/core/model/backbones.ts";
import { modelShape } from "../../src/core/model/shape.ts";
import { mean, StepBench } from "../../src/trainer/bench/stepBench.ts";
import type { BackendName } from "../../src/trainer/engine/backend.ts";
import { trialHere } from "../../src/trainer/engine/backendTrial.ts";
import { EngineClient } from "../../src/trainer/engine/client.ts";
import { BACKEND_NAMES } from "../../src/trainer/engine/tryBackend.ts";
import { drawSamples } from "../../src/trainer/sample/drawSamples.ts";
import { experimentOf } from "./experimentOf.ts";
import { measureProduct } from "./measureProduct.ts";
import { type Command, commandSchema } from "./protocol.ts";
import { TrajectoryWalk } from "./trajectoryWalk.ts";

type CommandOf<C extends Command["cmd"]> = Extract<Command, { cmd: C }>;

const backend = backendNamed(process.argv[2]);
let threads = 1;
let trainer: StepBench | null = null;
let walk: TrajectoryWalk | null = null;

function backendNamed(name: string | undefined): BackendName {
  const found = BACKEND_NAMES.find((candidate) => candidate === name);
  if (!found) throw new Error(`usage: ours.js ${BACKEND_NAMES.join("|")}`);
  return found;
}

async function hello(command: CommandOf<"hello">): Promise<object> {
  threads = command.threads;
  const trial = await trialHere(backend, threads);
  if (!trial.works) return { works: false, reason: `${trial.reason}. ${trial.remedy}` };
  return { works: true, version: `${trial.version}, Node.js ${process.versions.node}`, threads: trial.threads };
}

async function setup({ config, maskRate, batchSize, microBatch, seed }: CommandOf<"setup">): Promise<object> {
  const experiment = experimentOf(config, { maskRate, batchSize, microBatch, seed, threads });
  trainer = await StepBench.start(experiment, backend);
  return { visibleTokens: trainer.visibleTokens, parameters: parameterCount(modelShape(experiment)) };
}

async function steps({ n }: CommandOf<"steps">): Promise<object> {
  if (!trainer) throw new Error("setup comes first");
  const times = await trainer.run(n);
  const sum = (key: "seconds" | "engineSeconds" | "updateSeconds") => times.reduce((all, time) => all + time[key], 0);
  const engineSeconds = sum("engineSeconds") - sum("updateSeconds");
  return { seconds: sum("seconds"), engineSeconds, loss: times.at(-1)?.loss };
}

/** Losses before each of n updates on one given batch. */
async function follow({ config, n, modelFile, folder, ...work }: CommandOf<"follow">): Promise<object> {
  const { batchSize, microBatch, visibleTokens } = work;
  const tokens = (config.image_size / config.patch_size) ** 2;
  // A rate in the middle of those that leave as many tokens visible, so that rounding cannot change them.
  const maskRate = visibleTokens === tokens ? 0 : (tokens - visibleTokens + 0.5) / tokens;
  const bench = await StepBench.start(experimentOf(config, { maskRate, batchSize, microBatch, threads }), backend);
  await bench.load(modelFile);
  const read = (name: string) => {
    const bytes = readFileSync(path.join(folder, name));
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  };
  const shape = { imageSize: config.image_size, channels: config.channels, patchSize: config.patch_size };
  const losses: number[] = [];
  for (let step = 0; step < n; step++) {
    const batch: TrainingBatch = {
      batchSize,
      visibleTokens,
      tokens: toPatchEmbedOrder(new Float32Array(read("tokens.f32")), shape),
      target: new Float32Array(read("target.f32")),
      timesteps: new Int32Array(read("timesteps.i32")),
      visible: new Int32Array(read("visible.i32")),
      weight: new Float32Array(batchSize).fill(1),
      labels: null,
    };
    losses.push(mean((await bench.stepOn(batch)).losses));
  }
  await bench.close();
  return { losses };
}

async function samplingEngine(experiment: Experiment, file: string): Promise<EngineClient> {
  const engine = new EngineClient();
  const shape = modelShape(experiment);
  await engine.call("init", { wanted: backend, threads, shape, seed: 0, training: null });
  await engine.call("load", { kind: "weights", file, into: experiment.sample.weights });
  return engine;
}

async function sampleSetup({ config, modelFile, batchSize, steps }: CommandOf<"sampleSetup">): Promise<object> {
  const experiment = experimentOf(config, { sample: { steps, count: batchSize, eta: 1 }, threads });
  walk = new TrajectoryWalk(await samplingEngine(experiment, modelFile), experiment);
  return { variant: null };
}

async function sampleSteps({ n }: CommandOf<"sampleSteps">): Promise<object> {
  if (!walk) throw new Error("sampleSetup comes first");
  const start = performance.now();
  await walk.advance(n);
  return { seconds: (performance.now() - start) / 1000 };
}

async function draw({ config, modelFile, count, steps, eta, seed, file }: CommandOf<"draw">): Promise<object> {
  const start = performance.now();
  const experiment = experimentOf(config, { sample: { steps, count, eta }, threads });
  const engine = await samplingEngine(experiment, modelFile);
  writeFileSync(file, "");
  for await (const { images } of drawSamples(engine, experiment, {
    sample: experiment.sample,
    seed,
    drawing: { label: "turns" },
  })) {
    appendFileSync(file, Buffer.from(images.buffer, images.byteOffset, images.byteLength));
  }
  const seconds = (performance.now() - start) / 1000;
  await engine.close();
  return { seconds };
}

async function answer(command: Command): Promise<object> {
  switch (command.cmd) {
    case "hello":
      return hello(command);
    case "begin":
      threads = command.threads;
      return {};
    case "product":
      return { flopsPerSecond: await measureProduct(backend, threads, command, command.seconds) };
    case "setup":
      return setup(command);
    case "steps":
      return steps(command);
    case "memory":
      return { peakMemoryBytes: process.resourceUsage().maxRSS * 1024 };
    case "follow":
      return follow(command);
    case "sampleSetup":
      return sampleSetup(command);
    case "sampleSteps":
      return sampleSteps(command);
    case "draw":
      return draw(command);
    case "quit":
      process.exit(0);
  }
}

for await (const line of createInterface(process.stdin)) {
  let reply: object;
  try {
    reply = { ok: true, ...(await answer(commandSchema.parse(JSON.parse(line)))) };
  } catch (error) {
    reply = { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
process.exit(0);
