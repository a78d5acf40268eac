import { describe, expect, it } from "vitest";
import { applyOverrides, parseExperiment } from "../../../src/core/experiment/parse.ts";
import type { Experiment } from "../../../src/core/experiment/schema.ts";
import { cpuClock, slowness } from "../../support/slowness.ts";
import { cpuMilliseconds } from "../lint/cpuTime.ts";

const SMALLEST = "data:\n  path: ./images\n";

function experimentOf(text: string): Experiment {
  const parsed = parseExperiment(text);
  if (!parsed.ok) throw new Error(parsed.diagnostics.map(({ message }) => message).join("\n"));
  return parsed.experiment;
}

function problemsOf(text: string): string[] {
  const parsed = parseExperiment(text);
  return parsed.ok ? [] : parsed.diagnostics.map(({ line, column, code }) => `${line}:${column} ${code}`);
}

describe("parseExperiment", () => {
  it("fills in every default, those of the two stages included", () => {
    const experiment = experimentOf(SMALLEST);
    expect(experiment.data).toEqual({
      path: "./images",
      ignore: [],
      image_size: 64,
      channels: 3,
      hflip: 0,
      background: "#ffffff",
      labels: "none",
      max_broken: 0.05,
      holdout: 0,
    });
    expect(experiment.mask).toEqual({
      strategy: "block",
      rate: 0.9,
      block_size: 4,
      cell_size: 2,
      crop_size: null,
      mode: "drop",
      route_from: 2,
      fuse_blocks: 2,
    });
    expect(experiment.pretrain.batch_size).toBe(256);
    expect(experiment.finetune.batch_size).toBe(128);
    expect(experiment.finetune.from).toBe(null);
    expect(experiment.pretrain.betas).toEqual([0.99, 0.99]);
    expect(experiment.seed).toBe(0);
  });

  it("reads numbers as YAML 1.2 writes them", () => {
    const { pretrain } = experimentOf(
      `${SMALLEST}pretrain:\n  lr: 1e-4\n  steps: 0x10\n  clip_grad: 1.\n  weight_decay: .5\n`,
    );
    expect(pretrain).toMatchObject({ lr: 1e-4, steps: 16, clip_grad: 1, weight_decay: 0.5 });
    expect(experimentOf(`${SMALLEST}pretrain: {steps: 1e5, batch_size: 0o20}\n`).pretrain).toMatchObject({
      steps: 100_000,
      batch_size: 16,
    });
  });

  it("reads a file with a byte order mark and CRLF line ends, and counts columns without them", () => {
    expect(experimentOf("\ufeffdata:\r\n  path: ./images # here\r\n").data.path).toBe("./images");
    const parsed = parseExperiment("\ufeffdato:\r\n  path: 3\r\n");
    expect(parsed.ok ? null : parsed.diagnostics[0]).toMatchObject({
      line: 1,
      column: 1,
      endLine: 1,
      endColumn: 5,
      code: "MDM010",
    });
  });

  it("counts columns in UTF-16 units, as editors do", () => {
    const parsed = parseExperiment('data: {path: "\u{1f600}", image_size: no}\n');
    expect(parsed.ok ? null : parsed.diagnostics[0]).toMatchObject({ line: 1, column: 32, endColumn: 34 });
  });

  it("follows aliases and merge keys, own keys first", () => {
    const text = `${SMALLEST}pretrain: &stage\n  lr: 1e-3\n  steps: &steps 700\nfinetune:\n  <<: *stage\n  lr: 2e-5\nsample: {steps: *steps}\n`;
    const { pretrain, finetune, sample } = experimentOf(text);
    expect(pretrain).toMatchObject({ lr: 1e-3, steps: 700 });
    expect(finetune).toMatchObject({ lr: 2e-5, steps: 700 });
    expect(sample.steps).toBe(700);
  });

  it("tells a mistake in a shared section once, where it stands", () => {
    expect(problemsOf(`${SMALLEST}pretrain: &stage\n  lrr: 1\nfinetune: *stage\n`)).toEqual(["4:3 MDM010"]);
    expect(problemsOf(`${SMALLEST}pretrain: &stage\n  zzzzzz: 1\nfinetune:\n  <<: *stage\n`)).toEqual(["4:3 MDM010"]);
  });

  it("does not mistake keys of the prototype for keys of the file", () => {
    expect(problemsOf("data: {path: x, __proto__: {image_size: 1}}\n")).toEqual(["1:17 MDM010"]);
    expect(problemsOf(`${SMALLEST}constructor: 1\ntoString: 2\n`)).toEqual(["3:1 MDM010", "4:1 MDM010"]);
    expect(problemsOf("hasOwnProperty: 1\n")).toEqual(["1:1 MDM010", "1:1 MDM011"]);
  });

  it("tells of a mapping in a list of names", () => {
    const parsed = parseExperiment("data: {path: images, ignore: [thumbs, {a: 1}]}\n");
    expect(parsed.ok ? [] : parsed.diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([
      expect.stringMatching(/^MDM013 data\.ignore must be a list of up to 64 texts/),
    ]);
  });

  it("reports everything wrong with the values at once", () => {
    const text = "data:\n  path: ./images\n  hflip: 2\nmodel:\n  depth: x\nsample:\n  eta: 3\n";
    expect(problemsOf(text)).toEqual(["3:10 MDM013", "5:10 MDM012", "7:8 MDM013"]);
  });

  it.each([
    ["brackets", "[".repeat(30_000)],
    ["mappings in mappings", "{a: ".repeat(15_000)],
    ["dashes", "- ".repeat(30_000)],
    ["explicit keys", "? ".repeat(30_000)],
    ["keys", Array.from({ length: 3500 }, (_, i) => `k${i}: 1`).join("\n")],
    ["as many keys as are read", Array.from({ length: 1000 }, (_, i) => `k${i}: 1`).join("\n")],
    ["aliases", `a: &a 1\n${Array.from({ length: 2500 }, (_, i) => `k${i}: *a`).join("\n")}`],
    ["as many aliases as are read", `a: &a 1\n${Array.from({ length: 999 }, (_, i) => `k${i}: *a`).join("\n")}`],
    ["blank lines", "\n".repeat(32_000)],
    ["colons", "a: ".repeat(21_000)],
    ["indents", Array.from({ length: 350 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")],
    ["an open quote", `data:\n  path: "${"\n".repeat(60_000)}`],
    ["brackets closed in comments", "[ # ]\n".repeat(5000)],
    ["brackets closed in texts", "['] '\n".repeat(9000)],
    [
      "one deep list below another",
      Array.from({ length: 40 }, (_, i) => `${"  ".repeat(20 * i)}${"- ".repeat(20)}`).join("\n"),
    ],
    ["keys on one line", "a: ".repeat(60)],
    ["tags and dashes", "- !a ".repeat(12_000)],
    ["anchors and dashes", "- &a ".repeat(12_000)],
    ["one key again and again", "a:\n".repeat(10_000)],
    ["quotes", '"'.repeat(30_000)],
    ["block texts", "a: |\n".repeat(6000)],
    ["far too much", "data:\n".repeat(1_000_000)],
  ])("a file of nothing but %s is refused within a second", (_, text) => {
    let parsed = parseExperiment("");
    const taken = cpuMilliseconds(() => {
      parsed = parseExperiment(text);
    });
    expect(taken).toBeLessThan(1000 * slowness(cpuClock));
    expect(parsed.ok).toBe(false);
    expect(parsed.ok ? 0 : parsed.diagnostics.length).toBeGreaterThan(0);
  });
});

describe("parseExperiment with overrides", () => {
  it("takes the override for the file's value, and returns the text with it", () => {
    const parsed = parseExperiment(`${SMALLEST}pretrain:\n  steps: 10 # short\n`, [
      { path: "pretrain.steps", value: "20" },
    ]);
    expect(parsed.ok && parsed.experiment.pretrain.steps).toBe(20);
    expect(parsed.ok && parsed.document.text).toBe(`${SMALLEST}pretrain:\n  steps: 20 # short\n`);
  });

  it("can mend a file whose value is refused", () => {
    const parsed = parseExperiment(`${SMALLEST}pretrain:\n  steps: many\n`, [{ path: "pretrain.steps", value: "20" }]);
    expect(parsed.ok && parsed.experiment.pretrain.steps).toBe(20);
  });

  it.each([
    ["pretrian.steps", "7", "--set pretrian.steps=7: there is no key pretrian.steps. Did you mean pretrain.steps?"],
    [
      "steps",
      "7",
      "--set steps=7: there is no key steps. Did you mean pretrain.steps, finetune.steps or sample.steps?",
    ],
    ["mask", "crop", "--set mask=crop: mask is a section; set one of its keys, such as mask.strategy."],
    ["nothing.like.this", "1", "Sections: data, model, mask, diffusion, pretrain, finetune, sample, engine, compute."],
    ["pretrain.steps", "[1", "This bracket is never closed: a ] is missing."],
    [
      "pretrain.steps",
      "many",
      '--set pretrain.steps=many: pretrain.steps must be a whole number from 1 to 1,000,000,000, but is the text "many".',
    ],
    ["data.hflip", "2", "--set data.hflip=2: data.hflip must be a number from 0 to 1, but is 2."],
    ["pretrain.lr", "", "pretrain.lr has no value"],
  ])("--set %s=%s is an error that names itself", (path, value, message) => {
    const parsed = parseExperiment(SMALLEST, [{ path, value }]);
    expect(parsed.ok).toBe(false);
    if (parsed.ok) return;
    expect(parsed.diagnostics).toHaveLength(1);
    expect(parsed.diagnostics[0]!.message).toContain(message);
    expect(parsed.diagnostics[0]).toMatchObject({ line: 1, severity: "error" });
  });

  it("points at the file's own value for mistakes that are not the override's", () => {
    const parsed = parseExperiment(`# a\n${SMALLEST}  hflip: 2\n`, [{ path: "model.depth", value: "5" }]);
    expect(parsed.ok ? [] : parsed.diagnostics).toMatchObject([{ line: 4, column: 10, code: "MDM013" }]);
  });

  it("reports a file that is no YAML before any override", () => {
    const parsed = parseExperiment("data: [\n", [{ path: "seed", value: "1" }]);
    expect(parsed.ok ? [] : parsed.diagnostics.map(({ code }) => code)).toEqual(["MDM001"]);
  });

  it("agrees with applyOverrides", () => {
    const overrides = [
      { path: "seed", value: "3" },
      { path: "mask.strategy", value: "crop" },
    ];
    const parsed = parseExperiment(SMALLEST, overrides);
    expect(parsed.ok && parsed.document.text).toBe(applyOverrides(SMALLEST, overrides));
  });
});
