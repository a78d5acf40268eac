/** A learned tensor: its name in checkpoints, its shape and its first values. */
import { RandomStream } from "../random/streams.ts";
import { sizeOf } from "./graph/graph.ts";

export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: "normal" | "zeros" | "ones";
}

/** Elements of all tensors together. */
export function countElements(specs: readonly Pick<ParameterSpec, "shape">[]): number {
  return specs.reduce((total, spec) => total + sizeOf(spec.shape), 0);
}

/**
 * Initial values of one tensor. The authors' truncation at ±2 lies a hundred deviations out, so the normal of deviation 0.02
 * is drawn as it is.
 * @param index position of the tensor among the network's, which is its item in the `init` stream
 */
export function initialise(spec: ParameterSpec, index: number, seed: number, out: Float32Array): void {
  if (spec.init === "normal") {
    new RandomStream({ seed, stage: "pretrain", stream: "init", step: 0, item: index }).fillNormal(
      out,
      0,
      out.length,
      0.02,
    );
  } else out.fill(spec.init === "ones" ? 1 : 0);
}
