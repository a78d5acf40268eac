/** A checkpoint that does not suit what is to be trained from it. */
import { isSameValue, mayBeAdded, onResume } from "../../experiment/changeOnResume.ts";
import type { Experiment } from "../../experiment/schema.ts";
import { yamlText } from "../../experiment/yamlText.ts";
import type { CheckpointFacts } from "../facts.ts";
import type { Finding, LintContext, Rule } from "../rule.ts";

const nameOf = (checkpoint: CheckpointFacts): string => checkpoint.name ?? "the checkpoint";

const noCheckpoint: Rule = {
  code: "MDM801",
  name: "no-checkpoint",
  severity: "info",
  explanation:
    "The file has a finetune stage that names nothing to start from, so `--from` has to when it is run; finetuning never starts from random weights without being told to.",
  fix: null,
  *check(context) {
    const { facts, experiment } = context;
    // The command finetune knows its --from and insists on one by itself.
    if (facts.stage !== undefined || facts.checkpoint !== undefined) return;
    if (experiment.finetune.from !== null || !context.isSet("finetune")) return;
    yield {
      at: ["finetune.from"],
      message: "finetune.from names no run or checkpoint to start from. Name one here, or with --from when finetuning.",
    };
  },
};

const checkpointShapes: Rule = {
  code: "MDM802",
  name: "checkpoint-shapes",
  severity: "error",
  explanation:
    "What a run starts from was trained with another image size, channel count or network, so its weights do not fit. An output convolution that they lack is none of that: it begins at zero.",
  fix: "Writes the checkpoint's value.",
  check: (context) => trainedOtherwise(context, "network"),
};

/** Keys of the network, or of the diffusion, that hold another value than the checkpoint was trained with. */
function* trainedOtherwise(context: LintContext, breaks: "network" | "diffusion"): Generator<Finding> {
  const { experiment, facts } = context;
  const { checkpoint } = facts;
  if (!checkpoint) return;
  for (const section of ["data", "model", "mask", "diffusion"] as const) {
    for (const [name, trained] of Object.entries(checkpoint[section] ?? {})) {
      const path = `${section}.${name}`;
      const now: unknown = experiment[section][name as keyof Experiment[typeof section]];
      const change = { path, from: trained, to: now };
      const rule = onResume(change);
      if (rule.may !== "never" || rule.breaks !== breaks || mayBeAdded(change)) continue;
      if (isSameValue(path, trained, now, experiment)) continue;
      yield {
        at: [path, "finetune.from"],
        message: `${path} is ${yamlText(now)}, but ${nameOf(checkpoint)} was trained with ${yamlText(trained)}: ${rule.why}.`,
        fix: { title: `Use ${name}: ${yamlText(trained)}`, set: { [path]: yamlText(trained) } },
      };
    }
  }
}

const checkpointDiffusion: Rule = {
  code: "MDM803",
  name: "checkpoint-diffusion",
  severity: "warning",
  explanation:
    "What a run starts from was trained with another diffusion process, noise schedule, number of timesteps or prediction. The weights load, but have to learn anew what a timestep or their output means.",
  fix: "Writes the checkpoint's value.",
  check: (context) => trainedOtherwise(context, "diffusion"),
};

export const CHECKPOINT_RULES: readonly Rule[] = [noCheckpoint, checkpointShapes, checkpointDiffusion];
