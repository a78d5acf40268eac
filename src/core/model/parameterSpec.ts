/** A learned tensor: its name in checkpoints, its shape and its first values. */
import { RandomStream } from "../random/streams.ts";
import { sizeOf } from "./graph/graph.ts";

/** First values: constant, normal of a standard deviation around 0, or uniform in ±bound. */
export type Init = "zeros" | "ones" | { readonly normal: number } | { readonly uniform: number };

export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: Init;
}

/** Elements of all tensors together. */
export function countElements(specs: readonly Pick<ParameterSpec, "shape">[]): number {
  return specs.reduce((total, spec) => total + sizeOf(spec.shape), 0);
}

/**
 * Initial values of one tensor.
 * @param index position of the tensor among the network's, which is its item in the `init` stream
 */
export function initialise(
  { init }: Pick<ParameterSpec, "init">,
  index: number,
  seed: number,
  out: Float32Array,
): void {
  if (init === "zeros" || init === "ones") {
    out.fill(init === "ones" ? 1 : 0);
    return;
  }
  const stream = new RandomStream({ seed, stage: "pretrain", stream: "init", step: 0, item: index });
  if ("normal" in init) stream.fillNormal(out, 0, out.length, init.normal);
  else for (let i = 0; i < out.length; i++) out[i] = init.uniform * (2 * stream.uniform() - 1);
}
