/** What a plan comes to before anything is computed: trainings, what is shared, what coincides, what cannot be trained. */
import { maskPieces, onGrid } from "../masks/schedule.ts";
import { count } from "../numbers.ts";
import { keysOf } from "./axes.ts";
import type { Cell, StudyPlan } from "./plan.ts";

/** Configurations whose cells are the same: computed once, shown in each place. */
export interface Coincidence {
  /** indices of the configurations, the first of them first */
  readonly configurations: readonly number[];
  readonly why: string;
}

export interface StudyTotals {
  /** configurations times seeds */
  readonly cells: number;
  /** of them those that are computed: each that coincides counts once, none that cannot be trained */
  readonly distinctCells: number;
  /** configurations that cannot be trained */
  readonly refused: number;
  /** trainings that are computed, pretraining among them */
  readonly trainings: number;
  readonly pretrainings: number;
  /** pretrainings that several finetunings start from */
  readonly sharedPretrainings: number;
  /** trainings that would be computed if nothing were shared */
  readonly unshared: number;
  readonly coincidences: readonly Coincidence[];
}

export function studyTotals(plan: StudyPlan): StudyTotals {
  const trained = plan.cells.filter(({ runs }) => runs.length > 0);
  const runs = [...plan.runs.values()];
  const children = new Map<string, number>();
  for (const { parent } of runs) if (parent !== null) children.set(parent, (children.get(parent) ?? 0) + 1);
  return {
    cells: plan.cells.length,
    distinctCells: new Set(trained.map(({ key }) => key)).size,
    refused: plan.configurations.filter(({ problems }) => problems.length > 0).length,
    trainings: runs.length,
    pretrainings: runs.filter(({ stage }) => stage === "pretrain").length,
    sharedPretrainings: [...children.values()].filter((finetunings) => finetunings > 1).length,
    unshared: trained.reduce((sum, cell) => sum + cell.runs.length, 0),
    coincidences: coincidences(plan),
  };
}

/** In the order of the configurations. */
function coincidences(plan: StudyPlan): Coincidence[] {
  const groups = new Map<string, Cell[]>();
  // Whether configurations coincide does not depend on the seed.
  for (const cell of plan.cells) {
    if (cell.seed !== plan.seeds[0] || cell.runs.length === 0) continue;
    groups.set(cell.key, [...(groups.get(cell.key) ?? []), cell]);
  }
  return [...groups.values()]
    .filter((cells) => cells.length > 1)
    .map((cells) => ({ configurations: cells.map(({ configuration }) => configuration), why: why(cells, plan) }));
}

function why(cells: readonly Cell[], { axes, configurations }: StudyPlan): string {
  const [first, ...others] = cells.map(({ configuration }) => configurations[configuration]!.points);
  const differing = axes.filter((_, i) => others.some((points) => points[i] !== first![i]));
  const keys = keysOf(...differing);
  const tokens = visibleTokens(cells[0]!);
  if (tokens !== null && keys.includes("mask.rate")) {
    return `the same masks on the grid, whatever ${keys.join(" and ")} asks for: ${tokens}`;
  }
  return `nothing that is trained or drawn reads the difference in ${keys.join(" and ")}`;
}

/** "S = 16 of 64 tokens"; null: nothing is hidden, or the mask changes over pretraining. */
function visibleTokens({ experiment, runs }: Cell): string | null {
  if (experiment === null || !runs.some(({ stage }) => stage === "pretrain")) return null;
  const { data, model, mask, pretrain } = experiment;
  const placed = onGrid(maskPieces(mask, "pretrain", pretrain.steps), data.image_size / model.patch_size);
  if (placed?.length !== 1) return null;
  const { visibleTokens: S, tokens: N } = placed[0]!.geometry;
  return `S = ${count(S)} of ${count(N)} tokens`;
}
