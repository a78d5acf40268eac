/**
 * What keeps the learned tensors and computes with them. Engine knows only this: whether weights, gradients and moments lie in
 * the host's memory or on a graphics card is the learner's affair.
 */

import type { Graph } from "../../core/model/graph/graph.ts";
import type { AdamWScalars } from "../../core/training/adamW.ts";
import type { Feed } from "./feed.ts";

/** A training graph (model/graphs.ts) made ready to run. */
export interface TrainingProgram {
  /**
   * Loss and gradients of one micro-batch with the raw weights; the learner keeps the gradients.
   * @param inputs the graph's inputs by name, without the parameters
   * @param losses receives the output `loss`, [B]
   * @param accumulate whether the gradients are added to those of the micro-batches before
   * @param update what the learner may do with each weight as soon as its gradient is there, if the losses are finite; null for
   * nothing
   * @returns seconds that it took; null where it was not done, and the weights are as they were
   */
  run(
    inputs: ReadonlyMap<string, Feed>,
    losses: Float32Array,
    accumulate: boolean,
    update: AdamWScalars | null,
  ): Promise<number | null>;
  dispose(): Promise<void>;
}

/** A prediction graph made ready to run. */
export interface PredictionProgram {
  /**
   * @param inputs the graph's inputs by name, without the parameters
   * @param output receives the graph's output of that name
   */
  run(weights: "raw" | "ema", inputs: ReadonlyMap<string, Feed>, output: Float32Array): Promise<void>;
  dispose(): Promise<void>;
}

export interface Learner {
  training(graph: Graph): Promise<TrainingProgram>;
  prediction(graph: Graph): Promise<PredictionProgram>;
  /** Euclidean norm of the gradients; not finite when any element is not. */
  gradientNorm(): Promise<number>;
  /** One optimiser step with the gradients, and one update of the moving average. */
  update(scalars: AdamWScalars): Promise<void>;
  /** Makes the host's copies of weights and moments the newest; to be awaited before the store is read or written. */
  toHost(): Promise<void>;
  /** The host's copies were written to: they count from here on. */
  hostChanged(): void;
  dispose(): Promise<void>;
}
