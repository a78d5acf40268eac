/** The patterns of data.ignore. */
import { describe, expect, it } from "vitest";
import { IgnorePatterns, patternFor } from "../../../src/core/images/ignore.ts";

const matches = (pattern: string, path: string, isFolder = false): boolean =>
  new IgnorePatterns([pattern]).matchesPath(path, isFolder);

describe("a pattern of data.ignore", () => {
  it.each([
    ["thumbs", ["thumbs", "a/thumbs", "a/b/thumbs"], ["thumbs2", "a/thumbsx/c", "Thumbs"]],
    ["*_mask.png", ["1_mask.png", "a/b/_mask.png"], ["1_mask.jpg", "mask.png"]],
    ["img.00?1", ["img.0001", "a/img.00x1"], ["img.001", "img.00/1"]],
    ["/thumbs", ["thumbs"], ["a/thumbs"]],
    ["./thumbs", ["thumbs"], ["a/thumbs"]],
    ["a/*.png", ["a/1.png"], ["b/a/1.png", "a/b/1.png"]],
    ["a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a/xb", "b"]],
    ["**/b/c", ["b/c", "a/b/c"], ["b/d/c"]],
    ["a/**", ["a/1", "a/b/1"], ["a", "b/a/1"]],
    ["a+(b).[1]", ["a+(b).[1]"], ["aab.1", "a+(b)x[1]"]],
    ["\u{1f600}?", ["\u{1f600}\u{1f601}"], ["\u{1f600}"]],
  ])("%s", (pattern, yes, no) => {
    expect([...yes, ...no].filter((path) => matches(pattern, path))).toEqual(yes);
  });

  it("with a slash at the end matches folders only", () => {
    expect([matches("a/", "a", true), matches("a/", "x/a", true), matches("a/", "a")]).toEqual([true, true, false]);
  });

  it("is counted, also beside one that matches the same", () => {
    const patterns = new IgnorePatterns(["a*", "ab", "c"]);
    for (const path of ["ab", "x/ac", "d"]) patterns.matchesPath(path, false);
    expect(patterns.matches).toEqual([2, 1, 0]);
  });

  it.each(["secret", "a/secret", "od*d?"])("for a folder found matches it: %s", (path) => {
    expect(matches(patternFor(path), path, true)).toBe(true);
    expect(matches(patternFor(path), `x/${path}`, true)).toBe(false);
  });
});
