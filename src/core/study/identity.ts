/** What of an experiment decides what a training learns: two trainings of one identity would give the same weights, and one is enough. */
import { askedClasses } from "../classes/drawnClasses.ts";
import { isReadBy, ruleOf } from "../experiment/changeOnResume.ts";
import { isIdle, READ_WITH } from "../experiment/idleKeys.ts";
import type { Experiment } from "../experiment/schema.ts";
import { maskPieces, onGrid } from "../masks/schedule.ts";
import { backboneOf } from "../model/backbones.ts";
import type { Stage } from "../random/streams.ts";
import { recordedGuidance } from "../run/guidanceRecord.ts";

export interface TrainingPlace {
  readonly stage: Stage;
  /** identity of the training whose weights it starts from, or a name of weights from elsewhere; null: new weights */
  readonly parent: string | null;
  /** what the steps are made from when the training begins; null: they are the experiment's */
  readonly seconds: number | null;
}

/**
 * A text that is equal for trainings which come to the same: keys that a stage does not read, or that change how it is computed,
 * shown or kept, do not count, and of a mask only what it comes to on the grid, so that rates which round to the same S are one.
 */
export function trainingIdentity(experiment: Experiment, { stage, parent, seconds }: TrainingPlace): string {
  const facts: Record<string, unknown> = { stage, parent, hidden: hiddenIdentity(experiment, stage, seconds) };
  if (seconds !== null) facts["seconds"] = seconds;
  for (const [section, keys] of Object.entries(experiment)) {
    if (section === "mask") continue;
    for (const [path, value] of typeof keys === "object" ? entriesOf(section, keys) : [[section, keys] as const]) {
      if (isReadBy(stage, path) && ruleOf(path).may !== "silently") facts[path] = value;
    }
  }
  facts["model.depth"] = backboneOf(experiment.model).blocks(experiment.model.depth);
  // The place of the weights is in `parent`, and what is not read does not count.
  delete facts["finetune.from"];
  if (parent === null) delete facts["finetune.weights"];
  if (seconds !== null) delete facts[`${stage}.steps`];
  for (const path of Object.keys(READ_WITH)) if (isIdle(path, experiment)) delete facts[path];
  if (experiment.model.num_classes === 0) delete facts["model.class_dropout"];
  return JSON.stringify(Object.entries(facts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What of the section sample decides how an evaluated image is drawn. */
export const DRAWING_KEYS = [
  "sampler",
  "steps",
  "eta",
  "weights",
  "clip",
  "guidance",
  "guidance_interval",
  "classes",
] as const satisfies readonly (keyof Experiment["sample"])[];

/** What is drawn from a training's weights when it is evaluated. */
export function drawingIdentity(experiment: Experiment, evaluate: object): string {
  const { sampler, steps, eta, weights, clip } = experiment.sample;
  const guidance = recordedGuidance(experiment);
  const classes = askedClasses(experiment);
  const drawn = { sampler, steps, eta: isIdle("sample.eta", experiment) ? null : eta, weights, clip };
  return JSON.stringify({ ...drawn, guidance, classes, ...evaluate });
}

const entriesOf = (section: string, keys: object): (readonly [string, unknown])[] =>
  Object.entries(keys).map(([name, value]) => [`${section}.${name}`, value] as const);

/** Borders of pieces are counted in this many steps while the real ones are not known. */
const UNKNOWN_STEPS = 1_000_000_000;

function hiddenIdentity({ data, model, mask, pretrain }: Experiment, stage: Stage, seconds: number | null): unknown {
  const network = mask.mode === "fuse" ? { fuse: mask.fuse_blocks } : {};
  if (stage === "finetune") return network;
  const pieces = maskPieces(mask, stage, seconds === null ? pretrain.steps : UNKNOWN_STEPS);
  const placed = onGrid(pieces, data.image_size / model.patch_size);
  // A mask that does not fit is refused elsewhere.
  if (placed === null) return mask;
  const hides = placed.some(({ geometry }) => geometry.visibleTokens < geometry.tokens);
  return {
    ...network,
    ...(mask.mode === "route" && hides ? { route: mask.route_from } : {}),
    pieces: placed.map(({ until, geometry: { strategy, visibleTokens, tokens, tileSize } }) =>
      visibleTokens === tokens ? { until } : { until, strategy, visibleTokens, tileSize },
    ),
  };
}
