/** What the main thread asks of the engine's worker thread, and what it answers. */
import type { BatchBuffers, TrainingBatch } from "../../core/batch/assemble.ts";
import type { ModelShape } from "../../core/model/shape.ts";
import type { CheckpointState } from "../../core/run/checkpointState.ts";
import type { BackendName } from "./backend.ts";
import type { StepResult, StepScalars } from "./engine.ts";
import type { BackendChoice } from "./wantedBackend.ts";

export interface EngineRequestInit {
  readonly wanted: BackendChoice;
  readonly threads: number;
  readonly shape: ModelShape;
  readonly seed: number;
  /** null for an engine that only predicts */
  readonly training: {
    readonly batchSize: number;
    /** S of each piece of the stage, also of those that are over: a resume must choose the same micro-batches */
    readonly visibleTokens: readonly number[];
    /** S of the first step to come */
    readonly first: number;
    readonly microBatchSize: number | "auto";
    /** memory the process may take, for an automatic micro-batch */
    readonly budgetBytes: number;
  } | null;
}

export interface EngineFacts {
  readonly backend: BackendName;
  /** library and version */
  readonly version: string;
  /** why this backend, for the log */
  readonly notes: readonly string[];
  /** one for each S that the stage has; none for an engine that only predicts */
  readonly microBatchSizes: readonly number[];
  /** of the step that takes most */
  readonly predictedBytes: number;
}

export interface TimedStep extends StepResult {
  /** milliseconds on the clock shared by all threads: when the worker began, and when it was done */
  readonly startedAt: number;
  readonly endedAt: number;
  /** the batch's large arrays, given back to be used again */
  readonly buffers: BatchBuffers;
}

/** Where weights come from. */
export type WeightSource =
  /** raw, averaged and optimiser tensors, for a resume */
  | { readonly kind: "checkpoint"; readonly dir: string }
  /** one file as the new raw weights; the moving average starts from them */
  | { readonly kind: "start"; readonly file: string }
  /** one file as the averaged or raw weights, for drawing samples */
  | { readonly kind: "weights"; readonly file: string; readonly into: "raw" | "ema" };

/** Requests by name: [arguments, answer]. */
export interface EngineCalls {
  init: [EngineRequestInit, EngineFacts];
  /** answers with what is worth telling of the weights */
  load: [WeightSource, readonly string[]];
  /** null: it was broken off (EngineClient.cancelSteps), weights and moments are as they were */
  step: [{ readonly batch: TrainingBatch; readonly scalars: Omit<StepScalars, "microBatchSize"> }, TimedStep | null];
  isFinite: [null, boolean];
  checkpoint: [{ readonly runDir: string; readonly state: CheckpointState }, string];
  predict: [
    {
      readonly tokens: Float32Array;
      readonly timesteps: Int32Array;
      readonly labels: Int32Array | null;
      readonly weights: "raw" | "ema";
    },
    Float32Array,
  ];
}

export type EngineCall = keyof EngineCalls;

export interface EngineRequest<C extends EngineCall = EngineCall> {
  readonly id: number;
  readonly call: C;
  readonly argument: EngineCalls[C][0];
}

export type EngineReply =
  | { readonly id: number; readonly ok: true; readonly value: EngineCalls[EngineCall][1] }
  | {
      readonly id: number;
      readonly ok: false;
      readonly message: string;
      readonly stack: string | null;
      /** kind of a UserError; null for any other error */
      readonly kind: "input" | "failure" | null;
    };
