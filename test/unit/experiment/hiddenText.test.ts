import { expect, it } from "vitest";
import { hiddenText } from "../../../src/core/experiment/hiddenText.ts";
import { type ExperimentInput, experimentSchema } from "../../../src/core/experiment/schema.ts";

const text = (mask: ExperimentInput["mask"], model: ExperimentInput["model"]) =>
  hiddenText(experimentSchema.parse({ data: { path: "images" }, mask, model }));

it.each([
  ["drop", {}, { depth: 13 }, "Hidden tokens are dropped: the network never sees them."],
  [
    "route",
    { route_from: 3 },
    { depth: 12 },
    "Hidden tokens skip blocks 3 to 9 of 0 to 12; the loss is over all tokens.",
  ],
  [
    "route",
    {},
    { depth: 4, backbone: "dit" },
    "Hidden tokens skip blocks 1 to 2 of 0 to 3; the loss is over all tokens.",
  ],
  [
    "fuse",
    { route_from: 1 },
    { depth: 5 },
    "Hidden tokens skip the middle, block 2 of 0 to 4, which is fused with what came before it; the loss is over all tokens.",
  ],
] as const)("says what becomes of hidden tokens: %s", (mode, mask, model, expected) => {
  expect(text({ mode, ...mask }, model)).toBe(expected);
});
