/** A compiled program with the names of its arrays. */
import type { Executable, Feed } from "../backend.ts";
import { StepCancelled } from "../stepCancelled.ts";
import type { Addon, Program } from "./addon.ts";
import type { NativeProgram } from "./program.ts";

export class NativeExecutable implements Executable {
  /** where outputs go that nobody asked for */
  private readonly unwanted = new Map<string, Float32Array>();

  constructor(
    private readonly addon: Addon,
    private readonly compiled: Program,
    private readonly program: NativeProgram,
  ) {}

  async run(inputs: ReadonlyMap<string, Feed>, outputs: ReadonlyMap<string, Float32Array>): Promise<void> {
    this.train(inputs, outputs, false, null);
  }

  /**
   * @param others outputs, and inputs that are the same every time; with factors also what momentName names
   * @param accumulate adds additive outputs to what their arrays hold
   * @param factors of AdamW (adamWFactors); null leaves the weights as they are
   * @returns seconds that the update took; null where there was none
   * @throws StepCancelled where the run was broken off: no weight has changed
   */
  train(
    inputs: ReadonlyMap<string, Feed>,
    others: ReadonlyMap<string, Float32Array>,
    accumulate: boolean,
    factors: Float64Array | null,
  ): number | null {
    const { lengths } = this.program;
    const arrays = this.program.arrays.map((name, i) => {
      const array = inputs.get(name) ?? others.get(name) ?? this.dump(name, i);
      if (array.length !== lengths[i]) {
        throw new RangeError(`${name} has ${array.length} elements, ${lengths[i]} are needed`);
      }
      return array;
    });
    const seconds = this.addon.run(this.compiled, arrays, accumulate, factors);
    if (Number.isNaN(seconds)) throw new StepCancelled();
    return seconds < 0 ? null : seconds;
  }

  async dispose(): Promise<void> {
    this.addon.destroyProgram(this.compiled);
  }

  private dump(name: string, place: number): Float32Array {
    const { inputs, lengths } = this.program;
    if (place < inputs) throw new RangeError(`the graph has no value for ${name}`);
    const array = this.unwanted.get(name) ?? new Float32Array(lengths[place]!);
    this.unwanted.set(name, array);
    return array;
  }
}
