/** What is to be done next for a study: everything that its worker decides, from what is on disk. */
import { MOST_RUNS_ELSEWHERE } from "../run/queue.ts";
import { cellResult, isUnderWay, type RunFacts, type StudyFacts } from "./cellState.ts";
import { nextRung, nextRungOf, pauseOf, waitsAtRung } from "./halving.ts";
import { METRICS } from "./metrics.ts";
import type { Cell, PlannedRun, StudyPlan } from "./plan.ts";
import type { StudyRecord } from "./record.ts";
import { plannedSteps } from "./steps.ts";

export type StudyJob =
  /** find out how many steps its seconds are */
  | { readonly kind: "time"; readonly run: PlannedRun }
  /** until: the step at which it pauses to be compared; null: its last */
  | { readonly kind: "start" | "resume"; readonly run: PlannedRun; readonly until: number | null }
  | { readonly kind: "evaluate"; readonly cell: Cell; readonly run: PlannedRun }
  /** its training is over and has not measured the metric, which no evaluation would */
  | { readonly kind: "unmeasured"; readonly cell: Cell };

export interface Room {
  /** jobs of the queue, evaluations and timings that may be at work at once */
  readonly limit: number;
  /** of the queue that are on this machine, also those of nobody's or another study */
  readonly atWork: number;
  /** ids of trainings that somebody has stopped, or taken out of the queue: they go on when the study is started again */
  readonly held: ReadonlySet<string>;
}

/**
 * The jobs to begin now: no more than there is room for, all configurations with their first seed before the second, parents before
 * children, nothing that is at work or was done before. A step is timed while nothing else of the study is at work.
 */
export function nextJobs(plan: StudyPlan, facts: StudyFacts, { limit, atWork, held }: Room): StudyJob[] {
  const { record } = facts;
  if (record === null) return [];
  const underWay = [...plan.runs.values()].filter(({ id }) => isUnderWay(facts.run(id)));
  const here = underWay.filter((run) => !isElsewhere(run)).length;
  const busy = underWay.length + (record.evaluating === null ? 0 : 1);
  const left = {
    here: limit - here - (record.evaluating === null ? 0 : 1),
    elsewhere: [...plan.runs.values()].some(isElsewhere) ? MOST_RUNS_ELSEWHERE - (underWay.length - here) : 0,
  };
  const jobs: StudyJob[] = [];
  let begunHere = 0;
  const decoding = new DecodingGate(plan, facts);
  const taken = new Set<string>();
  for (const cell of inTurn(plan)) {
    if (left.here <= 0 && left.elsewhere <= 0) break;
    const job = nextOf(cell, plan, facts, record);
    if (job === null) continue;
    if (job.kind === "unmeasured") return [job];
    if (job.kind === "time") {
      // What is at work ends first, and nothing begins meanwhile.
      if (held.has(job.run.id)) continue;
      return busy + jobs.length > 0 ? jobs : [job];
    }
    const { run } = job;
    if (job.kind === "evaluate") {
      const isRoom = record.evaluating === null && left.here > 0 && atWork + begunHere < limit;
      if (!isRoom || jobs.some(({ kind }) => kind === "evaluate")) continue;
      left.here--;
      jobs.push(job);
      continue;
    }
    const place = isElsewhere(run) ? "elsewhere" : "here";
    if (left[place] <= 0 || taken.has(run.id) || held.has(run.id) || !decoding.admits(run)) continue;
    taken.add(run.id);
    left[place]--;
    if (place === "here") begunHere++;
    jobs.push(job);
  }
  return jobs;
}

/** Whether another machine computes it, so that it takes no room of this one. */
const isElsewhere = ({ experiment: { compute } }: PlannedRun): boolean => compute.target !== "local";

/** All configurations with their first seed, then with their second; cells that coincide once. */
function inTurn({ cells, seeds }: StudyPlan): Cell[] {
  const place = new Map(seeds.map((seed, index) => [seed, index]));
  const sorted = [...cells].sort(
    (a, b) => place.get(a.seed)! - place.get(b.seed)! || a.configuration - b.configuration,
  );
  return [...new Map(sorted.map((cell) => [cell.key, cell])).values()];
}

/** null: nothing, or not yet */
function nextOf(cell: Cell, plan: StudyPlan, facts: StudyFacts, record: StudyRecord): StudyJob | null {
  const isOut = cell.experiment === null || plan.configurations[cell.configuration]!.problems.length > 0;
  if (isOut || record.givenUp[cell.key] !== undefined || record.failed[cell.key] !== undefined) return null;
  const last = cell.runs.at(-1);
  for (const run of cell.runs) {
    const known = facts.run(run.id);
    const until = run === last ? pauseOf(run, plan, record) : null;
    if (known === undefined) {
      return plannedSteps(run, record) === null ? { kind: "time", run } : { kind: "start", run, until };
    }
    if (known.state === "finished") continue;
    if (known.state !== "stopped" && known.state !== "interrupted") return null;
    const isPaused = until !== null && known.step !== null && known.step >= until;
    return isPaused ? atRung(cell, run, plan, facts) : { kind: "resume", run, until };
  }
  return last === undefined ? null : toMeasure(cell, last, plan, facts.run(last.id)!);
}

/** A cell whose training waits at a rung is measured there, unless it was. */
function atRung(cell: Cell, run: PlannedRun, plan: StudyPlan, facts: StudyFacts): StudyJob | null {
  const record = facts.record!;
  const isNoted = waitsAtRung(cell, record) || nextRung(cell, record) > nextRungOf(run, plan, record);
  if (isNoted || METRICS[plan.study.metric].of === null) return null;
  return cellResult(cell, plan, facts.run(run.id)!) === null ? { kind: "evaluate", cell, run } : null;
}

function toMeasure(cell: Cell, run: PlannedRun, plan: StudyPlan, known: RunFacts): StudyJob | null {
  if (cellResult(cell, plan, known) !== null) return null;
  return METRICS[plan.study.metric].of === null ? { kind: "unmeasured", cell } : { kind: "evaluate", cell, run };
}

/** Lets one training at a time decode images that no training of the study has opened yet: the others then take them from the cache. */
class DecodingGate {
  private readonly opened = new Set<string>();
  private readonly opening = new Set<string>();

  constructor(plan: StudyPlan, facts: StudyFacts) {
    for (const run of plan.runs.values()) {
      const known = facts.run(run.id);
      if (known === undefined) continue;
      const isOpening = known.state === "queued" || known.state === "starting";
      (isOpening && !known.step ? this.opening : this.opened).add(imagesOf(run));
    }
  }

  admits(run: PlannedRun): boolean {
    const images = imagesOf(run);
    if (this.opened.has(images)) return true;
    if (this.opening.has(images)) return false;
    this.opening.add(images);
    return true;
  }
}

const imagesOf = ({ experiment: { data } }: PlannedRun): string =>
  JSON.stringify([data.path, data.ignore, data.image_size, data.channels, data.background]);
