import { setImmediate as turn } from "node:timers/promises";
import { endSignals } from "../node/endSignals.ts";

export interface StopOnSignals {
  readonly signal: AbortSignal;
  /** Whether the signal is given, also by what came while this thread was too busy to be told. */
  asked(): Promise<boolean>;
  release(): void;
}

/** A signal that is given when the process is asked to end, so that what is half done can be removed first; until it is released. */
export function stopOnSignals(): StopOnSignals {
  const stop = new AbortController();
  const listener = (): void => stop.abort();
  for (const name of endSignals()) process.on(name, listener);
  return {
    signal: stop.signal,
    asked: async () => {
      // Between two turns of immediates the loop looks once at what has come in.
      await turn();
      await turn();
      return stop.signal.aborted;
    },
    release: () => {
      for (const name of endSignals()) process.off(name, listener);
    },
  };
}
