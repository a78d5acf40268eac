/** What a training step comes to in the native engine, counted from its program; bounds as in trainingGraph.test.ts. */
import { describe, expect, it } from "vitest";
import { ALL_COMPOSITES } from "../../../src/core/model/graph/lower.ts";
import { trainingGraph } from "../../../src/core/model/graphs.ts";
import type { ModelShape } from "../../../src/core/model/shape.ts";
import { compileProgram } from "../../../src/trainer/engine/native/program.ts";
import { base, small, tiny, visible } from "./presets.ts";

const BATCH = 32;
/** Instructions of a network with one block, and of each pair of blocks that are joined. */
const ENDS_AND_MIDDLE = 72;
const PAIR_OF_BLOCKS = 82;
/** Activations that lie in memory at once, in widths of a token: of a network with one block, and of each pair. */
const WIDTHS_OF_ENDS_AND_MIDDLE = 19.2;
const WIDTHS_OF_PAIR = 22.1;

const cases = [
  ["tiny, masked", tiny, 0.9],
  ["tiny, whole", tiny, 0],
  ["S, masked", small, 0.9],
  ["S, whole", small, 0],
  ["B at 256 px, masked", base, 0.9],
] as const;

const graphOf = (shape: ModelShape, rate: number) => trainingGraph(shape, BATCH, visible(shape, rate), ALL_COMPOSITES);
const programOf = (shape: ModelShape, rate: number) => compileProgram(graphOf(shape, rate));
const pairsOf = ({ depth }: ModelShape): number => Math.floor(depth / 2);

describe("the native program of a training step", () => {
  it.each(cases)("%s: has no more instructions than its blocks account for", (_, shape, rate) => {
    const bound = ENDS_AND_MIDDLE + pairsOf(shape) * PAIR_OF_BLOCKS;
    expect(programOf(shape, rate).instructions).toBeLessThanOrEqual(bound);
  });

  it.each(cases)("%s: takes no more memory for activations than its blocks account for", (_, shape, rate) => {
    const tokens = BATCH * (visible(shape, rate) + 1);
    const bound = WIDTHS_OF_ENDS_AND_MIDDLE + pairsOf(shape) * WIDTHS_OF_PAIR;
    expect(programOf(shape, rate).arenaFloats / (tokens * shape.embedDim)).toBeLessThan(bound);
  });
});
