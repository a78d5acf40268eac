/** Example contents of a run folder, for tests and for the programs they start. */
import { join } from "node:path";
import type { CheckpointState } from "../../../src/core/run/checkpointState.ts";
import type { StepMetrics } from "../../../src/core/run/metrics.ts";
import { type CheckpointTensors, writeCheckpoint } from "../../../src/trainer/run/checkpoint.ts";
import type { NewRun } from "../../../src/trainer/run/runFolder.ts";
import type { RunWriter } from "../../../src/trainer/run/runWriter.ts";

export const checkpointState = (step: number): CheckpointState => ({
  stage: "pretrain",
  step,
  imagesSeen: 32 * step,
  emaUpdates: step,
  elapsedSeconds: step / 2,
  loop: { averageLoss: 1 / (step + 1) },
});

/** Small tensors whose every value is the step. */
export function checkpointTensors(step: number, length = 64): CheckpointTensors {
  const tensor = (name: string) => ({ name, shape: [length], data: new Float32Array(length).fill(step) });
  return {
    raw: [tensor("encoder.norm.weight"), tensor("encoder.norm.bias")],
    ema: [tensor("encoder.norm.weight"), tensor("encoder.norm.bias")],
    optimizer: [tensor("exp_avg.encoder.norm.weight"), tensor("exp_avg_sq.encoder.norm.weight")],
  };
}

export const stepMetrics = (step: number): Omit<StepMetrics, "type"> => ({
  step,
  images: 32 * step,
  seconds: step / 2,
  loss: 1 / step,
  lossByTimestep: [0.1, 0.2, null, 0.4],
  lr: 2e-4,
  gradNorm: 1.5,
  imagesPerSecond: 64,
  dataWaitSeconds: 0.01,
  memoryBytes: 123_456_789,
});

export function newRun(runsDir: string, change: Partial<NewRun> = {}): NewRun {
  return {
    runsDir,
    experimentFile: join(runsDir, "..", "Emoji faces.maskdm.yaml"),
    experimentText: "data:\n  path: images\n",
    stage: "pretrain",
    command: ["maskdm", "pretrain", "Emoji faces.maskdm.yaml"],
    versions: { maskdm: "0.1.0", node: process.version },
    backend: "onnx",
    seed: 7,
    totalSteps: 100,
    parent: null,
    ...change,
  };
}

/** Saves a checkpoint of small tensors, as the training loop does. */
export function saveStep(
  run: RunWriter,
  step: number,
  rule = { keep: 5, keepEvery: null as number | null },
  length = 64,
) {
  const write = async (runDir: string) =>
    writeCheckpoint(runDir, checkpointState(step), checkpointTensors(step, length));
  return run.saveCheckpoint(step, write, rule);
}
