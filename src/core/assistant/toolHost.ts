/** What the tools ask of the program that they are called in: everything that is no computation. */
import type { MachineKnowledge } from "../cost/forecast.ts";
import type { Diagnostic } from "../experiment/diagnostic.ts";
import type { Override } from "../experiment/overrides.ts";
import type { Experiment } from "../experiment/schema.ts";
import type { Stage } from "../random/streams.ts";
import type { RunEntry } from "../run/entry.ts";
import type { StepMetrics } from "../run/metrics.ts";

/** A batch of training that is to be drawn. */
export interface PreviewRequest {
  /** absolute path of the experiment file */
  readonly file: string;
  readonly experiment: Experiment;
  readonly stage: Stage;
  /** counted from 0 */
  readonly step: number;
  readonly set: readonly Override[];
}

/** A run that is to be queued. */
export interface StartOrder {
  /** absolute path of the experiment file */
  readonly file: string;
  /** what is trained: its text as it was shown to the user */
  readonly text: string;
  readonly stage: Stage;
  readonly set: readonly Override[];
  /** absolute path of a run's folder; null: what the experiment says */
  readonly from: string | null;
  /** what lists call the run; null: its id */
  readonly name: string | null;
}

/** Every method that is given a path of the user's or a model's refuses those outside of the folders that may be looked into. */
export interface ToolHost {
  /** The absolute path of a file, existing or not. @throws UserError where it lies outside */
  place(path: string): Promise<string>;
  /** A path as `place` takes it: relative, with forward slashes, where it can be. */
  shown(path: string): string;
  /** A file's text as the user has it before them; null: there is none. @throws UserError where it cannot be read */
  text(file: string): Promise<string | null>;
  /** What is wrong with a text in the place of an experiment or study file. */
  lint(file: string, text: string): Promise<readonly Diagnostic[]>;
  /** @throws UserError where a change names images or weights outside */
  checkPlaces(file: string, changes: readonly Override[]): Promise<void>;
  /** Images that an experiment trains on; null: not known. */
  images(file: string, experiment: Experiment): Promise<number | null>;
  machine(): MachineKnowledge;
  /** The batch as PNG, rows of images, masked and noised ones; or why there is no picture. */
  preview(request: PreviewRequest): Promise<{ readonly png: Uint8Array } | { readonly none: string }>;
  /** All runs, queued ones too, as they stand now. */
  runs(): Promise<readonly RunEntry[]>;
  /** What the newest steps of a run measured, ascending. @param dir folder of the run, as in the others */
  newestSteps(dir: string): readonly StepMetrics[];
  /** The experiment that a run was trained with; null: it cannot be read. */
  experiment(dir: string): Experiment | null;
  /** Absolute paths of a run's sample pictures, oldest first. */
  pictures(dir: string): Promise<readonly string[]>;
  picture(path: string): Promise<Uint8Array>;
  /** Queues a run. @returns its folder */
  start(order: StartOrder): Promise<string>;
  /** Queues going on with a run. */
  resume(dir: string): Promise<void>;
  /** Asks a run to save and end; takes a queued one out of the queue. */
  stop(dir: string): Promise<void>;
  /** Waits. @returns earlier where the signal is given */
  pause(milliseconds: number, signal: AbortSignal): Promise<void>;
}
