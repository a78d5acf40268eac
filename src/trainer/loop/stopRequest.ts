/** Asks a training loop to stop after the current step: SIGINT, SIGTERM, or the run's control file. */

const POLL_MS = 500;

export class StopRequest {
  private asked: string | null = null;
  private polled = 0;
  private readonly listeners = new Map<NodeJS.Signals, () => void>();

  /** @param controlFile whether the run's control file asks for a stop */
  constructor(private readonly controlFile: () => boolean) {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const listener = (): void => {
        if (this.asked !== null) this.endNow(signal);
        this.asked = signal;
      };
      this.listeners.set(signal, listener);
      process.on(signal, listener);
    }
  }

  /** What asked for a stop; null: nothing yet. Cheap enough for every step. */
  get reason(): string | null {
    const now = Date.now();
    if (this.asked === null && now - this.polled >= POLL_MS) {
      this.polled = now;
      if (this.controlFile()) this.asked = "control file";
    }
    return this.asked;
  }

  dispose(): void {
    for (const [signal, listener] of this.listeners) process.off(signal, listener);
  }

  /**
   * A second signal means now; the last checkpoint stays as it is. The signal gets its usual effect back: process.exit would first
   * wait for the engine's native code, and abort in it.
   */
  private endNow(signal: NodeJS.Signals): void {
    this.dispose();
    process.emit("exit", 1); // the terminal is put in order
    process.kill(process.pid, signal);
  }
}
