/** Whether a backend works. Each is tried in a process of its own: a library that crashes or chatters must not take the report along. */

import { selfTestDifference } from "../../core/model/selfTest.ts";
import type { BackendName } from "../engine/backend.ts";
import type { BackendTrialResult } from "../engine/backendTrial.ts";

/** Of the largest value. float32 gives some 1e-6; a backend of half the precision would still be of use, one of noise not. */
const LARGEST_DIFFERENCE = 1e-2;

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
