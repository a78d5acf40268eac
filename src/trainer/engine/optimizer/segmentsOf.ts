import { sizeOf } from "../../../core/model/graph/graph.ts";
import type { ParameterSpec } from "../../../core/model/parameterSpec.ts";

/**
 * Neighbouring tensors in groups, since one memory or buffer can be so large only.
 * @param limit elements of a group at most, unless one tensor has more
 * @param multiple of which the elements that a tensor takes are one
 */
export function segmentsOf(specs: readonly ParameterSpec[], limit: number, multiple = 1): ParameterSpec[][] {
  const groups: ParameterSpec[][] = [];
  let filled = Number.POSITIVE_INFINITY;
  for (const spec of specs) {
    const size = multiple * Math.ceil(sizeOf(spec.shape) / multiple);
    if (filled + size > limit) {
      groups.push([]);
      filled = 0;
    }
    groups.at(-1)!.push(spec);
    filled += size;
  }
  return groups;
}
