/** Work between steps that a run can do without: drawing and measuring. */
import { DiskError } from "../../node/run/diskError.ts";
import { LockLostError } from "../../node/run/runLock.ts";
import type { RunWriter } from "../run/runWriter.ts";
import { GivenUp } from "./stopRequest.ts";

export interface Told {
  readonly run: RunWriter;
  /** a line for the user */
  readonly note: (line: string) => void;
}

/**
 * A stop does not wait for it: a resume makes up for it. Where it fails the run goes on, and it is told.
 * @param what and how it is done, for the log: "samples of step 5", "drawn"
 * @returns null where it was given up or failed
 * @throws UserError where the disk refuses, as it will refuse checkpoints, too; or where the run is another process's now
 */
export async function betweenSteps<T>(
  { run, note }: Told,
  what: string,
  done: string,
  work: () => Promise<T>,
): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DiskError || error instanceof LockLostError) throw error;
    if (error instanceof GivenUp) {
      run.log(`${what} given up for the stop; a resume makes up for it`);
      return null;
    }
    const reason = error instanceof Error ? error.message : String(error);
    const line = `${what} could not be ${done}, the run goes on: ${reason}`;
    run.log(line);
    note(line);
    return null;
  }
}
