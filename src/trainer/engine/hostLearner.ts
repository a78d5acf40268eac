/** Everything in the host's memory: graphs read the store's arrays, and the store's loop is the optimiser. */

import type { Graph } from "../../core/model/graph/graph.ts";
import { gradientName } from "../../core/model/graphs.ts";
import type { AdamWScalars } from "../../core/training/adamW.ts";
import type { Backend, Executable } from "./backend.ts";
import type { Feed } from "./feed.ts";
import type { Learner, PredictionProgram, TrainingProgram } from "./learner.ts";
import type { ParameterStore } from "./optimizer/parameterStore.ts";

export class HostLearner implements Learner {
  /** gradients of a further micro-batch before they are added; empty until there is one */
  private readonly further = new Map<string, Float32Array>();

  constructor(
    private readonly backend: Pick<Backend, "compile">,
    protected readonly store: ParameterStore,
  ) {}

  async training(graph: Graph): Promise<TrainingProgram> {
    const executable = await this.backend.compile(graph);
    const run: TrainingProgram["run"] = async (inputs, losses, accumulate) => {
      const outputs = new Map([["loss", losses]]);
      const gradients = this.store.slot("gradient");
      for (const [name, sum] of gradients) outputs.set(gradientName(name), accumulate ? this.apart(name, sum) : sum);
      await executable.run(this.feeds("raw", inputs), outputs);
      if (accumulate) for (const [name, sum] of gradients) addTo(sum, this.apart(name, sum));
      return null;
    };
    return { run, dispose: () => executable.dispose() };
  }

  async prediction(graph: Graph): Promise<PredictionProgram> {
    const executable: Executable = await this.backend.compile(graph);
    return {
      run: (weights, inputs, output) => executable.run(this.feeds(weights, inputs), new Map([["output", output]])),
      dispose: () => executable.dispose(),
    };
  }

  async gradientNorm(): Promise<number> {
    return this.store.norm("gradient");
  }

  async update(scalars: AdamWScalars): Promise<void> {
    this.store.update(scalars);
  }

  async toHost(): Promise<void> {
    // They are the only ones.
  }

  hostChanged(): void {
    // Graphs read the arrays anew in every run.
  }

  async dispose(): Promise<void> {
    // Memory goes with the store.
  }

  private apart(name: string, { length }: Float32Array): Float32Array {
    const known = this.further.get(name) ?? new Float32Array(length);
    this.further.set(name, known);
    return known;
  }

  protected feeds(weights: "raw" | "ema", inputs: ReadonlyMap<string, Feed>): Map<string, Feed> {
    return new Map<string, Feed>([...this.store.slot(weights), ...inputs]);
  }
}

function addTo(sum: Float32Array, more: Float32Array): void {
  const { length } = sum;
  let i = 0;
  // Four at a time: the loop itself takes twice as long as the additions.
  for (; i + 3 < length; i += 4) {
    sum[i] = sum[i]! + more[i]!;
    sum[i + 1] = sum[i + 1]! + more[i + 1]!;
    sum[i + 2] = sum[i + 2]! + more[i + 2]!;
    sum[i + 3] = sum[i + 3]! + more[i + 3]!;
  }
  for (; i < length; i++) sum[i] = sum[i]! + more[i]!;
}
