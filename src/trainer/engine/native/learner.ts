/** The learner of the native backend: the store's arrays, on which all threads work. */
import type { Graph } from "../graph/graph.ts";
import { HostLearner } from "../hostLearner.ts";
import type { TrainingProgram } from "../learner.ts";
import { gradientName } from "../model/graphs.ts";
import { type AdamWScalars, adamWFactors } from "../optimizer/kernels.ts";
import type { ParameterStore } from "../optimizer/parameterStore.ts";
import type { Addon, Team } from "./addon.ts";
import type { NativeExecutable } from "./executable.ts";

export class NativeLearner extends HostLearner {
  constructor(
    store: ParameterStore,
    private readonly addon: Addon,
    private readonly team: Team,
    private readonly compile: (graph: Graph) => Promise<NativeExecutable>,
  ) {
    super({ compile }, store);
  }

  /** Gradients of further micro-batches are added where the first ones lie. */
  override async training(graph: Graph): Promise<TrainingProgram> {
    const executable = await this.compile(graph);
    const gradients = [...this.store.slot("gradient")].map(([name, data]) => [gradientName(name), data] as const);
    return {
      run: (inputs, losses, accumulate) =>
        executable.run(this.feeds("raw", inputs), new Map([["loss", losses], ...gradients]), accumulate),
      dispose: () => executable.dispose(),
    };
  }

  override async gradientNorm(): Promise<number> {
    const squares = this.store.wholes("gradient").map((values) => this.addon.sumOfSquares(this.team, values));
    return Math.sqrt(squares.reduce((total, square) => total + square, 0));
  }

  override async update(scalars: AdamWScalars): Promise<void> {
    const factors = Float64Array.from(adamWFactors(scalars));
    const slots = (["raw", "gradient", "m", "v", "ema"] as const).map((slot) => this.store.wholes(slot));
    for (let i = 0; i < slots[0]!.length; i++) {
      this.addon.adamW(
        this.team,
        slots.map((wholes) => wholes[i]!),
        factors,
      );
    }
  }
}
