import { expect, it } from "vitest";
import { experimentKeys } from "../../../src/core/experiment/keys.ts";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import type { Experiment } from "../../../src/core/experiment/schema.ts";
import { valueSuggestions } from "../../../src/extension/language/valueSuggestions.ts";

function experimentOf(text: string): Experiment {
  const parsed = parseExperiment(`data: {path: ./images}\n${text}`);
  if (!parsed.ok) throw new Error("the text is not sound");
  return parsed.experiment;
}

const spec = (path: string) => experimentKeys().keys.get(path)!;
const texts = (path: string, text = "") => valueSuggestions(spec(path), experimentOf(text)).map((found) => found.text);

it("names what a key allows, and the default", () => {
  expect(texts("mask.strategy")).toEqual(["patch", "block", "stratified", "crop", "none"]);
  expect(texts("compute.command")).toContainEqual(expect.stringMatching(/^"sbatch .*\{script\}"$/));
  expect(valueSuggestions(spec("mask.strategy"), null).find(({ isDefault }) => isDefault)?.text).toBe("block");
  expect(texts("model.qkv_bias")).toEqual(["true", "false"]);
  expect(texts("data.background")).toEqual(['"#ffffff"']);
  expect(texts("engine.threads")).toEqual(["auto"]);
});

it("names numbers that fit the rest of the file, with what each comes to", () => {
  expect(texts("model.num_heads", "model: {embed_dim: 12, num_heads: 1}\n")).toEqual(["1", "2", "3", "4", "6", "12"]);
  expect(valueSuggestions(spec("mask.block_size"), experimentOf("mask: {rate: 0.75}\n"))).toContainEqual({
    text: "8",
    detail: "effective rate 0.75",
    isDefault: false,
  });
  expect(texts("pretrain.micro_batch_size", "pretrain: {batch_size: 6}\n")).toEqual(["auto", "1", "2", "3", "6"]);
});

it.each([...experimentKeys().keys.values()].filter(({ path }) => path !== "data.path").map(({ path }) => [path]))(
  "every value suggested for %s is one that it takes",
  (path) => {
    for (const { text } of valueSuggestions(spec(path), experimentOf(""))) {
      const [section, name] = path.split(".");
      const line = name === undefined ? `${section}: ${text}\n` : `${section}:\n  ${name}: ${text}\n`;
      const parsed = parseExperiment(section === "data" ? `${line}  path: a\n` : `data: {path: a}\n${line}`);
      expect(parsed.ok ? [] : parsed.diagnostics.map(({ message }) => message)).toEqual([]);
    }
  },
);
