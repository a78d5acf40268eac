/** The learner of the native backend: the store's arrays, on which all threads work. */
import type { Graph } from "../../../core/model/graph/graph.ts";
import { gradientName } from "../../../core/model/graphs.ts";
import { ADAMW_ARRAYS, type AdamWScalars, adamWFactors } from "../../../core/training/adamW.ts";
import { HostLearner } from "../hostLearner.ts";
import type { TrainingProgram } from "../learner.ts";
import type { ParameterStore } from "../optimizer/parameterStore.ts";
import type { Addon, Team } from "./addon.ts";
import type { NativeExecutable } from "./executable.ts";
import { type Learned, MOMENTS, momentName } from "./updates.ts";

export class NativeLearner extends HostLearner {
  constructor(
    store: ParameterStore,
    private readonly addon: Addon,
    private readonly team: Team,
    private readonly compile: (graph: Graph, learned?: Learned) => Promise<NativeExecutable>,
  ) {
    super({ compile }, store);
  }

  /** Gradients of further micro-batches are added where the first ones lie; weights are updated between the last one's products. */
  override async training(graph: Graph): Promise<TrainingProgram> {
    const { store } = this;
    const weights = store.specs.map(({ name }) => ({ parameter: name, gradient: gradientName(name) }));
    const executable = await this.compile(graph, { loss: "loss", weights });
    const arrays = new Map(store.slot("raw"));
    for (const [name, data] of store.slot("gradient")) arrays.set(gradientName(name), data);
    for (const moment of MOMENTS)
      for (const [name, data] of store.slot(moment)) arrays.set(momentName(moment, name), data);
    return {
      run: async (inputs, losses, accumulate, update) => {
        const factors = update && Float64Array.from(adamWFactors(update));
        return executable.train(inputs, arrays.set("loss", losses), accumulate, factors);
      },
      dispose: () => executable.dispose(),
    };
  }

  override async gradientNorm(): Promise<number> {
    const squares = this.store.wholes("gradient").map((values) => this.addon.sumOfSquares(this.team, values));
    return Math.sqrt(squares.reduce((total, square) => total + square, 0));
  }

  override async update(scalars: AdamWScalars): Promise<void> {
    const factors = Float64Array.from(adamWFactors(scalars));
    const slots = ADAMW_ARRAYS.map((slot) => this.store.wholes(slot));
    for (let i = 0; i < slots[0]!.length; i++) {
      this.addon.adamW(
        this.team,
        slots.map((wholes) => wholes[i]!),
        factors,
      );
    }
  }
}
