/** Lines of metrics.jsonl as columns, in the text's own order: what RunColumns takes in, and what metrics.columns holds. */
import type { MetricsLine, StepMetrics } from "../run/metrics.ts";

type Read = (line: StepMetrics) => number | null | undefined;

/** What axes are made of, each kept as a Float64. */
const EXACT = {
  step: ({ step }) => step,
  images: ({ images }) => images,
  seconds: ({ seconds }) => seconds,
} as const satisfies Record<string, Read>;

const quarter =
  (i: number): Read =>
  ({ lossByTimestep }) =>
    lossByTimestep[i];

/**
 * What measures are made of, each kept as a Float32; NaN where a line does not say it. A measure that is added here is in
 * metrics.columns from then on, and files without it stay good.
 */
const ROUNDED = {
  loss: ({ loss }) => loss,
  loss0: quarter(0),
  loss1: quarter(1),
  loss2: quarter(2),
  loss3: quarter(3),
  gradNorm: ({ gradNorm }) => gradNorm,
  lr: ({ lr }) => lr,
  imagesPerSecond: ({ imagesPerSecond }) => imagesPerSecond,
  memory: ({ memoryBytes }) => memoryBytes,
  dataWaitSeconds: ({ dataWaitSeconds }) => dataWaitSeconds,
  heldOutLoss: ({ heldOutLoss }) => heldOutLoss,
  heldOutError: ({ heldOutError }) => heldOutError,
  kid: ({ kid }) => kid,
  kidError: ({ kidError }) => kidError,
} as const satisfies Record<string, Read>;

export type ExactField = keyof typeof EXACT;
export type RoundedField = keyof typeof ROUNDED;

/** In the order in which packed lines have them. */
export const EXACT_FIELDS = Object.keys(EXACT) as ExactField[];
export const ROUNDED_FIELDS = Object.keys(ROUNDED) as RoundedField[];
const READ_EXACT: readonly Read[] = Object.values(EXACT);
const READ_ROUNDED: readonly Read[] = Object.values(ROUNDED);

export interface PackedResume {
  readonly type: "resume";
  /** stands before this row */
  readonly row: number;
  readonly step: number;
  /** milliseconds since 1970; NaN: not said */
  readonly time: number;
}

/** Step lines as rows, resume lines between them. */
export interface PackedLines {
  /** rows */
  readonly length: number;
  /** by EXACT_FIELDS, each of `length` values */
  readonly exact: readonly Float64Array[];
  /** by ROUNDED_FIELDS, each of `length` values */
  readonly rounded: readonly Float32Array[];
  /** in their order */
  readonly resumes: readonly PackedResume[];
}

const LARGEST_FLOAT32 = 3.4028234663852886e38;

/** What a Float32 cannot hold is the largest that it can. */
const rounded = (value: number | null | undefined): number =>
  value == null ? Number.NaN : Math.min(LARGEST_FLOAT32, Math.max(-LARGEST_FLOAT32, value));

export function packLines(lines: Iterable<MetricsLine>): PackedLines {
  const steps: StepMetrics[] = [];
  const resumes: PackedResume[] = [];
  for (const line of lines) {
    if (line.type === "step") steps.push(line);
    else {
      const time = line.time === undefined ? Number.NaN : Date.parse(line.time);
      resumes.push({ type: "resume", row: steps.length, step: line.step, time });
    }
  }
  const { length } = steps;
  const exact = READ_EXACT.map(() => new Float64Array(length));
  const measured = READ_ROUNDED.map(() => new Float32Array(length));
  // Plain loops: iterators take several times as long, and a text of millions of lines goes through here.
  for (let row = 0; row < length; row++) {
    const line = steps[row]!;
    for (let i = 0; i < exact.length; i++) exact[i]![row] = READ_EXACT[i]!(line)!;
    for (let i = 0; i < measured.length; i++) measured[i]![row] = rounded(READ_ROUNDED[i]!(line));
  }
  return { length, exact, rounded: measured, resumes };
}

/** All rows and resumes of the parts, one part after the other. */
export function joinLines(parts: readonly PackedLines[]): PackedLines {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const exact = EXACT_FIELDS.map(() => new Float64Array(length));
  const rounded = ROUNDED_FIELDS.map(() => new Float32Array(length));
  const resumes: PackedResume[] = [];
  let at = 0;
  for (const part of parts) {
    for (const [i, column] of exact.entries()) column.set(part.exact[i]!, at);
    for (const [i, column] of rounded.entries()) column.set(part.rounded[i]!, at);
    for (const resume of part.resumes) resumes.push({ ...resume, row: resume.row + at });
    at += part.length;
  }
  return { length, exact, rounded, resumes };
}
