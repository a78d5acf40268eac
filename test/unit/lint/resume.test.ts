/** What a run that goes on cannot be given. */
import { describe, expect, it } from "vitest";
import { parseExperiment } from "../../../src/core/experiment/parse.ts";
import type { ResumedFacts } from "../../../src/core/lint/facts.ts";
import { lintExperiment } from "../../../src/core/lint/lint.ts";
import { maskdmCommand } from "../../../src/node/shellCommand.ts";

const FORMER = `data:
  path: images
pretrain:
  steps: 100
  batch_size: 256
  lr: 1e-3
  lr_schedule: cosine
  warmup_steps: 10
`;

/** What is said where a run at a step goes on with another text. */
function said(text: string, change: Partial<ResumedFacts> = {}, former = FORMER): string[] {
  const parsed = parseExperiment(former);
  if (!parsed.ok) throw new Error("the experiment is wrong");
  const resumed: ResumedFacts = {
    name: "runs/a",
    experiment: parsed.experiment,
    step: 100,
    file: "faces.maskdm.yaml",
    anew: ["pretrain", "faces.maskdm.yaml"],
    command: maskdmCommand,
    stretchesLr: false,
    ...change,
  };
  return lintExperiment(text, { stage: "pretrain", resumed })
    .filter(({ code }) => code.startsWith("MDM80"))
    .map(({ code, severity, message }) => `${severity} ${code} ${message}`);
}

const longer = FORMER.replace("steps: 100", "steps: 200");

describe("a learning rate that falls to 0 at the end of the steps", () => {
  it("does not jump up in silence where there are to be more steps", () => {
    expect(said(longer)).toEqual([
      "error MDM805 The learning rate would go from 3e-7 back up to 5.4e-4 at step 100: pretrain.lr_schedule cosine was to end at 100 steps, and 200 stretch it. Go on like that with --stretch-lr; or at a steady rate, such as --set pretrain.lr_schedule=constant --set pretrain.lr=1e-4; or train 200 steps from the start: maskdm pretrain faces.maskdm.yaml --steps 200",
    ]);
    expect(said(longer, { step: 90 })).toEqual([expect.stringContaining("at step 90")]);
  });

  it("may be stretched by somebody who says so, or who says another rate", () => {
    expect(said(longer, { stretchesLr: true })).toEqual([]);
    expect(said(longer.replace("cosine", "constant"))).toEqual([]);
    expect(said(longer.replace("1e-3", "1e-4"))).toEqual([]);
  });

  it("is left alone where nothing jumps: early, in warm-up, for fewer steps, before the first checkpoint, constant", () => {
    expect(said(FORMER, { step: 50 })).toEqual([]);
    expect(said(longer, { step: 5 })).toEqual([]);
    expect(said(longer, { step: 30 })).toEqual([]);
    expect(said(FORMER.replace("steps: 100", "steps: 60"), { step: 50 })).toEqual([]);
    expect(said(longer, { step: 0 })).toEqual([]);
    const constant = FORMER.replace("cosine", "constant");
    expect(said(constant.replace("steps: 100", "steps: 200"), {}, constant)).toEqual([]);
  });

  it("is finetuning's as well", () => {
    const former = FORMER.replace("pretrain:", "finetune:");
    const parsed = parseExperiment(former);
    if (!parsed.ok) throw new Error("the experiment is wrong");
    const resumed = {
      ...{ name: "b", experiment: parsed.experiment, step: 100, file: "f.maskdm.yaml", stretchesLr: false },
      anew: ["finetune", "f.maskdm.yaml", "--from", "a"],
      command: maskdmCommand,
    };
    const text = former.replace("steps: 100", "steps: 200");
    const found = lintExperiment(text, { stage: "finetune", resumed }).find(({ code }) => code === "MDM805");
    expect(found?.message).toMatch(/--set finetune\.lr_schedule=constant .*: maskdm finetune f\.maskdm\.yaml --from a/);
  });
});

describe("a mask that changes over pretraining", () => {
  const masked = (rate: string, steps = 1000) => `data:
  path: images
mask:
  block_size: 2
  rate: ${rate}
pretrain:
  steps: ${steps}
`;
  const former = masked("[{until: 0.5, rate: 0.9}, {until: 800, rate: 0.5}, {rate: 0}]");
  const at = (step: number, rate: string, steps?: number) => said(masked(rate, steps), { step }, former);

  it("has its pieces that are over as they were", () => {
    expect(at(600, "[{until: 0.5, rate: 0.8}, {until: 800, rate: 0.5}, {rate: 0}]")).toEqual([
      "error MDM806 mask.rate[0] is over at step 600: runs/a was trained with it for steps 0 to 499, but now it would be for steps 0 to 499 with another mask. Keep it as it was, with its end as a step: {until: 500, rate: 0.9}",
    ]);
    expect(at(600, "[{until: 400, rate: 0.9}, {until: 800, rate: 0.5}, {rate: 0}]")).toEqual([
      expect.stringContaining("now it would be for steps 0 to 399."),
    ]);
    expect(at(500, "0.5")).toHaveLength(1);
    expect(at(800, "0.5")).toHaveLength(2);
  });

  it("has shares that other steps would move written as steps", () => {
    const shares = "[{until: 0.5, rate: 0.9}, {until: 800, rate: 0.5}, {rate: 0}]";
    expect(at(600, shares, 1200)).toEqual([expect.stringContaining("for steps 0 to 599")]);
    expect(at(600, shares.replace("0.5,", "500,"), 1200)).toEqual([]);
    expect(at(499, shares, 1200)).toEqual([]);
  });

  it("may change in the piece at work, and in those to come", () => {
    expect(at(499, "0.5")).toEqual([]);
    expect(at(600, "[{until: 0.5, rate: 0.9}, {until: 700, rate: 0.4}, {rate: 0.2}]")).toEqual([]);
    expect(at(600, "[{until: 500, rate: 0.9}, {rate: 0.1}]")).toEqual([]);
    expect(said(masked("0.5"), { step: 600 }, masked("0.9"))).toEqual([]);
    expect(said(masked("[{until: 700, rate: 0.9}, {rate: 0.5}]"), { step: 600 }, masked("0.9"))).toEqual([]);
  });
});

describe("keys that make another run of it", () => {
  it("are refused with the reason and the way to what was meant", () => {
    expect(said(`${FORMER}diffusion:\n  prediction: x0\n`)).toEqual([
      "error MDM804 diffusion.prediction cannot become x0 on a resume: runs/a was trained with epsilon, and the network's output then means something else than it was trained for. Leave it out, or start a run of its own: maskdm pretrain faces.maskdm.yaml --set diffusion.prediction=x0; or let its weights learn it: maskdm finetune faces.maskdm.yaml --from runs/a --set diffusion.prediction=x0",
    ]);
    expect(said(`${FORMER}model:\n  num_heads: 4\n`)).toEqual([
      "error MDM804 model.num_heads cannot become 4 on a resume: runs/a was trained with 8, and the weights fit, but split into other heads than they were trained for. Leave it out, or start a run of its own: maskdm pretrain faces.maskdm.yaml --set model.num_heads=4",
    ]);
  });

  it("are those that the stage reads, where they come to another network", () => {
    expect(said(`${FORMER}finetune:\n  from: runs/b\n  lr: 1e-4\n`)).toEqual([]);
    expect(said(`${FORMER}model:\n  depth: 12\n`)).toEqual([]);
    expect(said(`${FORMER}mask:\n  rate: 0.75\nengine:\n  threads: 1\n`)).toEqual([]);
  });
});
