/** Notices what somebody else does to the trainings of a study while its worker is at work. */
import { isUnderWay, type RunFacts, type StudyFacts } from "../../core/study/cellState.ts";
import { pauseOf } from "../../core/study/halving.ts";
import type { StudyPlan } from "../../core/study/plan.ts";

/** An entry that changes its state while the queue is read is missed once; after so many looks it is gone. */
const LOOKS = 4;
/** A process that vanishes so often without a step done in between will do so again. */
const MOST_VANISHED = 3;

export class RunWatch {
  /** stopped, or taken out of the queue: they are left alone until the study is started again */
  readonly held = new Set<string>();
  private readonly seen = new Set<string>();
  private readonly missing = new Map<string, number>();
  private readonly vanished = new Map<string, { readonly step: number | null; readonly times: number }>();

  /** @returns trainings whose process vanishes again and again */
  look(plan: StudyPlan, facts: StudyFacts): string[] {
    const lost: string[] = [];
    for (const run of plan.runs.values()) {
      const known = facts.run(run.id);
      if (known !== undefined) this.missing.delete(run.id);
      if (isUnderWay(known)) {
        this.seen.add(run.id);
        this.held.delete(run.id);
      } else if (this.seen.has(run.id)) {
        const pause = facts.record === null ? null : pauseOf(run, plan, facts.record);
        if (known === undefined) this.miss(run.id);
        else if (this.ended(run.id, known, pause)) lost.push(run.id);
      }
    }
    return lost;
  }

  private miss(id: string): void {
    const looks = (this.missing.get(id) ?? 0) + 1;
    this.missing.set(id, looks);
    this.held.add(id);
    if (looks >= LOOKS) this.seen.delete(id);
  }

  /** @returns whether its process has vanished too often */
  private ended(id: string, { state, step }: RunFacts, pause: number | null): boolean {
    this.seen.delete(id);
    this.held.delete(id);
    if (state === "stopped" && (pause === null || step === null || step < pause)) this.held.add(id);
    if (state !== "interrupted") return false;
    const before = this.vanished.get(id);
    const times = before !== undefined && before.step === step ? before.times + 1 : 1;
    this.vanished.set(id, { step, times });
    return times >= MOST_VANISHED;
  }
}
