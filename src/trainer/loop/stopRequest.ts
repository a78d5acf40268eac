/** Asks a training loop to stop after the current step: a signal, or the run's control file. */
import { type EndSignal, endSignals } from "../../node/endSignals.ts";

const POLL_MS = 500;
/** A step that takes longer than this after a stop was asked for is broken off, where the backend can. */
const PATIENCE_MS = 2000;

/** A stop was asked for, and does not wait for what is at work. */
export class GivenUp extends Error {}

export class StopRequest {
  private asked: string | null = null;
  /** whether somebody asked by a signal that means now when it comes again */
  private askedByHand = false;
  private polled = 0;
  private readonly listeners = new Map<EndSignal, () => void>();
  private readonly watch: NodeJS.Timeout;

  /**
   * @param controlFile whether the run's control file asks for a stop
   * @param breakOff the step at work, once a stop has waited for it long enough; asked for again and again
   */
  constructor(
    private readonly controlFile: () => boolean,
    breakOff: () => void,
  ) {
    let askedAt: number | null = null;
    this.watch = setInterval(() => {
      if (this.reason === null) return;
      askedAt ??= performance.now();
      if (performance.now() - askedAt >= PATIENCE_MS) breakOff();
    }, POLL_MS);
    for (const signal of endSignals()) {
      const listener = (): void => this.take(signal);
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

  /** For work that a stop does not wait for. @throws GivenUp once one was asked for */
  check(): void {
    if (this.reason !== null) throw new GivenUp();
  }

  dispose(): void {
    clearInterval(this.watch);
    for (const [signal, listener] of this.listeners) process.off(signal, listener);
  }

  private take(signal: EndSignal): void {
    this.asked ??= signal;
    // A terminal that closes sends its hangup twice, the shell's and the system's; nobody is there who could be in a hurry.
    if (signal === "SIGHUP") return;
    if (this.askedByHand) this.endNow(signal);
    this.askedByHand = true;
  }

  /**
   * A second signal means now; the last checkpoint stays as it is. The signal gets its usual effect back: process.exit would first
   * wait for the engine's native code, and abort in it.
   */
  private endNow(signal: EndSignal): void {
    this.dispose();
    process.emit("exit", 1); // the terminal is put in order
    process.kill(process.pid, signal);
  }
}
