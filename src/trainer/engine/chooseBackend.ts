/** Picks the backend: the asked one, or the fastest that works here. */
import { UserError } from "../../core/errors.ts";
import type { Backend, BackendName } from "./backend.ts";
import { type BackendTrial, tryBackend } from "./tryBackend.ts";
import { tryForAuto } from "./tryForAuto.ts";
import { type BackendChoice, candidatesOf } from "./wantedBackend.ts";

export interface ChosenBackend {
  readonly backend: Backend;
  /** for the log: which one, and why not those before it */
  readonly notes: string[];
}

/**
 * @param threads for backends that can be told; the others say so
 * @param attempt tries one backend; another in tests
 * @throws UserError where none of the candidates works, saying why not and what to do
 */
export async function chooseBackend(
  wanted: BackendChoice,
  threads: number,
  attempt: (name: BackendName, threads: number) => Promise<BackendTrial> = wanted === "auto" ? tryForAuto : tryBackend,
): Promise<ChosenBackend> {
  const failed: Extract<BackendTrial, { ok: false }>[] = [];
  for (const name of candidatesOf(wanted)) {
    const trial = await attempt(name, threads);
    if (!trial.ok) {
      failed.push(trial);
      continue;
    }
    const { backend } = trial;
    const asked = wanted === "auto" ? "the fastest that works here" : `engine.backend: ${wanted}`;
    const count = `${backend.threads} ${backend.threads === 1 ? "thread" : "threads"}`;
    const notes = [`backend ${name} (${backend.version}, ${count}): ${asked}`];
    if (backend.threads !== threads) notes.push(`backend ${name} takes ${count} whatever engine.threads says`);
    for (const { name, reason, remedy } of failed) notes.push(`backend ${name} is not available: ${reason}. ${remedy}`);
    return { backend, notes };
  }
  const causes = failed.map(({ name, reason, remedy }) => `${name}: ${reason}. ${remedy}`).join("\n  ");
  throw new UserError(
    failed.length === 1 && failed[0]!.name === wanted
      ? `The backend ${causes}`
      : `No backend works here (engine.backend: ${wanted}).\n  ${causes}`,
    "failure",
  );
}
