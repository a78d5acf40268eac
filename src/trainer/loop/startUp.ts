/** How long a session took to begin, part by part, for the run's log. */

export class StartUp {
  private readonly parts: { readonly name: string; readonly milliseconds: number }[] = [];
  private markedAt: number;

  /**
   * @param now milliseconds since the process began
   * @param beganAt when the session did; a process may hold several, one after the other
   */
  constructor(
    private readonly now: () => number = () => performance.now(),
    private readonly beganAt = 0,
  ) {
    this.markedAt = beganAt;
  }

  /** Of a session that begins now, in a process that has had another one before. */
  static again(): StartUp {
    return new StartUp(undefined, performance.now());
  }

  /** What was done since the last mark, or since the session began. */
  mark(name: string): void {
    const now = this.now();
    this.parts.push({ name, milliseconds: now - this.markedAt });
    this.markedAt = now;
  }

  /** Such as `first step after 1.2 s: program 210 ms, experiment 180 ms, images 90 ms, engine 700 ms, first step 40 ms`. */
  get line(): string {
    const parts = this.parts.map(({ name, milliseconds }) => `${name} ${milliseconds.toFixed(0)} ms`);
    return `first step after ${((this.markedAt - this.beganAt) / 1000).toFixed(1)} s: ${parts.join(", ")}`;
  }
}
