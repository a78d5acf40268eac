import type { EngineClient } from "../engine/client.ts";
import type { StopRequest } from "./stopRequest.ts";

/** A step that takes longer than this after a stop was asked for is broken off, where the backend can. */
const STOP_PATIENCE_MS = 2000;
const POLL_MS = 500;

/** Waits for a training loop, but not for a long step once it is asked to stop. @param loop ends when its steps are answered */
export async function withStopPatience<T>(
  { stop, engine }: { readonly stop: StopRequest; readonly engine: EngineClient },
  loop: () => Promise<T>,
): Promise<T> {
  let askedAt: number | null = null;
  const watch = setInterval(() => {
    if (stop.reason === null) return;
    askedAt ??= performance.now();
    if (performance.now() - askedAt >= STOP_PATIENCE_MS) engine.cancelSteps();
  }, POLL_MS);
  try {
    return await loop();
  } finally {
    clearInterval(watch);
  }
}
