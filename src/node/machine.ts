/**
 * The one place that knows what this process may use of its machine: in a container that is less than the machine has, and who plans
 * with more is killed.
 */
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { cgroupLimits } from "./cgroup.ts";

export interface Machine {
  /** model name of the processor */
  readonly cpu: string;
  /** threads that can run at once, at least 1 */
  readonly cores: number;
  readonly memoryBytes: number;
}

/** What this process may use. */
export const thisMachine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() || "unknown",
  cores: usableCores(),
  memoryBytes: usableMemory(),
});

/** Memory that this process may take, in bytes: the machine's, or the limit of a container or another control group. */
export function usableMemory(): number {
  // 0 and numbers beyond the machine's memory mean that there is no limit.
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return Math.min(totalmem(), limit, cgroupLimits().memoryBytes);
}

/** Memory that nobody uses now, in bytes, as far as this process may take it. */
export const freeMemory = (): number => Math.min(freemem(), usableMemory());

/**
 * Threads that can run at once: as many as there are processors that this process may run on, and no more than a container's share
 * of their time keeps busy. A share that is not whole is rounded up, or a part of it would lie idle.
 */
export function usableCores(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(cgroupLimits().processors)));
}
