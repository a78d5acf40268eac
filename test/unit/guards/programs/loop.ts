/**
 * Trains for some steps with the loop, the engine's thread and the run folder that training has, and prints what was counted, as
 * JSON of type LoopCounts. Started with --expose-gc. Parameter: a folder for the run.
 */
import { performance } from "node:perf_hooks";
import { RunPace } from "../../../../src/core/cost/runPace.ts";
import { parseExperiment } from "../../../../src/core/experiment/parse.ts";
import { modelShape } from "../../../../src/core/model/shape.ts";
import type { Dataset } from "../../../../src/trainer/data/dataset.ts";
import { EngineClient } from "../../../../src/trainer/engine/client.ts";
import type { EngineCall, EngineCalls, TimedStep } from "../../../../src/trainer/engine/messages.ts";
import { BatchSource } from "../../../../src/trainer/loop/batches.ts";
import { StartUp } from "../../../../src/trainer/loop/startUp.ts";
import { StopRequest } from "../../../../src/trainer/loop/stopRequest.ts";
import { TrainingLoop } from "../../../../src/trainer/loop/train.ts";
import { createRun } from "../../../../src/trainer/run/runFolder.ts";
import { newRun } from "../../run/examples.ts";
import type { LoopCounts } from "../loopCounts.ts";

/** Steps that pass before memory is looked at. */
const WARM_UP = 15;
const STEPS = 60;

const [folder = "."] = process.argv.slice(2);
const text = JSON.stringify({
  data: { path: "images", image_size: 32, hflip: 0.5 },
  model: { patch_size: 4, embed_dim: 192, depth: 5, num_heads: 4 },
  mask: { rate: 0.9 },
  engine: { threads: 1 },
  pretrain: { steps: STEPS, batch_size: 16, checkpoint_every: 40, sample_every: 0, log_every: 10 },
});
const parsed = parseExperiment(text);
if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
const { experiment } = parsed;

/** Notes in which order steps are asked for and answered, and how long the engine was at work. */
class WatchedClient extends EngineClient {
  messages = 0;
  asked = 0;
  answered = 0;
  /** of each step */
  readonly seconds: number[] = [];
  /** steps, from 0, that were asked for before the one before was answered */
  readonly askedAhead: number[] = [];

  get engineSeconds(): number {
    return this.seconds.reduce((sum, seconds) => sum + seconds, 0);
  }

  override async call<C extends EngineCall>(
    call: C,
    argument: EngineCalls[C][0],
    transfer: readonly ArrayBufferLike[] = [],
  ): Promise<EngineCalls[C][1]> {
    this.messages++;
    if (call !== "step") return super.call(call, argument, transfer);
    const step = this.asked++;
    if (this.answered < step) this.askedAhead.push(step);
    const answer = await super.call(call, argument, transfer);
    this.answered++;
    const { startedAt, endedAt } = answer as TimedStep;
    this.seconds.push((endedAt - startedAt) / 1000);
    return answer;
  }
}

const imageBytes = 32 * 32 * 3;
const images = Array.from({ length: 64 }, (_, i) => ({ path: `${i}.png`, label: 0, className: null }));
const dataset: Dataset = {
  count: images.length,
  images,
  classes: [],
  broken: [],
  notes: [],
  greyHint: null,
  heldOut: { count: 0, images: [], pixelDigests: "", imageBytes: 0, readInto() {} },
  pixelDigests: "",
  imageBytes,
  readInto(indices, out) {
    indices.forEach((index, i) => {
      out.fill((index * 37) % 256, i * imageBytes, (i + 1) * imageBytes);
    });
  },
  close() {},
};

const collect = (globalThis as { gc?: () => void }).gc;
if (!collect) throw new Error("to be started with --expose-gc");
function memory(): number {
  for (let round = 0; round < 3; round++) collect!();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const batches = new BatchSource(experiment, "pretrain", dataset);
const engine = new WatchedClient();
await engine.call("init", {
  wanted: "onnx",
  threads: 1,
  shape: modelShape(experiment),
  seed: 1,
  training: {
    batchSize: experiment.pretrain.batch_size,
    visibleTokens: [batches.geometry(0).visibleTokens],
    first: batches.geometry(0).visibleTokens,
    microBatchSize: experiment.pretrain.batch_size,
    budgetBytes: Number.POSITIVE_INFINITY,
  },
});
const run = createRun(newRun(folder, { totalSteps: STEPS }));
const stop = new StopRequest(
  () => run.stopRequested(),
  () => engine.cancelSteps(),
);
let before = { memory: 0, active: 0, engine: 0 };
const activeSeconds = () => performance.eventLoopUtilization().active / 1000;
const loop = new TrainingLoop({
  experiment,
  stage: "pretrain",
  run,
  engine,
  batches,
  stop,
  resumeFrom: null,
  pauseAt: null,
  dataFingerprint: { images: 0, paths: "", pixels: "", decoder: "" },
  classes: null,
  startUp: new StartUp(),
  samples: { write: async () => true, has: () => true },
  heldOut: null,
  evaluations: { evaluate: async () => null },
  pace: new RunPace(experiment, "pretrain", { machineBytes: null, measurement: null, images: 0 }),
  progress: {
    update(step) {
      if (step === WARM_UP) {
        const held = memory();
        before = { memory: held, active: activeSeconds(), engine: engine.engineSeconds };
      }
    },
  },
});
const end = await loop.run();
const active = activeSeconds() - before.active;
const grown = memory() - before.memory;
run.close(end.state);
stop.dispose();
await engine.close();
const counts: LoopCounts = {
  steps: end.step,
  messages: engine.messages,
  askedAhead: engine.askedAhead,
  seconds: engine.seconds,
  loopShare: active / (engine.engineSeconds - before.engine),
  grownBytesPerStep: grown / (STEPS - WARM_UP),
};
process.stdout.write(JSON.stringify(counts));
process.exit(0);
