/** What becomes of the hidden tokens of an experiment, in a sentence. */
import { backboneOf } from "../model/backbones.ts";
import { modelShape } from "../model/shape.ts";
import { sparseBlocks } from "../model/sparse.ts";
import type { Experiment } from "./schema.ts";

export function hiddenText(experiment: Experiment): string {
  const shape = modelShape(experiment);
  const blocks = backboneOf(shape).blocks(shape.depth);
  const { from, until } = sparseBlocks(shape.hidden, blocks);
  const [first, last] = [from, until - 1];
  const middle = `${first === last ? `block ${first}` : `blocks ${first} to ${last}`} of 0 to ${blocks - 1}`;
  switch (shape.hidden.mode) {
    case "drop":
      return "Hidden tokens are dropped: the network never sees them.";
    case "route":
      return `Hidden tokens skip ${middle}; the loss is over all tokens.`;
    case "fuse":
      return `Hidden tokens skip the middle, ${middle}, which is fused with what came before it; the loss is over all tokens.`;
  }
}
