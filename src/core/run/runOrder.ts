/** The order that every list of runs is shown in: newest first, then by name. */

const collator = new Intl.Collator("en", { numeric: true });

/** Names as people count: r2 before r10. Names that differ never compare as equal. */
export const compareNames = (a: string, b: string): number => collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);

/** What places a run in a list. */
export interface PlacedRun {
  readonly id: string;
  /** when it was made, ISO 8601; null: not known */
  readonly createdAt: string | null;
  /** it is yet to be made */
  readonly queued?: boolean;
}

/** Runs still to begin, then the others from the newest on; those of unknown age last, and those of one moment by name. */
export const compareNewest = (a: PlacedRun, b: PlacedRun): number => moment(b) - moment(a) || compareNames(a.id, b.id);

/** From the oldest on; those of one moment by name, too. */
export const compareOldest = (a: PlacedRun, b: PlacedRun): number => moment(a) - moment(b) || compareNames(a.id, b.id);

/** Finite, so that two of them can be subtracted. */
function moment({ createdAt, queued }: PlacedRun): number {
  if (createdAt === null) return queued === true ? Number.MAX_VALUE : -Number.MAX_VALUE;
  return Date.parse(createdAt);
}
