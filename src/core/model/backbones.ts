/** The networks that there are. */
import type { Backbone } from "./backbone.ts";
import { dit } from "./dit/network.ts";
import { outputConvParameters } from "./outputConv.ts";
import { isOwnNetwork, ownNetwork } from "./ownNetwork.ts";
import { countElements, type ParameterSpec } from "./parameterSpec.ts";
import type { ModelShape } from "./shape.ts";
import { mostDenseBlocks, sparseParameters } from "./sparse.ts";
import { uvit } from "./uvit/network.ts";

/** By the name that `model.backbone` gives; the first is the default. */
export const BACKBONES = { uvit, dit } as const satisfies Readonly<Record<string, Backbone>>;

export type BackboneName = keyof typeof BACKBONES;
export const BACKBONE_NAMES = Object.keys(BACKBONES) as [BackboneName, ...BackboneName[]];

/** The network of a shape. @throws RangeError where there is none of that name */
export function backboneOf({ backbone }: Pick<ModelShape, "backbone">): Backbone {
  if (isOwnNetwork(backbone)) return ownNetwork;
  const found = Object.entries(BACKBONES).find(([name]) => name === backbone);
  if (!found) throw new RangeError(`there is no backbone ${backbone}`);
  return found[1];
}

/**
 * Whether a network of this shape can be built here: it is none in Python, patches divide the image, heads the width, the width has its parts, and blocks are
 * left between the dense ones.
 */
export function isBuildable(shape: ModelShape): boolean {
  const { imageSize, patchSize, embedDim, numHeads, depth, hidden } = shape;
  if (isOwnNetwork(shape.backbone)) return false;
  const { widthUnit, blocks } = backboneOf(shape);
  if (hidden.mode !== "drop" && mostDenseBlocks(blocks(depth)) === 0) return false;
  return imageSize % patchSize === 0 && embedDim % numHeads === 0 && embedDim % widthUnit(shape).multiple === 0;
}

/** All learned tensors of a network in the order of the checkpoint. */
export function parameterSpecs(shape: ModelShape): ParameterSpec[] {
  return [...backboneOf(shape).parameters(shape), ...sparseParameters(shape), ...outputConvParameters(shape)];
}

/** E, tokens besides the patches, which come before them. */
export function extraTokens(shape: ModelShape): number {
  return backboneOf(shape).extraTokens(shape);
}

/** Numbers in all learned tensors of a network. */
export function parameterCount(shape: ModelShape): number {
  return countElements(parameterSpecs(shape));
}
