/**
 * Tries a backend that nobody asked for by name. This project's own kernels have to pass the self-test first, a whole training step,
 * in a process of its own, since they might end it: once for each build of them, processor and version of Node.js.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { thisMachine } from "../../node/machine.ts";
import { userFolder } from "../../node/userFolder.ts";
import type { BackendName } from "./backend.ts";
import { type BackendTrialResult, trialApart, trialHere } from "./backendTrial.ts";
import { addonPath } from "./native/addon.ts";
import { type BackendTrial, tryBackend } from "./tryBackend.ts";

/** What it depends on; others in tests. */
export interface SelfTestPlace {
  /** keeps which self-tests were passed */
  readonly folder: string;
  readonly trial: (name: BackendName, threads: number) => Promise<BackendTrialResult>;
}

function here(): SelfTestPlace {
  // Beside the engine's worker; where the sources run as they are there is no program to be started.
  const program = fileURLToPath(new URL("./maskdm.js", import.meta.url));
  const trial: SelfTestPlace["trial"] = existsSync(program)
    ? (name, threads) => trialApart(name, threads, { seconds: 0, program })
    : (name, threads) => trialHere(name, threads, 0);
  return { folder: userFolder("self-tests"), trial };
}

export async function tryForAuto(
  name: BackendName,
  threads: number,
  place: SelfTestPlace = here(),
): Promise<BackendTrial> {
  const file = name === "native" ? addonPath() : null;
  // Without its module it says why it does not work.
  if (file === null) return tryBackend(name, threads);
  const passed = join(place.folder, `native-${keyOf(file)}`);
  if (!existsSync(passed)) {
    const result = await place.trial(name, threads);
    if (!result.works) {
      const remedy = "`maskdm doctor` tries it again; engine.backend: native takes it all the same.";
      return { ok: false, name, reason: `it did not pass its self-test (${result.reason})`, remedy };
    }
    remember(passed);
  }
  return tryBackend(name, threads);
}

/** The kernels, and what else decides on what they compute: the processor, and what loads them. */
function keyOf(file: string): string {
  const hash = createHash("sha256").update(readFileSync(file));
  const machine = [process.platform, process.arch, thisMachine().cpu, process.version, process.env["MASKDM_KERNELS"]];
  return hash.update(JSON.stringify(machine)).digest("hex").slice(0, 32);
}

/** Where that is not allowed, the self-test is made every time. */
function remember(passed: string): void {
  try {
    mkdirSync(join(passed, ".."), { recursive: true });
    writeFileSync(passed, "");
  } catch {
    // Nothing depends on it but time.
  }
}
