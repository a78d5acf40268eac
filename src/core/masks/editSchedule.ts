/** Changes of a mask's pieces as a form offers them. All leave a list that holds to the end of pretraining. */
import type { RatePiece } from "./schedule.ts";

/** What comes after a rate: fewer tokens are hidden later on. */
const lower = (rate: number): number => (rate > 0.5 ? 0.5 : 0);

/** One rate as a schedule: from half of the steps on less is hidden. */
export const asSchedule = (rate: number): RatePiece[] => [{ until: 0.5, rate }, { rate: lower(rate) }];

/**
 * With another piece at the end, which takes over the second half of the last one's steps. Its border is a share where the one before
 * is, else a step.
 * @param steps of pretraining
 */
export function withPiece(pieces: readonly RatePiece[], steps: number): RatePiece[] {
  const last = pieces.at(-1)!;
  const from = pieces.at(-2)?.until ?? 0;
  const until = from < 1 ? Number(((from + 1) / 2).toFixed(4)) : Math.round((from + steps) / 2);
  return [...pieces.slice(0, -1), { until, ...endless(last) }, { ...endless(last), rate: lower(last.rate) }];
}

/** Without a piece; the one number where nothing but a rate is left. */
export function withoutPiece(pieces: readonly RatePiece[], index: number): number | RatePiece[] {
  const left = pieces.filter((_, i) => i !== index);
  const last = endless(left.at(-1)!);
  if (left.length === 1 && Object.keys(last).length === 1) return last.rate;
  return [...left.slice(0, -1), last];
}

/** With another value of a key of one piece. */
export const withChange = (pieces: readonly RatePiece[], index: number, change: Partial<RatePiece>): RatePiece[] =>
  pieces.map((piece, i) => (i === index ? { ...piece, ...change } : piece));

function endless({ until: _, ...rest }: RatePiece): RatePiece {
  return rest;
}
