/** Collects the learned tensors of a network in the order of its checkpoint. */
import type { Init, ParameterSpec } from "../parameterSpec.ts";

export class ParameterList {
  readonly specs: ParameterSpec[] = [];

  /** @param weightInit first values of a linear layer's weight, by its sizes */
  constructor(private readonly weightInit: (out: number, inner: number) => Init) {}

  add(name: string, shape: readonly number[], init: Init): void {
    this.specs.push({ name, shape, init });
  }

  /** Weight [out, inner] of a linear layer without bias. */
  weight(name: string, out: number, inner: number, init: Init = this.weightInit(out, inner)): void {
    this.add(`${name}.weight`, [out, inner], init);
  }

  /** Weight [out, inner] and bias [out] of a linear layer, which scope.ts's dense uses. */
  linear(name: string, out: number, inner: number, init?: Init): void {
    this.weight(name, out, inner, init);
    this.add(`${name}.bias`, [out], "zeros");
  }
}
