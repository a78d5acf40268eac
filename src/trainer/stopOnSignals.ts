import { endSignals } from "../node/endSignals.ts";

/** A signal that is given when the process is asked to end, so that what is half done can be removed first; until it is released. */
export function stopOnSignals(): { readonly signal: AbortSignal; release(): void } {
  const stop = new AbortController();
  const listener = (): void => stop.abort();
  for (const name of endSignals()) process.on(name, listener);
  return {
    signal: stop.signal,
    release: () => {
      for (const name of endSignals()) process.off(name, listener);
    },
  };
}
