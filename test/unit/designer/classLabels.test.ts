import { describe, expect, it } from "vitest";
import type { LintFacts } from "../../../src/core/lint/facts.ts";
import type { DataState } from "../../../src/core/protocol/designer.ts";
import { classLabels } from "../../../webview/designer/classLabels.ts";
import { experimentOf } from "./support.ts";

const TEXT = "data: { path: images, labels: folders }\nmodel: { num_classes: 3 }\n";
const experiment = experimentOf(TEXT);
const ready = (classes: readonly string[]): DataState => ({
  kind: "ready",
  key: "",
  count: 2,
  broken: 0,
  notes: [],
  imageSize: 8,
  channels: 3,
  classes,
});
const facts: LintFacts = { checkpoint: { name: "three", classes: ["blue", "green", "red"] } };
const two = ready(["green", "red"]);

describe("the classes that the designer shows", () => {
  it("are numbered by their folders in pretraining, and as in what it starts from in finetuning", () => {
    const pretrain = classLabels(experiment, "pretrain", two, facts);
    expect(pretrain?.labelOf("green")).toBe('0 "green"');
    const finetune = classLabels(experiment, "finetune", two, facts);
    expect(finetune?.labelOf("green")).toBe('1 "green"');
    expect(finetune?.entries).toEqual([
      { name: "green", number: 1 },
      { name: "red", number: 2 },
    ]);
    expect(classLabels(experiment, "finetune", two, {})?.labelOf("green")).toBe('0 "green"');
  });

  it("are numbered anew where the file says so", () => {
    const anew = experimentOf(`${TEXT}finetune: { classes: new }\n`);
    expect(classLabels(anew, "finetune", two, facts)?.labelOf("green")).toBe('0 "green"');
  });

  it("have no numbers where training would be refused", () => {
    const data = ready(["amber", "green", "red"]);
    expect(classLabels(experiment, "finetune", data, facts)?.labelOf("amber")).toBe('"amber"');
    expect(classLabels(experiment, "pretrain", ready(["a", "b", "c", "d"]), {})?.entries[3]).toEqual({
      name: "d",
      number: null,
    });
  });

  it("are none for a model without classes, and while images are not known", () => {
    const plain = experimentOf("data: { path: images, labels: folders }\n");
    expect(classLabels(plain, "pretrain", two, {})).toBeNull();
    expect(classLabels(experiment, "pretrain", { kind: "untrusted" }, {})).toBeNull();
  });
});
