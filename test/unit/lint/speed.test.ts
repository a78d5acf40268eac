import { expect, it } from "vitest";
import { lintExperiment } from "../../../src/core/lint/lint.ts";
import { cpuClock, slowness } from "../../support/slowness.ts";
import { cpuMilliseconds } from "./cpuTime.ts";
import { experimentFixtures } from "./fixtures.ts";

it("a file of 200 lines is linted in less than 10 ms, once warm, on a machine that is not slow", () => {
  const { text } = experimentFixtures("good").find(({ name }) => name === "every-key")!;
  const comment = "# What a note on the experiment looks like, of about the length that people write.\n";
  const lines = text.trimEnd().split("\n").length;
  const long = text + comment.repeat(200 - lines);
  expect(long.trimEnd().split("\n")).toHaveLength(200);
  const facts = { memoryBytes: 2 ** 34, cores: 8, dataset: { exists: true, images: 1039, classes: 10 } };
  // As in an editor, where the same file is linted again after every change.
  for (let i = 0; i < 30; i++) lintExperiment(long, facts);
  const times = Array.from({ length: 41 }, () => cpuMilliseconds(() => lintExperiment(long, facts))).sort(
    (a, b) => a - b,
  );
  expect(times[20]).toBeLessThan(10 * slowness(cpuClock));
});
