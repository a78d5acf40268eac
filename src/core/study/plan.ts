/** From a study and its experiment to everything that is to be computed. */
import { stringify } from "yaml";
import { changedKeys, isReadBy, onResume } from "../experiment/changeOnResume.ts";
import type { Override } from "../experiment/overrides.ts";
import { readExperiment } from "../experiment/read.ts";
import type { Experiment } from "../experiment/schema.ts";
import { withKey } from "../experiment/textWithKey.ts";
import { readYaml } from "../experiment/yamlReader.ts";
import { yamlText } from "../experiment/yamlText.ts";
import { lintReading } from "../lint/lint.ts";
import { STAGE_NAMES, type Stage } from "../random/streams.ts";
import { slug } from "../run/names.ts";
import { type Axis, pointText, studyAxes, valuesAt } from "./axes.ts";
import { drawingIdentity, trainingIdentity } from "./identity.ts";
import { METRICS } from "./metrics.ts";
import { BUDGET_UNITS, type BudgetConfig, type BudgetUnit, type StudyConfig } from "./schema.ts";

/** A combination of the axes' points; its seeds are folded in tables and charts. */
export interface Configuration {
  readonly index: number;
  /** the place on each axis */
  readonly points: readonly number[];
  /** of its points; empty where nothing varies */
  readonly label: string;
  /** why it cannot be trained; empty: it can */
  readonly problems: readonly string[];
}

/** A training of a cell, which other cells may share. */
export interface PlannedRun {
  /** name of its folder among the runs, made from what it learns: the same training has the same name in every study */
  readonly id: string;
  readonly stage: Stage;
  /** complete; of a budget in seconds without the steps, which are settled when it begins */
  readonly experiment: Experiment;
  /** what is written into the base's text, without `steps` where they are not known yet */
  readonly set: readonly Override[];
  /** the planned run whose weights it starts from; null: see `from` */
  readonly parent: string | null;
  /** weights from elsewhere (finetune.from); null: new ones unless there is a parent */
  readonly from: string | null;
  /** seconds of training that its steps are to take; null: the steps are the experiment's */
  readonly seconds: number | null;
}

/** A configuration with one seed. */
export interface Cell {
  /** equal for cells that coincide: computed once, shown in each place */
  readonly key: string;
  readonly configuration: number;
  readonly seed: number;
  /** in the order in which they are trained; none where the configuration has problems */
  readonly runs: readonly PlannedRun[];
  /** of its last stage: how its images are drawn, and all else */
  readonly experiment: Experiment | null;
}

export interface StudyPlan {
  readonly study: StudyConfig;
  readonly axes: readonly Axis[];
  readonly seeds: readonly number[];
  readonly configurations: readonly Configuration[];
  /** configuration by configuration, seed by seed */
  readonly cells: readonly Cell[];
  /** every training once, parents first */
  readonly runs: ReadonlyMap<string, PlannedRun>;
}

const ABOUT_METRIC = "The metric ";
/** Whether a configuration's problem is that it has no metric, although it can be trained. */
export const isAboutMetric = (problem: string): boolean => problem.startsWith(ABOUT_METRIC);

/** More are hardly meant, and no view would show them. */
export const MOST_CELLS = 5000;

/** Cells that a study comes to, also when they are too many to be planned. */
export const cellCount = (study: StudyConfig): number => configurationCount(study) * seedCount(study);

/** Seeds of every configuration. */
export const seedCount = ({ seeds }: Pick<StudyConfig, "seeds">): number =>
  typeof seeds === "number" ? seeds : seeds.length;

/** Combinations of the axes' points. */
export const configurationCount = (study: Pick<StudyConfig, "axes">): number =>
  studyAxes(study).reduce((product, { points }) => product * points.length, 1);

export interface PlanOptions {
  /** text of the experiment file, which parses */
  readonly baseText: string;
  /** name of the experiment, which the runs' names begin with */
  readonly baseName: string;
  /** hex digest of a text */
  readonly digest: (text: string) => string;
}

/**
 * Pure: the same files give the same plan. Cells that cannot be trained are in it with their problems.
 * @throws RangeError for more than MOST_CELLS cells
 */
export function planStudy(study: StudyConfig, options: PlanOptions): StudyPlan {
  if (cellCount(study) > MOST_CELLS) throw new RangeError(`a study has at most ${MOST_CELLS} cells`);
  const axes = studyAxes(study);
  const base = readYaml(options.baseText).value;
  const firstSeed = readExperiment(options.baseText).experiment?.seed ?? 0;
  const seeds =
    typeof study.seeds === "number" ? Array.from({ length: study.seeds }, (_, i) => firstSeed + i) : study.seeds;
  const runs = new Map<string, PlannedRun>();
  const configurations: Configuration[] = [];
  const cells: Cell[] = [];
  for (const points of combinations(axes.map((axis) => axis.points.length))) {
    const label = axes.map((axis, i) => pointText(axis, axis.points[points[i]!]!)).join(", ");
    const index = configurations.length;
    const planned = new ConfigurationPlan(study, valuesAt(axes, points), base, options);
    configurations.push({ index, points, label, problems: planned.problems });
    for (const seed of seeds) {
      const own = planned.problems.length > 0 ? [] : planned.runs(seed);
      for (const run of own) if (!runs.has(run.id)) runs.set(run.id, run);
      const experiment = planned.experiment && { ...planned.experiment, seed };
      const key = options
        .digest(
          own.length === 0 || experiment === null
            ? JSON.stringify([index, seed])
            : JSON.stringify([own.map(({ id }) => id), drawingIdentity(experiment, study.evaluate)]),
        )
        .slice(0, ID_DIGITS);
      cells.push({ key, configuration: index, seed, runs: own.map(({ id }) => runs.get(id)!), experiment });
    }
  }
  return { study, axes, seeds, configurations, cells, runs };
}

const ID_DIGITS = 12;

/** Every choice of one index below each length; the last one changes fastest. */
function* combinations(lengths: readonly number[]): Generator<number[]> {
  const total = lengths.reduce((product, length) => product * length, 1);
  for (let at = 0; at < total; at++) {
    let rest = at;
    const points = lengths.map(() => 0);
    for (let i = lengths.length - 1; i >= 0; i--) {
      points[i] = rest % lengths[i]!;
      rest = Math.floor(rest / lengths[i]!);
    }
    yield points;
  }
}

/** What a stage may spend; null: the steps are the experiment's. */
interface StageShare {
  readonly stage: Stage;
  readonly budget: { readonly unit: BudgetUnit; readonly amount: number } | null;
}

class ConfigurationPlan {
  readonly problems: string[] = [];
  /** of its last stage, with the seed of the base */
  readonly experiment: Experiment | null;
  private readonly experiments = new Map<Stage, Experiment>();
  private readonly keys: ReadonlyMap<string, unknown>;
  private readonly shares: readonly StageShare[];

  constructor(
    private readonly study: StudyConfig,
    values: Readonly<Record<string, unknown>>,
    base: unknown,
    private readonly options: PlanOptions,
  ) {
    const entries = Object.entries(values);
    this.keys = new Map(entries.filter(([key]) => !key.startsWith(BUDGET)));
    const varied = Object.fromEntries(
      entries.flatMap(([key, value]) => (key.startsWith(BUDGET) ? [[key.slice(BUDGET.length), value]] : [])),
    );
    this.shares = stageShares(study, varied);
    this.read(base);
    this.experiment = this.experiments.get(this.shares.at(-1)!.stage) ?? null;
    this.problems.push(...this.unlike(), ...this.untimed());
    const unmeasured = this.experiment && this.unmeasured(this.experiment);
    if (unmeasured) this.problems.push(unmeasured);
  }

  /** The experiment as it is for each stage, and what is wrong with it; stages that nothing is set for share one. */
  private read(base: unknown): void {
    const texts = new Map<string, Stage[]>();
    for (const { stage } of this.shares) {
      const text = stringify(this.valuesOf(stage, base));
      texts.set(text, [...(texts.get(text) ?? []), stage]);
    }
    for (const [text, [stage, ...others]] of texts) {
      const reading = readExperiment(text);
      const only = stage === undefined || others.length > 0 ? {} : { stage };
      for (const { severity, message } of lintReading(reading, only)) {
        if (severity === "error" && !this.problems.includes(message)) this.problems.push(message);
      }
      const { experiment } = reading;
      if (experiment !== null) for (const own of [stage!, ...others]) this.experiments.set(own, experiment);
    }
  }

  private valuesOf(stage: Stage, base: unknown): unknown {
    let root = base;
    for (const [key, value] of [...this.keys, ...Object.entries(this.study.set[stage])])
      root = withKey(root, key, value);
    for (const { stage: own, budget } of this.shares) {
      if (budget === null || budget.unit === "seconds") continue;
      const steps = budget.unit === "steps" ? budget.amount : budget.amount / batchSize(root, own);
      root = withKey(root, `${own}.steps`, Math.max(1, Math.round(steps)));
    }
    return root;
  }

  /** What of the stages' settings makes pretrained weights unfit for finetuning. */
  private unlike(): string[] {
    const [before, after] = [this.experiments.get("pretrain"), this.experiments.get("finetune")];
    if (before === undefined || after === undefined || before === after) return [];
    return changedKeys(before, after).flatMap((change) => {
      const rule = onResume(change);
      if (rule.may !== "never" || rule.breaks === "start") return [];
      return [
        `${change.path} is ${yamlText(change.from)} in pretraining and ${yamlText(change.to)} in finetuning: ${rule.why}.`,
      ];
    });
  }

  /** Steps of PyTorch, which is another program, cannot be timed beforehand. */
  private untimed(): string[] {
    const isTimed = this.shares.some(({ budget }) => budget?.unit === "seconds");
    if (!isTimed || this.experiment?.engine.backend !== "torch") return [];
    return ["engine.backend is torch, whose steps are not timed beforehand: count the budget in steps or images."];
  }

  /** Why no cell will have the metric; null: each will. */
  private unmeasured({ data, ...stages }: Experiment): string | null {
    const last = this.shares.at(-1)?.stage;
    const { of, needsHeldOut = false } = METRICS[this.study.metric];
    if (last === undefined) return null;
    if (needsHeldOut && data.holdout === 0) {
      return `${ABOUT_METRIC}${this.study.metric} is measured on images that data.holdout keeps out of training, and data.holdout is 0.`;
    }
    return of !== null || stages[last].held_out_every > 0
      ? null
      : `${ABOUT_METRIC}${this.study.metric} is not measured with ${last}.held_out_every 0.`;
  }

  runs(seed: number): PlannedRun[] {
    let parent: PlannedRun | null = null;
    let identity: string | null = null;
    return this.shares.map(({ stage, budget }) => {
      const experiment = { ...this.experiments.get(stage)!, seed };
      const from: string | null = stage === "finetune" && parent === null ? this.ownWeights(experiment) : null;
      const seconds = budget?.unit === "seconds" ? budget.amount : null;
      identity = trainingIdentity(experiment, { stage, parent: identity ?? from, seconds });
      const id = `${slug(this.options.baseName)}-${stage}-${this.options.digest(identity).slice(0, ID_DIGITS)}`;
      const run: PlannedRun = {
        ...{ id, stage, experiment, parent: parent?.id ?? null, from, seconds },
        set: this.overrides(stage, seed, budget, experiment[stage].steps),
      };
      parent = run;
      return run;
    });
  }

  /** Both stages in a study: pretraining is what it starts from, or nothing is. */
  private ownWeights({ finetune }: Experiment): string | null {
    return this.study.stages.includes("pretrain") ? null : finetune.from;
  }

  private overrides(stage: Stage, seed: number, budget: StageShare["budget"], steps: number): Override[] {
    const set = [...this.keys, ...Object.entries(this.study.set[stage])];
    const own = set.filter(([key]) => isReadBy(stage, key));
    const all: [string, unknown][] = [...own, ["seed", seed]];
    if (budget !== null && budget.unit !== "seconds") all.push([`${stage}.steps`, steps]);
    return all.map(([path, value]) => ({ path, value: yamlText(value) }));
  }
}

const BUDGET = "budget.";

function batchSize(root: unknown, stage: Stage): number {
  const read = readExperiment(stringify(root)).experiment;
  return read === null ? 1 : read[stage].batch_size;
}

/** The stages of a configuration; one with no share of the budget is left out. */
function stageShares(study: StudyConfig, varied: Partial<BudgetConfig>): StageShare[] {
  const stages = STAGE_NAMES.filter((stage) => study.stages.includes(stage));
  const budget = study.budget === undefined ? undefined : { ...study.budget, ...varied };
  const unit = BUDGET_UNITS.find((name) => budget?.[name] !== undefined);
  if (budget === undefined || unit === undefined) return stages.map((stage) => ({ stage, budget: null }));
  const total = budget[unit]!;
  return stages.flatMap((stage): StageShare[] => {
    const share = stages.length === 1 ? 1 : stage === "pretrain" ? budget.pretrain : 1 - budget.pretrain;
    return share === 0 ? [] : [{ stage, budget: { unit, amount: total * share } }];
  });
}
