/** A compiled program with the names of its arrays. */

import { type Graph, sizeOf } from "../../../core/model/graph/graph.ts";
import type { Executable, Feed } from "../backend.ts";
import type { Addon, Program } from "./addon.ts";
import type { NativeProgram } from "./program.ts";
import { MOMENTS, momentName } from "./updates.ts";

export class NativeExecutable implements Executable {
  /** where outputs go that nobody asked for */
  private readonly unwanted = new Map<string, Float32Array>();
  private readonly sizes: ReadonlyMap<string, number>;

  constructor(
    private readonly addon: Addon,
    private readonly compiled: Program,
    private readonly program: NativeProgram,
    graph: Graph,
    /** those that the program can update */
    parameters: readonly string[],
  ) {
    const sizes = new Map([...graph.inputs, ...graph.outputs].map(({ name, tensor }) => [name, sizeOf(tensor.shape)]));
    for (const parameter of parameters)
      for (const moment of MOMENTS) sizes.set(momentName(moment, parameter), sizes.get(parameter)!);
    this.sizes = sizes;
  }

  async run(inputs: ReadonlyMap<string, Feed>, outputs: ReadonlyMap<string, Float32Array>): Promise<void> {
    this.train(inputs, outputs, false, null);
  }

  /**
   * @param others outputs, and inputs that are the same every time; with factors also what momentName names
   * @param accumulate adds additive outputs to what their arrays hold
   * @param factors of AdamW (adamWFactors); null leaves the weights as they are
   * @returns seconds that the update took; null where there was none
   */
  train(
    inputs: ReadonlyMap<string, Feed>,
    others: ReadonlyMap<string, Float32Array>,
    accumulate: boolean,
    factors: Float64Array | null,
  ): number | null {
    const arrays = this.program.arrays.map((name) => {
      const array = inputs.get(name) ?? others.get(name) ?? this.dump(name);
      if (array.length !== this.sizes.get(name)) {
        throw new RangeError(`${name} has ${array.length} elements, ${this.sizes.get(name)} are needed`);
      }
      return array;
    });
    const seconds = this.addon.run(this.compiled, arrays, accumulate, factors);
    return seconds < 0 ? null : seconds;
  }

  async dispose(): Promise<void> {
    this.addon.destroyProgram(this.compiled);
  }

  private dump(name: string): Float32Array {
    const size = this.sizes.get(name);
    const isOutput = this.program.arrays.indexOf(name) >= this.program.inputs;
    if (size === undefined || !isOutput) throw new RangeError(`the graph has no value for ${name}`);
    const array = this.unwanted.get(name) ?? new Float32Array(size);
    this.unwanted.set(name, array);
    return array;
  }
}
