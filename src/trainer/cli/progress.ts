/** Progress of long work on stderr: one redrawn line with bar, rate and ETA on a terminal, plain lines at intervals otherwise. */
import { formatDuration } from "../../core/durationText.ts";
import type { Io } from "./io.ts";

export interface ProgressOptions {
  /** what is being done, such as "pretrain" */
  readonly label: string;
  /** how much there is to do */
  readonly total: number;
  /** what is counted, such as "steps" */
  readonly unit: string;
  /** where the count begins, for work that was begun earlier; does not enter the rate */
  readonly start?: number;
  /** seconds between plain lines where there is no terminal */
  readonly plainSeconds?: number;
  /** clock in milliseconds */
  readonly now?: () => number;
}

export interface Progress {
  /**
   * Reports how much is done; cheap enough to be called at every step.
   * @param note what else is worth showing, such as the loss
   * @param secondsLeft where that is known better than by the count and its rate
   */
  update(done: number, note?: string, secondsLeft?: number | null): void;
  /** Ends the display and leaves one line that says how it ended. To be called on failure, too. */
  finish(note?: string): void;
}

const REDRAW_MS = 100;
const DEFAULT_PLAIN_SECONDS = 10;
/** The rate is that of about the last half minute, so that it follows a machine that becomes busy. */
const RATE_WINDOW_MS = 30_000;
const BAR_WIDTH = 24;
const SMALLEST_BAR = 6;

export function createProgress(io: Io, options: ProgressOptions): Progress {
  const { label, total, unit, now = Date.now } = options;
  const interval = io.status === undefined ? (options.plainSeconds ?? DEFAULT_PLAIN_SECONDS) * 1000 : REDRAW_MS;
  const begun = now();
  const rate = new RateMeter(options.start ?? 0, begun);
  let lastShown = Number.NEGATIVE_INFINITY;
  let done = options.start ?? 0;
  let lastNote = "";
  let secondsLeft: number | null = null;

  const show = (): void => {
    const facts = progressFacts({ done, total, secondsLeft, unit, rate: rate.perSecond, note: lastNote });
    if (io.status === undefined) io.stderr(`${label}: ${facts}`);
    else io.status(progressLine(label, facts, total > 0 ? done / total : 1, io.columns ?? 80));
  };

  return {
    update(value, note = "", left = null) {
      const time = now();
      done = value;
      secondsLeft = left;
      lastNote = note;
      rate.add(value, time);
      if (time - lastShown < interval) return;
      lastShown = time;
      show();
    },
    finish(note = lastNote) {
      io.status?.(null);
      const seconds = (now() - begun) / 1000;
      const count = `${formatCount(done)}${done === total ? "" : ` of ${formatCount(total)}`} ${unit}`;
      io.stderr(`${label}: ${count} in ${formatDuration(seconds)}${note === "" ? "" : ` · ${note}`}`);
    },
  };
}

/** Rate over a sliding window of time. */
class RateMeter {
  private readonly points: { done: number; time: number }[];

  constructor(done: number, time: number) {
    this.points = [{ done, time }];
  }

  /** null until there is something to measure */
  get perSecond(): number | null {
    const first = this.points[0]!;
    const last = this.points[this.points.length - 1]!;
    return last.time > first.time ? ((last.done - first.done) * 1000) / (last.time - first.time) : null;
  }

  add(done: number, time: number): void {
    const { points } = this;
    // Close points replace each other, so that quick work keeps a short list.
    const previous = points[points.length - 2];
    if (previous !== undefined && time - previous.time < REDRAW_MS) points.pop();
    points.push({ done, time });
    while (points.length > 2 && time - points[1]!.time >= RATE_WINDOW_MS) points.shift();
  }
}

function progressFacts(state: {
  done: number;
  total: number;
  secondsLeft: number | null;
  unit: string;
  rate: number | null;
  note: string;
}): string {
  const { done, total, secondsLeft, unit, rate, note } = state;
  const percent = total > 0 ? Math.floor((100 * done) / total) : 100;
  const facts = [`${percent}% ${formatCount(done)}/${formatCount(total)} ${unit}`];
  if (rate !== null) {
    facts.push(`${formatRate(rate)}/s`);
    if (rate > 0) facts.push(`ETA ${formatDuration(secondsLeft ?? (total - done) / rate)}`);
  }
  if (note !== "") facts.push(note);
  return facts.join(" · ");
}

/** The bar gives way first when the terminal is narrow; then the end of the facts is cut off. */
function progressLine(label: string, facts: string, share: number, columns: number): string {
  // The last column stays free: writing there makes some terminals wrap.
  const width = Math.max(10, columns - 1);
  const bar = Math.min(BAR_WIDTH, width - label.length - facts.length - 4);
  if (bar < SMALLEST_BAR) return truncate(`${label} ${facts}`, width);
  const full = Math.round(Math.min(1, Math.max(0, share)) * bar);
  return `${label} [${"█".repeat(full)}${"░".repeat(bar - full)}] ${facts}`;
}

function truncate(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** 1234567 -> "1,234,567" */
export function formatCount(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** Three significant digits. */
export function formatRate(value: number): string {
  if (value >= 100) return formatCount(value);
  return value >= 10 ? value.toFixed(1) : value.toPrecision(value >= 0.01 ? 3 : 2);
}
