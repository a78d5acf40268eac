/** Does drawing in short slices, so that the page answers while much is drawn, and measures how long it took. */

/** Work of a slice; between slices the page answers. */
const SLICE_MS = 25;

/** Entry in the page's timeline (performance.measure): from the change that caused it to the last image drawn. */
export const PAINTED = "designer:painted";

export class Painter {
  private jobs: Generator<void> | null = null;
  private startedAt: number | null = null;

  /** The time from the first call to `done` is measured. @param at of performance.now, when the change came */
  begin(at: number): void {
    this.startedAt ??= at;
  }

  /** All that is to be seen is drawn. */
  done(): void {
    if (this.startedAt === null) return;
    performance.clearMeasures(PAINTED);
    performance.measure(PAINTED, { start: this.startedAt, end: performance.now() });
    this.startedAt = null;
  }

  /**
   * Draws, in place of what is being drawn.
   * @param jobs each step is a piece of work of a few milliseconds at most
   */
  paint(jobs: Generator<void>): void {
    const isIdle = this.jobs === null;
    this.jobs = jobs;
    if (isIdle) this.slice();
  }

  private slice(): void {
    const until = performance.now() + SLICE_MS;
    while (this.jobs !== null) {
      if (this.jobs.next().done) this.jobs = null;
      if (performance.now() >= until) break;
    }
    // A timer rather than a frame: a page that is not on screen gets no frames.
    if (this.jobs !== null) setTimeout(() => this.slice(), 0);
  }
}
