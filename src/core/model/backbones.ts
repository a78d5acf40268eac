/** The networks that there are. */
import type { Backbone } from "./backbone.ts";
import { dit } from "./dit/network.ts";
import { countElements, type ParameterSpec } from "./parameterSpec.ts";
import type { ModelShape } from "./shape.ts";
import { uvit } from "./uvit/network.ts";

/** By the name that `model.backbone` gives. */
const BACKBONES: Readonly<Record<ModelShape["backbone"], Backbone>> = { uvit, dit };

/** The network of a shape. */
export function backboneOf(shape: ModelShape): Backbone {
  return BACKBONES[shape.backbone];
}

/** All learned tensors of a network in the order of the checkpoint. */
export function parameterSpecs(shape: ModelShape): ParameterSpec[] {
  return backboneOf(shape).parameters(shape);
}

/** E, tokens besides the patches, which come before them. */
export function extraTokens(shape: ModelShape): number {
  return backboneOf(shape).extraTokens(shape);
}

/** Numbers in all learned tensors of a network. */
export function parameterCount(shape: ModelShape): number {
  return countElements(parameterSpecs(shape));
}
