/**
 * How the learned tensors lie in a device's memory: many in one array, so that an update is a few large operations instead of a
 * few for each tensor, but not all in one, since a device limits how large a buffer may be.
 */
import { sizeOf } from "../../../core/model/graph/graph.ts";
import type { ParameterSpec } from "../../../core/model/parameterSpec.ts";
import { paddedTo } from "../optimizer/segmentsOf.ts";

/** Segments are padded with zeros to rows of so many elements: the first of two steps in which squares are summed. */
export const ROW = 1024;
/** 64 MiB, half of what every WebGPU device allows for a buffer. A tensor that is larger has a segment of its own. */
export const SEGMENT_FLOATS = 2 ** 24;

export interface SegmentLayout {
  /** elements of each tensor, one after the other */
  readonly sizes: readonly number[];
  /** elements that they take together */
  readonly used: number;
  /** elements in all, a multiple of ROW */
  readonly length: number;
}

export function segmentLayout(specs: readonly ParameterSpec[]): SegmentLayout {
  const sizes = specs.map(({ shape }) => sizeOf(shape));
  const used = sizes.reduce((total, size) => total + size, 0);
  return { sizes, used, length: paddedTo(ROW, used) };
}
