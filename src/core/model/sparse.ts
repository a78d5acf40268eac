/**
 * Blocks that only the visible tokens of a masked image go through, for every network alike: hidden tokens skip them (`route`: TREAD,
 * Krause et al. 2025) or meet what came of the others afterwards (`fuse`: SPRINT, Park et al. 2025). docs/hidden-tokens.md has both.
 */
import { dense, type Scope } from "./blocks/scope.ts";
import type { Tensor } from "./graph/graph.ts";
import { add, concat, multiply, pickRows, type RowChoice, spreadRows } from "./graph/operations.ts";
import type { ParameterSpec } from "./parameterSpec.ts";
import type { HiddenTokens, ModelShape } from "./shape.ts";

/** Tensors of `fuse`; they stand behind all others, whose first values keep their places in the random stream. */
const MASK_TOKEN = "fuse.mask_token";
const JOIN = "fuse.linear";

/** First values as in SPRINT's published code: normal of deviation 0.02 for the token, Xavier's uniform law for the layer. */
export function sparseParameters({ hidden, embedDim: D }: ModelShape): ParameterSpec[] {
  if (hidden.mode !== "fuse") return [];
  return [
    { name: MASK_TOKEN, shape: [1, D], init: { normal: 0.02 } },
    { name: `${JOIN}.weight`, shape: [D, 2 * D], init: { uniform: Math.sqrt(6 / (3 * D)) } },
    { name: `${JOIN}.bias`, shape: [D], init: "zeros" },
  ];
}

/** The blocks that only visible tokens go through, the last one excluded; counted in the order of execution. */
export function sparseBlocks(hidden: HiddenTokens, blocks: number): { readonly from: number; readonly until: number } {
  if (hidden.mode === "drop") return { from: 0, until: blocks };
  const ends = Math.min(hidden.denseBlocks, mostDenseBlocks(blocks));
  return { from: ends, until: blocks - ends };
}

/** Dense blocks at each end that leave one in the middle. */
export const mostDenseBlocks = (blocks: number): number => Math.floor((blocks - 1) / 2);

/** A block of a network: tokens [rows, D] of whole images or of their visible parts, to as many. */
export type Block = (x: Tensor) => Tensor;

/**
 * Runs a network's blocks in their order.
 * @param visible which rows are visible tokens; null where all rows are
 * @param x [rows, D]
 * @returns [rows, D]
 */
export function throughBlocks(scope: Scope, visible: RowChoice | null, x: Tensor, blocks: readonly Block[]): Tensor {
  const { g, shape, tensors } = scope;
  const run = (x: Tensor, from: number, until: number) => blocks.slice(from, until).reduce((x, block) => block(x), x);
  const { mode } = shape.hidden;
  const { from, until } = sparseBlocks(shape.hidden, blocks.length);
  const first = run(x, 0, from);
  const middle = run(visible ? pickRows(g, first, visible) : first, from, until);
  const joined = mode === "fuse" ? fuse() : visible ? withRest(visible, first) : middle;
  return run(joined, until, blocks.length);

  /** The middle's rows in their places, and those of `rest` elsewhere. @param rest [rows, D], or [1, D] for all of them */
  function withRest({ isKept, ...rows }: RowChoice, rest: Tensor): Tensor {
    const [isHidden] = g.node({ kind: "subtractFrom", term: 1 }, [isKept], [isKept.shape]) as [Tensor];
    return add(g, spreadRows(g, middle, { isKept, ...rows }), multiply(g, isHidden, rest));
  }

  /** W [sparse, dense] + b, the order of SPRINT's code. */
  function fuse(): Tensor {
    const sparse = visible ? withRest(visible, tensors(MASK_TOKEN)) : middle;
    return dense(scope, concat(g, [sparse, first], 1), JOIN);
  }
}
