/** Tells what comes out of a study's cells, each thing once: in the log, and in the one line that says how the study stands. */
import { short } from "../../core/numbers.ts";
import { cellState, type StudyFacts } from "../../core/study/cellState.ts";
import type { HalvingChange } from "../../core/study/halving.ts";
import { METRICS } from "../../core/study/metrics.ts";
import { cellCounts, cellName, countsText, type StudyFailure, studyFailures } from "../../core/study/progress.ts";
import type { StudyBook } from "./studyBook.ts";

export class Outcomes {
  private readonly done = new Set<string>();
  private failed = new Set<string>();
  private first: StudyFailure | null = null;
  private isBegun = false;

  constructor(private readonly book: StudyBook) {}

  /** @returns whether a cell has failed */
  tell(facts: StudyFacts): boolean {
    const { book } = this;
    const { plan } = book;
    for (const cell of plan.cells) {
      const state = cellState(cell, plan, facts);
      if (state.kind !== "done" || this.done.has(cell.key)) continue;
      this.done.add(cell.key);
      // What was there before is told by its number.
      if (!this.isBegun) continue;
      const error = state.error === null ? "" : ` ± ${short(state.error)}`;
      book.log(`${cellName(cell, plan)}: ${METRICS[plan.study.metric].title} ${short(state.value)}${error}`);
    }
    const failures = studyFailures(plan, facts);
    const keyOf = ({ cell, run }: StudyFailure): string => run ?? cell.key;
    for (const failure of failures) {
      if (!this.failed.has(keyOf(failure))) book.log(`FAILED ${failureText(failure, book)}`);
    }
    this.failed = new Set(failures.map(keyOf));
    this.first =
      failures.find((failure) => this.first !== null && keyOf(failure) === keyOf(this.first)) ?? failures[0] ?? null;
    const counts = countsText(cellCounts(plan, facts));
    if (!this.isBegun) book.log(counts);
    this.isBegun = true;
    book.update({ message: `${counts}.${this.firstFailure}` });
    return failures.length > 0;
  }

  /** A sentence, after a space, about what failed first; empty: nothing has. */
  get firstFailure(): string {
    return this.first === null ? "" : ` Failed first: ${failureText(this.first, this.book)}`;
  }

  /** A line for each cell that is given up. */
  givenUp({ givenUp }: HalvingChange): string[] {
    const { plan, record } = this.book;
    return plan.cells
      .filter(({ key }) => givenUp[key] !== undefined && record.givenUp[key] === undefined)
      .map((cell) => `${cellName(cell, plan)}: given up at ${short(givenUp[cell.key]!)} of its last stage`);
  }
}

const failureText = ({ cell, reason }: StudyFailure, { plan }: StudyBook): string =>
  `${cellName(cell, plan)}: ${reason}`;
