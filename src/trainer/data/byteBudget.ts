/**
 * Lets pieces of work run at once as long as the memory that they take stays within a limit. First come, first served, so that a
 * large one is not passed by for ever.
 */
export class ByteBudget {
  private used = 0;
  private readonly waiting: { readonly bytes: number; readonly start: () => void }[] = [];

  /** @param limit bytes */
  constructor(private readonly limit: number) {}

  /** @param bytes that the work takes at most; more than the limit: it runs alone */
  async run<Result>(bytes: number, work: () => Promise<Result>): Promise<Result> {
    // Even what takes nothing counts: nothing at all runs beside what runs alone.
    const share = Math.min(Math.max(1, bytes), this.limit);
    if (this.waiting.length === 0 && this.used + share <= this.limit) this.used += share;
    else await new Promise<void>((start) => this.waiting.push({ bytes: share, start }));
    try {
      return await work();
    } finally {
      this.used -= share;
      this.startNext();
    }
  }

  /** Waits until nothing else runs, and keeps the others waiting. */
  runAlone<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.run(this.limit, work);
  }

  private startNext(): void {
    for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
      if (this.used + next.bytes > this.limit) return;
      this.waiting.shift();
      this.used += next.bytes;
      next.start();
    }
  }
}
