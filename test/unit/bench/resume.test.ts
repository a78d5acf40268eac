import { describe, expect, it } from "vitest";
import { BadUsage, readOptions } from "../../../scripts/bench/options.ts";
import { requireComparable, resumed, settingsOf } from "../../../scripts/bench/resume.ts";
import { cell, record, row } from "./exampleRecord.ts";

const before = record([cell({ model: "S", maskRate: 0.9, batchSize: 8 }, 1e9, [row("onnx", { speeds: [9, 10, 11] })])]);
const settings = (line: string) => {
  const options = readOptions(`--threads 2 ${line}`.trim().split(" "));
  if (options === "help") throw new Error("no help was asked for");
  return settingsOf(options);
};

describe("a report is resumed", () => {
  it("with its own settings on its own machine", () => {
    expect(() => requireComparable(before, settings("--models tiny --mask-rates 0"), before.machine)).not.toThrow();
  });

  it.each([
    ["--threads 1", "--threads was 2 in the report, and is 1"],
    ["--rounds 3", "--rounds was 5 in the report, and is 3"],
    ["--block-seconds 1", "--block-seconds was 2 in the report, and is 1"],
    ["--row-minutes 4", "--row-minutes was 20 in the report, and is 4"],
    ["--micro-batch 4", "--micro-batch was not given in the report, and is 4"],
    ["--sampling-steps 10", "--sampling-steps was 50 in the report, and is 10"],
  ])("not with %s", (line, message) => {
    expect(() => requireComparable(before, settings(line), before.machine)).toThrow(message);
    expect(() => requireComparable(before, settings(line), before.machine)).toThrow(BadUsage);
  });

  it.each([
    [{ processor: "Another processor" }, "its processor is A processor, here Another processor"],
    [{ cores: 4 }, "its number of cores is 2, here 4"],
    [{ memoryGiB: 8 }, "its memory in GiB is 16, here 8"],
    [{ system: "linux 6.2" }, "its system is linux 6.1, here linux 6.2"],
  ])("not on a machine with %o", (other, message) => {
    expect(() => requireComparable(before, settings(""), { ...before.machine, ...other })).toThrow(message);
  });
});

describe("what a resumed report knows", () => {
  const { engines, missing, planned } = before;
  const now = { engines, missing, planned, args: ["--quick", "--resume"], load: 0.5 };

  it("adds what is new: engines, plans, load, and the command where it is another", () => {
    expect(resumed(before, now)).toEqual({ ...before, loadBefore: [0.04, 0.5] });
    const [onnx, pytorch, card] = engines;
    const quicker = { ...onnx!, peak: { flopsPerSecond: 2e11, size: 1024 } };
    const slower = { ...pytorch!, peak: { flopsPerSecond: 1, size: 1024 } };
    const fresh = { ...pytorch!, id: "tfjs-node" };
    const tiny = { model: "tiny", maskRate: 0, batchSize: 8 };
    const result = resumed(before, {
      engines: [quicker, slower, card!, fresh],
      missing: [{ id: "pytorch-compile", reason: "there is no compiler" }],
      planned: { cells: [...planned.cells, tiny], sampling: ["tiny"] },
      args: ["--resume", "--models", "tiny"],
      load: 0.5,
    });
    expect(result.engines).toEqual([quicker, pytorch, card, fresh]);
    expect(result.missing.map(({ id }) => id)).toEqual(["pytorch-compile"]);
    expect(result.planned).toEqual({ cells: [...planned.cells, tiny], sampling: ["tiny"] });
    expect(result.command).toBe("npm run bench -- --quick && npm run bench -- --models tiny --resume");
    for (const args of [["--quick"], ["--models", "tiny", "--resume"]]) {
      expect(resumed(result, { ...now, args, engines: result.engines }).command).toBe(result.command);
    }
  });

  it("an engine of it that is missing, or is another version, ends the resumption", () => {
    const [onnx, ...others] = engines;
    expect(() => resumed(before, { ...now, engines: others })).toThrow(
      "the report has the engine onnx, which takes no part now: it was not asked for",
    );
    const gone = [{ id: "onnx", reason: "it is not installed" }];
    expect(() => resumed(before, { ...now, engines: others, missing: gone })).toThrow("now: it is not installed");
    expect(() =>
      resumed(before, { ...now, engines: [{ ...onnx!, version: "onnxruntime-node 2" }, ...others] }),
    ).toThrow("onnx was onnxruntime-node 1 on 2 threads in the report, and is onnxruntime-node 2 on 2 threads");
  });
});
