import { describe, expect, it } from "vitest";
import { experimentKeys } from "../../../src/core/experiment/keys.ts";
import { fieldKind, parseField, placeholderOf, valueText } from "../../../webview/ui/fieldValue.ts";

const spec = (path: string) => experimentKeys().keys.get(path)!;

describe("fields of keys", () => {
  it.each([
    ["mask.strategy", "choice"],
    ["data.channels", "choice"],
    ["sample.clip", "check"],
    ["data.background", "colour"],
    ["mask.rate", "number"],
    ["mask.crop_size", "number"],
    ["pretrain.micro_batch_size", "number"],
    ["data.path", "text"],
    ["pretrain.betas", "text"],
    ["data.ignore", "text"],
  ])("%s has a %s", (path, kind) => {
    expect(fieldKind(spec(path))).toBe(kind);
  });

  it("gives every default back as it shows it", () => {
    for (const key of experimentKeys().keys.values()) {
      const { default: standard } = key.schema;
      if (standard === undefined || standard === null) continue;
      // An empty list is an empty field.
      const same = valueText(standard) === "" ? { kind: "default" } : { kind: "value", value: standard };
      expect(parseField(key, valueText(standard)), key.path).toEqual(same);
    }
  });

  it.each([
    ["mask.rate", " 0.5 ", 0.5],
    ["pretrain.lr", "2e-4", 2e-4],
    ["mask.crop_size", "none", null],
    ["pretrain.micro_batch_size", "auto", "auto"],
    ["pretrain.micro_batch_size", "8", 8],
    ["data.channels", "1", 1],
    ["pretrain.betas", "0.9, 0.99", [0.9, 0.99]],
    ["pretrain.betas", "[0.9 0.99]", [0.9, 0.99]],
    ["data.path", "0.5", "0.5"],
    ["finetune.from", "null", null],
    ["data.ignore", "masks, *.tmp", ["masks", "*.tmp"]],
    ["data.ignore", "[masks, \"a, b\", 'c']", ["masks", "a, b", "c"]],
  ])("reads %s: %j", (path, text, value) => {
    expect(parseField(spec(path), text)).toEqual({ kind: "value", value });
  });

  it("shows a list of texts so that it reads back", () => {
    const value = ["masks", "a, b", 'say "x"', " edge ", "[a]", "it's", "back\\slash", "*.png"];
    expect(parseField(spec("data.ignore"), valueText(value))).toEqual({ kind: "value", value });
    expect(valueText(["masks", "*.png"])).toBe("masks, *.png");
    expect(placeholderOf(spec("data.ignore"))).toBe("none");
  });

  it("takes an empty field as the default, where there is one", () => {
    expect(parseField(spec("mask.rate"), "")).toEqual({ kind: "default" });
    expect(parseField(spec("data.path"), " ").kind).toBe("wrong");
    expect(placeholderOf(spec("mask.crop_size"))).toBe("none");
  });

  it.each([
    ["mask.rate", "1"],
    ["mask.rate", "half"],
    ["pretrain.steps", "1.5"],
    ["pretrain.betas", "0.9"],
    ["data.background", "red"],
  ])("says what %s takes instead of %j", (path, text) => {
    const parsed = parseField(spec(path), text);
    expect(parsed.kind).toBe("wrong");
    if (parsed.kind === "wrong") expect(parsed.why).toMatch(/^It takes .+\.$/);
  });
});
