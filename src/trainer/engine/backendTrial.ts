/** Tries a backend with the self-test, here or in a process of its own, which a library that crashes takes along instead of this one. */
import { spawn } from "node:child_process";
import * as z from "zod";
import { selfTestFault } from "../../core/model/selfTest.ts";
import { parseJson } from "../../core/parseJson.ts";
import type { BackendName } from "./backend.ts";
import { selfTest } from "./selfTest.ts";
import { tryBackend } from "./tryBackend.ts";

const SELF_TEST_SECONDS = 1;
/** A library that hangs is given up after this long; a busy machine takes seconds to load one. */
const GIVE_UP_SECONDS = 120;
const trialSchema = z.discriminatedUnion("works", [
  z.object({
    works: z.literal(true),
    version: z.string(),
    threads: z.number(),
    milliseconds: z.number(),
    batchSize: z.number(),
    /** the self-test's values, float32 in base64 */
    values: z.string(),
  }),
  z.object({ works: z.literal(false), reason: z.string(), remedy: z.string() }),
]);
export type BackendTrialResult = z.output<typeof trialSchema>;

/**
 * Tries a backend in this process.
 * @param seconds how long steps of the self-test are repeated, to tell how quick they are
 */
export async function trialHere(
  name: BackendName,
  threads: number,
  seconds: number = SELF_TEST_SECONDS,
): Promise<BackendTrialResult> {
  const trial = await tryBackend(name, threads);
  if (!trial.ok) return { works: false, reason: trial.reason, remedy: trial.remedy };
  const { backend } = trial;
  const { values, milliseconds, batchSize } = await selfTest(backend, seconds);
  const fault = selfTestFault(values);
  if (fault !== null) return failed(fault);
  return {
    works: true,
    version: backend.version,
    threads: backend.threads,
    milliseconds,
    batchSize,
    values: Buffer.from(values.buffer).toString("base64"),
  };
}

export interface TrialOptions {
  /** as above */
  readonly seconds?: number;
  /** the command line's file */
  readonly program?: string;
  /** ends that process */
  readonly signal?: AbortSignal | undefined;
}

/** Tries a backend in a process of its own: this program again, with a hidden command. */
export function trialApart(
  name: BackendName,
  threads: number,
  { seconds = SELF_TEST_SECONDS, program = process.argv[1]!, signal }: TrialOptions = {},
): Promise<BackendTrialResult> {
  return new Promise((resolve) => {
    const args = [program, "doctor-backend", name, String(threads), String(seconds)];
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 1000 * GIVE_UP_SECONDS,
      killSignal: "SIGKILL",
      ...(signal === undefined ? {} : { signal }),
    });
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.on("error", (error) => resolve(failed(error.message)));
    child.on("close", (code, signal) => {
      const result = code === 0 ? trialSchema.safeParse(parseJson(out)) : null;
      if (result?.success) resolve(result.data);
      else if (signal === "SIGKILL") resolve(failed(`it did not finish within ${GIVE_UP_SECONDS} seconds`));
      else resolve(failed(`its library ended the process (${signal ?? `exit code ${code}`})`));
    });
  });
}

function failed(reason: string): BackendTrialResult {
  return { works: false, reason, remedy: "Choose another backend with engine.backend." };
}
