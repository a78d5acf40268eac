import { describe, expect, it } from "vitest";
import { editDistance, nearestName } from "../../../src/core/experiment/suggest.ts";

describe("nearestName", () => {
  const keys = ["patch_size", "embed_dim", "depth", "num_heads", "lr", "eta", "steps"];

  it.each([
    ["patchSize", "patch_size"],
    ["patch-size", "patch_size"],
    ["PATCH_SIZE", "patch_size"],
    ["ptach_size", "patch_size"],
    ["patch_sise", "patch_size"],
    ["hidden_size", "embed_dim"],
    ["layers", "depth"],
    ["lrr", "lr"],
    ["learning_rate", "lr"],
    ["setps", "steps"],
  ])("%s means %s", (name, expected) => expect(nearestName(name, keys)).toBe(expected));

  it.each(["frobnicate", "x", "", "data", "beta"])("%s means nothing", (name) =>
    expect(nearestName(name, keys)).toBe(null),
  );
});

describe("editDistance", () => {
  it("counts a swap of neighbours as one", () => {
    expect(editDistance("ab", "ba", 3)).toBe(1);
    expect(editDistance("steps", "setps", 3)).toBe(1);
  });

  it("counts insertions, deletions and substitutions", () => {
    expect(editDistance("kitten", "sitting", 5)).toBe(3);
    expect(editDistance("", "abc", 5)).toBe(3);
  });
});
