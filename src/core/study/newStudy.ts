/** The text of new study files: the smallest sensible one, and the paper's ablation. */
import { passesPerImage } from "../diffusion/guidance.ts";
import { formatDuration } from "../durationText.ts";
import type { Experiment } from "../experiment/schema.ts";
import { LEAST_SAMPLES } from "../experiment/stageKeys.ts";
import { yamlText } from "../experiment/yamlText.ts";
import { geometryOf } from "../masks/masks.ts";
import { maskPieces } from "../masks/schedule.ts";
import { plural, short } from "../numbers.ts";
import type { Stage } from "../random/streams.ts";
import { countedDigest } from "./countedDigest.ts";
import { planStudy, type StudyPlan } from "./plan.ts";
import { readStudy } from "./read.ts";

export interface NewStudyFacts {
  /** value of `base`: the experiment file, seen from the study's folder */
  readonly base: string;
  /** text of the experiment file, which parses */
  readonly baseText: string;
  /** what it says */
  readonly experiment: Experiment;
  /** number of images there are; null: not known */
  readonly images: number | null;
}

const SEEDS = 3;
const MOST_SAMPLES = 500;

/** Images drawn of a cell: as many as there are to compare them with. */
const samplesFor = (images: number | null): number =>
  Math.min(MOST_SAMPLES, Math.max(LEAST_SAMPLES, images ?? MOST_SAMPLES));

/** A commented study of the mask rate, or of the learning rate where nothing is hidden. */
export function newStudyText({ base, experiment, images }: NewStudyFacts): string {
  const [key, values] = firstAxis(experiment);
  const cells = values.length * SEEDS;
  return `# A MaskDM study: what varies in an experiment, and how the outcomes are compared. "maskdm schema --study" prints every key.
base: ${yamlText(base)}

# Every combination of points is a configuration: ${values.length} of them with ${SEEDS} seeds each are ${cells} cells.
axes:
  ${key}: ${yamlText(values)}

# Trainings of every configuration that differ in the seed alone: they tell a difference from chance.
seeds: ${SEEDS}

# The same wall-clock time for every cell, with pretraining counted, takes a budget instead of the experiment's steps:
# budget:
#   seconds: 600
#   pretrain: 0.5

# What configurations are compared by, over this many images drawn of each cell.
metric: kid
evaluate:
  samples: ${samplesFor(images)}
`;
}

const RATES = [0.5, 0.75, 0.9, 0.25];

function firstAxis({ data, model, mask, pretrain, finetune }: Experiment): [key: string, values: readonly number[]] {
  const { config } = maskPieces(mask, "pretrain", pretrain.steps)[0]!;
  const shown = new Set<number>();
  const rates = [config.rate, ...RATES].filter((rate) => {
    const geometry = geometryOf({ ...config, rate }, data.image_size / model.patch_size);
    if (geometry === null || geometry.visibleTokens === geometry.tokens || shown.has(geometry.visibleTokens))
      return false;
    shown.add(geometry.visibleTokens);
    return true;
  });
  if (mask.strategy !== "none" && rates.length > 1) return ["mask.rate", rates.slice(0, 3).sort((a, b) => a - b)];
  return ["finetune.lr", [finetune.lr / 2, finetune.lr, finetune.lr * 2].map((lr) => Number(lr.toPrecision(2)))];
}

/** What the authors compared: Lei et al. 2023, their training scripts for CelebA 64. */
const ABLATION = { blocks: [2, 4, 8], rates: [0.1, 0.5, 0.9] };
/** Seconds that the whole ablation may take where the machine's speed is known. */
export const NIGHT = 8 * 3600;
/** A backward pass does twice the work of a forward one. */
const FORWARD_SHARE = 1 / 3;

export interface AblationFacts extends NewStudyFacts {
  /** seconds that a step of a stage takes; null: this machine was not measured */
  readonly secondsPerStep: (experiment: Experiment, stage: Stage) => number | null;
}

/**
 * The paper's ablation, every strategy at every rate, at sizes that the experiment's grid and a night allow. Without a measurement of
 * the machine the steps are those of the experiment.
 */
export function ablationText(facts: AblationFacts): string {
  const { base, experiment } = facts;
  const notes: string[] = [];
  const strategies = strategyPoints(experiment, notes);
  const axes = `axes:
  mask:
${strategies.map((point) => `    - ${yamlText(point)}`).join("\n")}
  mask.rate: ${yamlText(ABLATION.rates)}
`;
  const head = `base: ${yamlText(base)}\n`;
  const plan = planOf(`${head}${axes}seeds: ${SEEDS}\n`, facts);
  const cells = new Set(plan.cells.filter(({ runs }) => runs.length > 0).map(({ key }) => key)).size;
  for (const { label, problems } of plan.configurations)
    if (problems.length > 0)
      notes.push(`${label} hides nothing, or all, on this grid: that configuration is not trained.`);
  const { samples, seconds, text } = spending(facts, cells);
  return `# The ablation of the MaskDM paper (Lei et al., arXiv 2306.11363): how images are hidden in pretraining, and how much of them.
# ${plan.configurations.length} configurations with ${SEEDS} seeds each; ${plural(cells, "cell")} of ${plan.cells.length} are to be computed.
${text.map((line) => `# ${line}\n`).join("")}${head}
${notes.map((note) => `# ${note}\n`).join("")}${axes}
seeds: ${SEEDS}
${seconds === null ? "" : `\nbudget:\n  seconds: ${seconds}\n  pretrain: 0.5\n`}
metric: kid
evaluate:
  samples: ${samples}
`;
}

function strategyPoints(
  { data, model, mask }: Experiment,
  notes: string[],
): Readonly<Record<string, string | number | null>>[] {
  const grid = data.image_size / model.patch_size;
  const blocks = ABLATION.blocks.filter((block) => {
    if (grid % block === 0 && block < grid) return true;
    notes.push(
      grid % block === 0
        ? `Block ${block} is left out: it is the whole ${grid} x ${grid} grid.`
        : `Block ${block} is left out: it does not divide the ${grid} x ${grid} grid.`,
    );
    return false;
  });
  return [
    { "mask.strategy": "patch" },
    ...blocks.map((block) => ({ "mask.strategy": "block", "mask.block_size": block })),
    // A size of its own would hold whatever the rate is.
    { "mask.strategy": "crop", ...(mask.crop_size === null ? {} : { "mask.crop_size": null }) },
  ];
}

function planOf(text: string, { baseText, base }: NewStudyFacts): StudyPlan {
  return planStudy(readStudy(text).study!, { baseText, baseName: base, digest: countedDigest() });
}

interface Spending {
  readonly samples: number;
  /** of training a cell; null: the experiment's steps */
  readonly seconds: number | null;
  /** what it comes to, for people, in lines */
  readonly text: readonly string[];
}

/** Images drawn take at most half of the night, training the rest, but no more than the experiment's own steps. */
function spending({ experiment, images, secondsPerStep }: AblationFacts, cells: number): Spending {
  const [pretrain, finetune] = [secondsPerStep(experiment, "pretrain"), secondsPerStep(experiment, "finetune")];
  const wanted = samplesFor(images);
  if (pretrain === null || finetune === null) {
    const text = [
      "Every cell takes the experiment's own steps, as the speed of this machine is not known yet: once it was measured",
      '("MaskDM: Measure This Machine"), a new ablation has a budget that keeps it to a night.',
    ];
    return { samples: wanted, seconds: null, text };
  }
  const perImage = (finetune / experiment.finetune.batch_size) * FORWARD_SHARE * passesPerImage(experiment);
  const share = NIGHT / Math.max(1, cells);
  const samples = Math.max(LEAST_SAMPLES, Math.min(wanted, roundDown(share / 2 / perImage)));
  const own = pretrain * experiment.pretrain.steps + finetune * experiment.finetune.steps;
  const seconds = Math.max(MIN_SECONDS, roundDown(Math.min(own, share - samples * perImage)));
  const each = seconds + samples * perImage;
  const text = [
    `${formatDuration(seconds)} of training a cell, pretraining counted, and about ${formatDuration(samples * perImage)} of drawing: ${short((each * cells) / 3600)} hours on this machine,`,
    "as it was last measured. Halve the seconds for half a night.",
  ];
  return { samples, seconds, text };
}

/** Less would be start and end only. */
const MIN_SECONDS = 60;

/** To two digits. */
function roundDown(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 1);
  return Math.floor(value / unit) * unit;
}
