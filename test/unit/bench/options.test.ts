import { describe, expect, it } from "vitest";
import { BadUsage, HELP, type Options, readOptions } from "../../../scripts/bench/options.ts";
import { planCells } from "../../../scripts/bench/plan.ts";

function read(line: string): Options {
  const options = readOptions(line === "" ? [] : line.split(" "));
  if (options === "help") throw new Error("no help was asked for");
  return options;
}

const rows = (options: Options) =>
  planCells(options, 2).map(({ facts }) => [facts.model, facts.maskRate, facts.batchSize].join(" "));

describe("options of the benchmark", () => {
  it("without any, all models, rates and batches of the method are measured", () => {
    const options = read("");
    expect(options).toMatchObject({
      engines: null,
      parts: ["steps", "sampling"],
      quick: false,
      out: "docs/benchmarks",
    });
    const expected = ["tiny", "S"].flatMap((model) =>
      [0, 0.5, 0.75, 0.9].flatMap((rate) => [8, 32, 128].map((batch) => [model, rate, batch].join(" "))),
    );
    expect(rows(options).sort()).toEqual([...expected, "B 0.9 8"].sort());
  });

  it("--quick is a few rows, and does not write into docs", () => {
    const options = read("--quick");
    expect(rows(options)).toEqual(["tiny 0.9 32", "tiny 0 32", "S 0.9 32", "S 0 32"]);
    expect(options.out).toBe("out/bench/report");
    expect(read("--quick --batch-sizes 8 --out docs/benchmarks")).toMatchObject({
      batchSizes: [8],
      out: "docs/benchmarks",
    });
  });

  it("are read", () => {
    const line =
      "--engines pytorch,onnx --models S --mask-rates 0.25,0.75 --batch-sizes 8,16 --micro-batch 4 --rounds 9 --threads 3 --only sampling --resume";
    expect(read(line)).toMatchObject({
      engines: ["pytorch", "onnx"],
      models: [{ name: "S" }],
      maskRates: [0.25, 0.75],
      batchSizes: [8, 16],
      microBatch: 4,
      rounds: 9,
      threads: 3,
      parts: ["sampling"],
      resume: true,
    });
    expect(readOptions(["-h"])).toBe("help");
  });

  it("are all in the help", () => {
    const names = Object.keys(read("")).filter((name) => name !== "parts");
    for (const name of names) {
      const option = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      expect(HELP).toContain(`--${option}`);
    }
  });

  it.each([
    "--rounds 2",
    "--rounds 5.5",
    "--mask-rates 1",
    "--mask-rates ",
    "--models M",
    "--engines onnx,caffe",
    "--only training",
    "--only steps,products",
    "--row-minutes -1",
    "--fast",
    "tiny",
  ])("%s is refused", (line) => {
    expect(() => readOptions(line.split(" "))).toThrow(BadUsage);
  });

  it("a micro-batch has to divide every batch", () => {
    expect(() => rows(read("--models tiny --batch-sizes 8,12 --micro-batch 8"))).toThrow("8 does not divide 12");
  });
});
