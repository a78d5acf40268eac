/** Reads metrics.jsonl while it grows. Knows no file: the caller reads bytes from `offset` and feeds them. */
import { type MetricsLine, parseMetricsLine, type StepMetrics } from "./metrics.ts";
import { stepsInOrder } from "./metricsSeries.ts";

const NEWLINE = 0x0a;

export class MetricsTail {
  private readonly decoder = new TextDecoder();
  /** bytes of a line whose newline has not arrived, in the pieces they came in */
  private partial: Uint8Array[] = [];
  private fed = 0;
  private badLines = 0;

  /** Bytes taken so far: where in the file the next chunk begins. */
  get offset(): number {
    return this.fed;
  }

  /** Lines that were torn or wrong, and skipped. */
  get malformed(): number {
    return this.badLines;
  }

  /**
   * @param chunk the bytes that follow those fed before; may end anywhere, even inside a character. It is not kept.
   * @returns the lines that are now complete
   */
  feed(chunk: Uint8Array): MetricsLine[] {
    this.fed += chunk.length;
    const lines: MetricsLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.take(this.lineEndingWith(chunk.subarray(start, end)), lines);
      start = end + 1;
    }
    if (start < chunk.length) this.partial.push(new Uint8Array(chunk.subarray(start))); // a copy; slice of a Buffer is none
    return lines;
  }

  /** Takes a last line that has no newline; for a file that nobody writes any more. */
  finish(): MetricsLine[] {
    const lines: MetricsLine[] = [];
    if (this.partial.length > 0) this.take(this.lineEndingWith(new Uint8Array(0)), lines);
    return lines;
  }

  /** Starts over, for a file that was replaced or has become shorter than `offset`. */
  reset(): void {
    this.partial = [];
    this.fed = 0;
    this.badLines = 0;
  }

  private lineEndingWith(rest: Uint8Array): string {
    if (this.partial.length === 0) return this.decoder.decode(rest);
    const pieces = [...this.partial, rest];
    const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.partial = [];
    return this.decoder.decode(whole);
  }

  private take(text: string, lines: MetricsLine[]): void {
    const line = parseMetricsLine(text);
    if (line === "malformed") this.badLines++;
    else if (line !== "other") lines.push(line);
  }
}

/** Reads a whole metrics.jsonl: the steps that count, ascending. */
export function readMetrics(bytes: Uint8Array): { steps: StepMetrics[]; malformed: number } {
  const tail = new MetricsTail();
  const lines = tail.feed(bytes);
  lines.push(...tail.finish());
  return { steps: stepsInOrder(lines), malformed: tail.malformed };
}
