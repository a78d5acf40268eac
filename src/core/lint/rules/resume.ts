/** What a run that goes on cannot be given, or only by somebody who means it. */
import { changedKeys, isReadBy, onResume } from "../../experiment/changeOnResume.ts";
import type { Experiment } from "../../experiment/schema.ts";
import { numberText, yamlText } from "../../experiment/yamlText.ts";
import { maskPieces, piecesOver, stepsText } from "../../masks/schedule.ts";
import { jumpsUp, lrBorder } from "../../training/lrBorder.ts";
import type { Rule } from "../rule.ts";

const resumeRefused: Rule = {
  code: "MDM804",
  name: "resume-other-run",
  severity: "error",
  explanation:
    "A run is to go on with another network, another meaning of its weights or other classes than it was trained with so far. What came of it would be neither the one nor the other.",
  fix: null,
  *check({ experiment, facts: { resumed, stage } }) {
    if (resumed === undefined || stage === undefined) return;
    for (const change of changedKeys(resumed.experiment, experiment)) {
      const { path, from, to } = change;
      const rule = onResume(change);
      if (rule.may !== "never" || !isReadBy(stage, path)) continue;
      const set = ["--set", `${path}=${yamlText(to)}`];
      const anew = `start a run of its own: ${resumed.command(...resumed.anew, ...set)}`;
      const remedy =
        rule.breaks === "diffusion"
          ? `${anew}; or let its weights learn it: ${resumed.command("finetune", resumed.file, "--from", resumed.name, ...set)}`
          : anew;
      yield {
        at: [path],
        message: `${path} cannot become ${yamlText(to)} on a resume: ${resumed.name} was trained with ${yamlText(from)}, and ${rule.why}. Leave it out, or ${remedy}`,
      };
    }
  },
};

/** For those who want a rate that no longer falls. */
const STEADY_SHARE = 0.1;

const resumeLrJump: Rule = {
  code: "MDM805",
  name: "resume-lr-jump",
  severity: "error",
  explanation:
    "A run with a falling learning rate is to go on for more steps than planned. The rate is a function of `steps`, so it would jump up at the border, which undoes what its low end has brought. `--stretch-lr` says that this is meant; a change of `lr`, `lr_schedule` or `warmup_steps` says it, too.",
  fix: null,
  *check({ experiment, facts: { resumed, stage } }) {
    if (resumed === undefined || stage === undefined || resumed.stretchesLr) return;
    const [former, now] = [resumed.experiment[stage], experiment[stage]];
    const isMeant =
      former.lr !== now.lr || former.lr_schedule !== now.lr_schedule || former.warmup_steps !== now.warmup_steps;
    const border = lrBorder(former, now, resumed.step);
    if (isMeant || border === null || !jumpsUp(border)) return;
    const steady = `--set ${stage}.lr_schedule=constant --set ${stage}.lr=${rate(now.lr * STEADY_SHARE)}`;
    yield {
      at: [`${stage}.steps`, `${stage}.lr_schedule`],
      message:
        `The learning rate would go from ${rate(border.before)} back up to ${rate(border.after)} at step ${resumed.step}: ` +
        `${stage}.lr_schedule ${now.lr_schedule} was to end at ${former.steps} steps, and ${now.steps} stretch it. ` +
        `Go on like that with --stretch-lr; or at a steady rate, such as ${steady}; ` +
        `or train ${now.steps} steps from the start: ${resumed.command(...resumed.anew, "--steps", String(now.steps))}`,
    };
  },
};

/** Two digits are enough to see a jump. */
const rate = (lr: number): string => numberText(Number(lr.toPrecision(2)));

const resumeMaskOver: Rule = {
  code: "MDM806",
  name: "resume-mask-over",
  severity: "error",
  explanation:
    "A run is to go on with another past: a piece of `mask.rate` that is over would have another end, or another mask, than the run was trained with. Other `pretrain.steps` do the same to a border that is a share of them. Pieces to come, and the one at work, may change.",
  fix: null,
  *check({ experiment, facts: { resumed, stage } }) {
    if (resumed === undefined || stage !== "pretrain") return;
    const piecesOf = ({ mask, pretrain }: Experiment) => maskPieces(mask, "pretrain", pretrain.steps);
    const former = piecesOf(resumed.experiment);
    const now = piecesOf(experiment);
    const { rate } = resumed.experiment.mask;
    for (const [i, over] of piecesOver(former, resumed.step).entries()) {
      const other = now[i];
      const isSame = other?.until === over.until && JSON.stringify(other.config) === JSON.stringify(over.config);
      if (isSame || typeof rate === "number") continue;
      const kept = yamlText({ ...rate[i]!, until: over.until });
      yield {
        at: [`${over.name}.until`, over.name, "mask.rate"],
        message:
          `${over.name} is over at step ${resumed.step}: ${resumed.name} was trained with it for ${stepsText(over)}, ` +
          `but now it would be ${other === undefined ? "gone" : `for ${stepsText(other)}${other.until === over.until ? " with another mask" : ""}`}. ` +
          `Keep it as it was, with its end as a step: ${kept}`,
      };
    }
  },
};

export const RESUME_RULES: readonly Rule[] = [resumeRefused, resumeLrJump, resumeMaskOver];
