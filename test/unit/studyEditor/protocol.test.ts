import { describe, expect, it } from "vitest";
import { studyRequests } from "../../../src/core/protocol/study.ts";

const edit = (...changes: unknown[]) => studyRequests.edit.safeParse({ changes }).success;

describe("messages of the study's page", () => {
  it("name keys of a study, and axes by any name", () => {
    expect(edit({ path: ["metric"], value: "kid" })).toBe(true);
    expect(edit({ path: ["axes", "mask.rate"], value: [0.1, 0.5] })).toBe(true);
    expect(edit({ path: ["axes", "size"], value: [{ "model.depth": 3 }] }, { path: ["budget"], remove: true })).toBe(
      true,
    );
  });

  it("are refused with other keys, with nothing to change, with places in the text, or too long", () => {
    expect(edit({ path: ["constructor"], value: 1 })).toBe(false);
    expect(edit({ path: [], value: 1 })).toBe(false);
    expect(edit()).toBe(false);
    expect(edit({ path: ["base"], value: "a", range: [0, 1] })).toBe(false);
    expect(edit({ path: ["base"], value: "a".repeat(30_000) })).toBe(false);
    expect(edit({ path: ["axes", "mask.rate"], value: undefined })).toBe(false);
  });

  it("name cells by their places", () => {
    expect(studyRequests.openRuns.safeParse({ cells: [0, 4] }).success).toBe(true);
    expect(studyRequests.openRuns.safeParse({ cells: ["../other"] }).success).toBe(false);
    expect(studyRequests.openRuns.safeParse({ cells: [] }).success).toBe(false);
  });
});
