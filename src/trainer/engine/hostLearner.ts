/** Everything in the host's memory: graphs read the store's arrays, and the store's kernels are the optimiser. */

import type { Graph } from "../../core/model/graph/graph.ts";
import { gradientName } from "../../core/model/graphs.ts";
import type { Backend, Executable } from "./backend.ts";
import type { Feed } from "./feed.ts";
import type { Learner, PredictionProgram, TrainingProgram } from "./learner.ts";
import type { AdamWScalars } from "./optimizer/kernels.ts";
import type { ParameterStore } from "./optimizer/parameterStore.ts";

export class HostLearner implements Learner {
  constructor(
    private readonly backend: Pick<Backend, "compile">,
    protected readonly store: ParameterStore,
  ) {}

  async training(graph: Graph): Promise<TrainingProgram> {
    const executable = await this.backend.compile(graph);
    const run: TrainingProgram["run"] = async (inputs, losses, accumulate) => {
      const outputs = new Map([["loss", losses]]);
      const slot = this.store.slot(accumulate ? "scratch" : "gradient");
      for (const [name, data] of slot) outputs.set(gradientName(name), data);
      await executable.run(this.feeds("raw", inputs), outputs);
      if (accumulate) this.store.accumulateScratch();
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

  protected feeds(weights: "raw" | "ema", inputs: ReadonlyMap<string, Feed>): Map<string, Feed> {
    return new Map<string, Feed>([...this.store.slot(weights), ...inputs]);
  }
}
