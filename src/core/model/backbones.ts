/** The networks that there are. */
import type { Backbone } from "./backbone.ts";
import { countElements, type ParameterSpec } from "./parameterSpec.ts";
import type { ModelShape } from "./shape.ts";
import { uvit } from "./uvit/network.ts";

/** The network of a shape. */
export function backboneOf(_shape: ModelShape): Backbone {
  return uvit;
}

/** All learned tensors of a network in the order of the checkpoint. */
export function parameterSpecs(shape: ModelShape): ParameterSpec[] {
  return backboneOf(shape).parameters(shape);
}

/** Numbers in all learned tensors of a network. */
export function parameterCount(shape: ModelShape): number {
  return countElements(parameterSpecs(shape));
}
