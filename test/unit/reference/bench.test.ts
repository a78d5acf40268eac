/** The parts of the comparison with PyTorch (scripts/bench) that can be wrong without anybody noticing. */
import { describe, expect, it, vi } from "vitest";
import { median } from "../../../scripts/bench/measure.ts";
import { BadUsage, readOptions } from "../../../scripts/bench/options.ts";
import { PRESETS } from "../../../scripts/bench/presets.ts";
import { EngineProcess } from "../../../scripts/bench/protocol.ts";
import { type Comparison, ratioOf, table } from "../../../scripts/bench/report.ts";
import { repositoryRoot, TORCH_MODULES } from "../../python/findPython.ts";
import { requirePython } from "../../python/requirePython.ts";

// A busy machine takes its time to import torch.
vi.setConfig({ testTimeout: 240_000 });

describe("options of the comparison", () => {
  it("the presets are those of the method, at every rate", () => {
    const options = readOptions([]);
    if (options === "help") throw new Error("no help was asked for");
    expect(options.models.map(({ name }) => name)).toEqual(["tiny", "S"]);
    expect(options.maskRates).toEqual([0, 0.5, 0.9]);
    expect(options.batchSizes).toBeNull();
    expect(PRESETS.map(({ batchSize }) => [0, 0.5, 0.9].map(batchSize))).toEqual([
      [32, 32, 32],
      [4, 32, 32],
    ]);
  });

  it("are read", () => {
    const args = "--models S --mask-rates 0.25,0.75 --batch-sizes 8,16 --micro-batch 4 --pairs 9 --threads 3";
    expect(readOptions(args.split(" "))).toMatchObject({
      models: [{ name: "S" }],
      maskRates: [0.25, 0.75],
      batchSizes: [8, 16],
      microBatch: 4,
      pairs: 9,
      threads: 3,
    });
    expect(readOptions(["-h"])).toBe("help");
  });

  it.each([
    ["--pairs", "4"],
    ["--pairs", "5.5"],
    ["--mask-rates", "1"],
    ["--mask-rates", ""],
    ["--models", "M"],
  ])("%s %s is refused", (...args) => {
    expect(() => readOptions(args)).toThrow(BadUsage);
  });
});

describe("figures of the comparison", () => {
  it("median of odd and even counts", () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([7])).toBe(7);
  });

  it("the ratio is the median of the pairs' ratios, not the ratio of the medians", () => {
    const pairs = [
      { ours: 1, torch: 2 },
      { ours: 30, torch: 10 },
      { ours: 5, torch: 5 },
    ];
    expect(ratioOf(pairs)).toEqual({ median: 1, lowest: 0.5, highest: 3 });
  });

  it("the table names both engines' figures", () => {
    const row = { maskRate: 0.9, batchSize: 32, stepsPerSecond: 1 };
    const comparison: Comparison = {
      model: "tiny",
      maskRate: 0.9,
      batchSize: 32,
      microBatch: 32,
      visibleTokens: 7,
      tokens: 64,
      parameters: 1,
      equivalence: { ours: [1], torch: [1], largestDifference: 1.26e-7 },
      torchVariant: "sdpa, fused",
      torchSecondsPerStepTried: {},
      pairs: [],
      ratio: { median: 0.954, lowest: 0.9, highest: 1 },
      rows: [
        { ...row, backend: "onnx", imagesPerSecond: 812.3, peakMemoryBytes: 2 ** 30 },
        { ...row, backend: "pytorch-eager", imagesPerSecond: 85.21, peakMemoryBytes: 2 ** 29 },
      ],
    };
    const [head, rule, line, ...rest] = table([comparison]).split("\n");
    expect(rest).toEqual([]);
    expect(new Set([head, rule, line].map((text) => text?.length)).size).toBe(1);
    expect(line?.split("|").map((cell) => cell.trim())).toEqual([
      "",
      "tiny",
      "0.9",
      "7 of 64",
      "32",
      "812",
      "85.2",
      "**0.95** (0.90 to 1.00)",
      "1.00",
      "0.50",
      "sdpa, fused",
      "1.3e-7",
      "",
    ]);
  });
});

describe("an engine's process", () => {
  it("that dies, or never was, is an error and not a wait", async () => {
    const dies = new EngineProcess("this one", process.execPath, ["-e", "console.error('alas'); process.exit(3)"]);
    await expect(dies.ask("memory", {})).rejects.toThrow(/this one: ended with 3\nalas/);
    await expect(dies.ask("memory", {})).rejects.toThrow("has ended");
    await dies.quit();
    const never = new EngineProcess("that one", "no-such-program", []);
    await expect(never.ask("memory", {})).rejects.toThrow(/that one: .*ENOENT/);
    await never.quit();
  });
});

describe("PyTorch's side of the comparison", () => {
  it("sets up, steps, and names what is wrong", async (test) => {
    const python = requirePython(test, TORCH_MODULES);
    const torch = new EngineProcess("PyTorch", python, [`${repositoryRoot}/scripts/bench/torch_bench.py`]);
    const config = { image_size: 8, channels: 3, patch_size: 2, embed_dim: 16, depth: 3, num_heads: 2 };
    const work = { config, maskRate: 0.9, batchSize: 4, microBatch: 2, seed: 0 };
    try {
      expect(await torch.ask("hello", { threads: 1 })).toMatchObject({ backend: "pytorch-eager", threads: 1 });
      await expect(torch.ask("steps", { n: 1 })).rejects.toThrow("setup comes first");
      const variant = { attention: "sdpa", optimizer: "fused" };
      // N = 16: floor(0.9 · 16) = 14 hidden
      expect((await torch.ask("setup", { ...work, ...variant })).visibleTokens).toBe(2);
      const { seconds, loss } = await torch.ask("steps", { n: 3 });
      expect(seconds).toBeGreaterThan(0);
      expect(loss).toBeGreaterThan(0.1);
      expect((await torch.ask("memory", {})).peakMemoryBytes).toBeGreaterThan(2 ** 26);
    } finally {
      await torch.quit();
    }
  });
});
