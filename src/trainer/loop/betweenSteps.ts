/** Work between steps that a run can do without: drawing and measuring. */
import packageJson from "../../../package.json" with { type: "json" };
import type { Experiment } from "../../core/experiment/schema.ts";
import type { Stage } from "../../core/random/streams.ts";
import { type Drawing, drawingOf } from "../../core/run/drawing.ts";
import { DiskError } from "../../node/run/diskError.ts";
import { LockLostError } from "../../node/run/runLock.ts";
import type { EngineClient } from "../engine/client.ts";
import type { EngineFacts } from "../engine/messages.ts";
import type { RunWriter } from "../run/runWriter.ts";
import { GivenUp, type StopRequest } from "./stopRequest.ts";

/** What work between steps is done with. */
export interface StepParts extends Told {
  readonly experiment: Experiment;
  readonly stage: Stage;
  readonly engine: EngineClient;
  readonly facts: EngineFacts;
  readonly stop: StopRequest;
  /** numbers of the classes that are drawn; null: all, or there are none */
  readonly chosen: readonly number[] | null;
}

/** What a run draws of itself at a step. @param experiment whose section sample says how */
export function drawingAt(step: number, { run, stage, facts, chosen }: StepParts, experiment: Experiment): Drawing {
  const { sample, seed } = experiment;
  return drawingOf(experiment, {
    ...{ run: run.id, stage, step, weights: sample.weights, seed },
    chosen,
    backend: facts.backend,
    versions: { maskdm: packageJson.version, backend: facts.version },
  });
}

export interface Told {
  readonly run: RunWriter;
  /** a line for the user */
  readonly note: (line: string) => void;
}

/**
 * A stop does not wait for it: a resume makes up for it. Where it fails the run goes on, and it is told.
 * @param what for the log, such as "samples of step 5"
 * @param done how it is done, such as "drawn"
 * @returns null where it was given up or failed
 * @throws DiskError, as checkpoints will be refused, too; LockLostError where the run is another process's now
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
