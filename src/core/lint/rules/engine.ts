/** What the machine cannot give. */

import { imageCost } from "../../cost/imageCost.ts";
import { memoryProfile, predictTrainingMemory } from "../../cost/memory.ts";
import { isBuildable } from "../../model/backbones.ts";
import { modelShape } from "../../model/shape.ts";
import { bytes, count, divisors, plural } from "../../numbers.ts";
import { trainsWithTorch } from "../../torch/trainsWithTorch.ts";
import type { Finding, LintContext, Rule } from "../rule.ts";

const GIB = 2 ** 30;
/** Above this share of the limit other programs may push the run out of memory. */
const TIGHT = 0.85;

const memoryAboveMachine: Rule = {
  code: "MDM701",
  name: "memory-above-machine",
  severity: "error",
  explanation:
    "The memory predicted for a training step is more than the machine has (or than `engine.memory_gb` allows). A warning from 85 % on. With `micro_batch_size: auto` only a single image counts, as the micro-batch is then chosen to fit. Nothing is said where PyTorch trains, whose device has a memory of its own.",
  fix: "Writes the largest micro-batch that fits, where one does.",
  *check(context) {
    const { engine } = context.experiment;
    const { memoryBytes, autoTakesTorch = false } = context.facts;
    const own = engine.memory_gb === "auto" ? Number.POSITIVE_INFINITY : engine.memory_gb * GIB;
    const limit = Math.min(own, memoryBytes ?? Number.POSITIVE_INFINITY);
    const shape = modelShape(context.experiment);
    if (!Number.isFinite(limit) || !isBuildable(shape) || trainsWithTorch(context.experiment, autoTakesTorch)) return;
    const whose = own <= limit ? "engine.memory_gb allows" : "this machine has";
    for (const { stage, config, visibleTokens } of context.stages()) {
      if (visibleTokens === null) continue;
      const batch = config.batch_size;
      const micro = config.micro_batch_size === "auto" ? 1 : Math.min(config.micro_batch_size, batch);
      const profile = memoryProfile(engine.backend);
      const predict = (size: number) =>
        predictTrainingMemory(profile, shape, visibleTokens, size, size < batch).totalBytes;
      const needed = predict(micro);
      const isAbove = needed > limit;
      if (!isAbove && (config.micro_batch_size === "auto" || needed <= TIGHT * limit)) continue;
      const what = `${stage} with ${plural(micro, "image")} at a time (${count(visibleTokens)} tokens each, ${count(imageCost(shape, visibleTokens).parameters)} parameters)`;
      const fitting = divisors(batch)
        .filter((size) => size < micro && predict(size) <= TIGHT * limit)
        .at(-1);
      yield finding(context, {
        stage,
        isAbove,
        fitting,
        message: `${what} is predicted to take ${bytes(needed)}, ${isAbove ? "more than" : "nearly all of"} the ${bytes(limit)} that ${whose}.`,
      });
    }
  },
};

function finding(
  context: LintContext,
  found: { stage: string; isAbove: boolean; fitting: number | undefined; message: string },
): Finding {
  const { stage, isAbove, fitting, message } = found;
  const keys = [
    `${stage}.micro_batch_size`,
    "engine.memory_gb",
    "model.patch_size",
    "data.image_size",
    "model.embed_dim",
    stage,
  ];
  const at = [keys.find((key) => context.isSet(key)) ?? keys[0]!];
  const severity = isAbove ? "error" : "warning";
  if (fitting !== undefined) {
    const fix = { title: `Use micro_batch_size ${fitting}`, set: { [`${stage}.micro_batch_size`]: String(fitting) } };
    return { at, severity, message: `${message} Use micro_batch_size ${fitting}, or auto.`, fix };
  }
  if (!isAbove) return { at, severity, message };
  const advice =
    stage === "pretrain"
      ? "a higher mask rate, larger patches or a smaller model"
      : "larger patches, smaller images or a smaller model";
  return { at, severity, message: `${message} Even a single image does not fit; it takes ${advice}.` };
}

const memorySetting: Rule = {
  code: "MDM702",
  name: "memory-setting",
  severity: "warning",
  explanation:
    "`engine.memory_gb` is more than the machine has: micro-batches chosen to fit it would not fit the machine. Nothing is said where PyTorch trains, whose device has a memory of its own.",
  fix: "Writes `memory_gb: auto`.",
  *check({ experiment, facts }) {
    const { engine } = experiment;
    const auto = facts.autoTakesTorch === true;
    if (trainsWithTorch(experiment, auto)) return;
    if (engine.memory_gb === "auto" || facts.memoryBytes === undefined || engine.memory_gb * GIB <= facts.memoryBytes)
      return;
    yield {
      at: ["engine.memory_gb"],
      message: `engine.memory_gb ${engine.memory_gb} is more than the ${bytes(facts.memoryBytes)} of this machine. Use auto.`,
      fix: { title: "Use memory_gb: auto", set: { "engine.memory_gb": "auto" } },
    };
  },
};

const tooManyThreads: Rule = {
  code: "MDM703",
  name: "too-many-threads",
  severity: "warning",
  explanation: "`engine.threads` is more than the machine has logical processors: threads then wait for each other.",
  fix: "Writes `threads: auto`.",
  *check({ experiment: { engine }, facts }) {
    if (engine.threads === "auto" || facts.cores === undefined || engine.threads <= facts.cores) return;
    yield {
      at: ["engine.threads"],
      message: `engine.threads ${engine.threads} is more than the ${plural(facts.cores, "core")} of this machine: threads wait for each other and steps get slower. Use auto.`,
      fix: { title: "Use threads: auto", set: { "engine.threads": "auto" } },
    };
  },
};

const evaluatesElsewhere: Rule = {
  code: "MDM707",
  name: "evaluates-elsewhere",
  severity: "error",
  explanation:
    "A run makes evaluations while it trains on the machine that has started it: where `compute.target` sends it elsewhere, the stage's `evaluate_every` has to be 0, and `maskdm evaluate` measures afterwards.",
  fix: "Writes `evaluate_every: 0`.",
  *check(context) {
    const { target } = context.experiment.compute;
    if (target === "local") return;
    for (const { stage, config } of context.stages()) {
      if (config.evaluate_every === 0) continue;
      const key = `${stage}.evaluate_every`;
      yield {
        at: [key, "compute.target"],
        message: `${key} is ${config.evaluate_every}, but a run that trains elsewhere (compute.target ${target}) makes no evaluations. Set it to 0, and measure afterwards with maskdm evaluate.`,
        fix: { title: `Write ${key}: 0`, set: { [key]: "0" } },
      };
    }
  },
};

export const ENGINE_RULES: readonly Rule[] = [memoryAboveMachine, memorySetting, tooManyThreads, evaluatesElsewhere];
