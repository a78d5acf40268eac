/** Whether a backend works. Each is tried in a process of its own: a library that crashes or chatters must not take the report along. */
import { spawn } from "node:child_process";
import * as z from "zod";
import type { BackendName } from "../engine/backend.ts";
import { selfTest, selfTestDifference } from "../engine/selfTest.ts";
import { tryBackend } from "../engine/tryBackend.ts";

const SELF_TEST_SECONDS = 1;
/** A library that hangs is given up after this long; a busy machine takes seconds to load one. */
const GIVE_UP_SECONDS = 120;
/** Of the largest value. float32 gives some 1e-6; a backend of half the precision would still be of use, one of noise not. */
const LARGEST_DIFFERENCE = 1e-2;

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

export interface BackendCheck {
  readonly name: BackendName;
  readonly works: boolean;
  /** library and version; null where it could not be loaded */
  readonly version: string | null;
  readonly threads: number | null;
  /** of a tiny training step of batchSize images */
  readonly millisecondsPerStep: number | null;
  readonly batchSize: number | null;
  /** largest difference of its gradients to those of the first backend that works, over their largest value */
  readonly difference: number | null;
  /** why it does not work, and what to do about it */
  readonly reason: string | null;
  readonly remedy: string | null;
}

/** Tries a backend in this process. */
export async function trialHere(name: BackendName, threads: number): Promise<BackendTrialResult> {
  const trial = await tryBackend(name, threads);
  if (!trial.ok) return { works: false, reason: trial.reason, remedy: trial.remedy };
  const { backend } = trial;
  const { values, milliseconds, batchSize } = await selfTest(backend, SELF_TEST_SECONDS);
  return {
    works: true,
    version: backend.version,
    threads: backend.threads,
    milliseconds,
    batchSize,
    values: Buffer.from(values.buffer).toString("base64"),
  };
}

/**
 * Tries a backend in a process of its own: this program again, with a hidden command.
 * @param signal ends that process
 */
export function trialApart(name: BackendName, threads: number, signal?: AbortSignal): Promise<BackendTrialResult> {
  return new Promise((resolve) => {
    const args = [process.argv[1]!, "doctor-backend", name, String(threads)];
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Checks backends one after the other and compares their gradients with those of the first that works.
 * @param trial how one is tried
 */
export function backendChecker(
  threads: number,
  trial: (name: BackendName, threads: number) => Promise<BackendTrialResult>,
): (name: BackendName) => Promise<BackendCheck> {
  let reference: Float32Array | null = null;
  return async (name) => {
    const result = await trial(name, threads);
    if (!result.works) {
      const { reason, remedy } = result;
      const nothing = { version: null, threads: null, millisecondsPerStep: null, batchSize: null, difference: null };
      return { name, works: false, ...nothing, reason, remedy };
    }
    const { version, milliseconds, batchSize } = result;
    const values = floats(result.values);
    const difference = selfTestDifference(values, reference ?? values);
    const works = difference <= LARGEST_DIFFERENCE;
    if (works) reference ??= values;
    return {
      name,
      works,
      version,
      threads: result.threads,
      millisecondsPerStep: milliseconds,
      batchSize,
      difference,
      reason: works ? null : wrongResult(difference),
      remedy: works ? null : "Choose another backend with engine.backend.",
    };
  };
}

function wrongResult(difference: number): string {
  return Number.isNaN(difference)
    ? "its gradients are not finite numbers"
    : `its gradients are wrong: they differ by ${difference.toExponential(1)} of the largest value from another backend's`;
}

function floats(base64: string): Float32Array {
  const bytes = Buffer.from(base64, "base64");
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
