/** What the features share. Built once in activate; each service has its own folder and implements its interface here. */
import type * as vscode from "vscode";
import type { Forecast, ForecastRun } from "../core/cost/forecast.ts";
import type { SpeedMeasurement } from "../core/cost/speed.ts";
import type { Diagnostic } from "../core/experiment/diagnostic.ts";
import type { ExperimentDocument } from "../core/experiment/document.ts";
import type { Experiment } from "../core/experiment/schema.ts";
import type { LintFacts } from "../core/lint/facts.ts";
import type { Stage } from "../core/random/streams.ts";
import type { RunEntry, RunsChange } from "../core/run/entry.ts";
import type { PackedLines } from "../core/series/packedLines.ts";
import type { StudyPlan } from "../core/study/plan.ts";
import type { StudyConfig } from "../core/study/schema.ts";

/** The services every feature is registered with. */
export interface Services {
  /** the one log of the extension, "MaskDM" in the Output view */
  readonly log: vscode.LogOutputChannel;
  /** what experiment documents say and what is wrong with them */
  readonly documents: OpenDocuments<ReadDocument>;
  /** the same of study documents */
  readonly studies: OpenDocuments<ReadStudy>;
  /** the runs of the workspace, followed */
  readonly runs: RunService;
  /** starts processes */
  readonly trainer: TrainerLauncher;
  /** how fast this machine trains */
  readonly calibration: Calibration;
}

export type { RunEntry, RunsChange };

/** Finds the runs of the workspace and follows them. A viewer: it writes nothing but annotations. */
export interface RunService {
  readonly runs: readonly RunEntry[];
  get(dir: string): RunEntry | undefined;
  /** resolved when the first listing is complete */
  readonly ready: Promise<void>;
  readonly onDidChange: vscode.Event<RunsChange>;
  refresh(): Promise<void>;
  /**
   * Feeds the lines of metrics.jsonl, those there are first, then each new one within half a second; `reset` is true where the
   * file was replaced and what came before no longer counts.
   */
  tailMetrics(dir: string, listener: (parts: readonly PackedLines[], reset: boolean) => void): vscode.Disposable;
  /** Feeds log.txt in the same way, as text. */
  tailLog(dir: string, listener: (text: string, reset: boolean) => void): vscode.Disposable;
}

/** A run that is to be queued. */
export interface RunRequest {
  readonly file: vscode.Uri;
  readonly stage: Stage;
  /** run folder, run id or checkpoint that finetuning starts from */
  readonly from?: string;
  /** overrides, e.g. { path: "pretrain.steps", value: "100" } */
  readonly set?: readonly { readonly path: string; readonly value: string }[];
  /** what is trained, where it is not the file as it stands, which is saved before */
  readonly text?: string;
  /** what lists call the run */
  readonly name?: string;
}

/** Starts trainer processes. All methods refuse in Restricted Mode with a UserError that says so. */
export interface TrainerLauncher {
  /** Queues a run; it begins at once where there is room. @returns the folder it will have, absolute */
  start(request: RunRequest): Promise<string>;
  /** Queues going on with an interrupted, stopped or failed run. */
  resume(dir: string): Promise<void>;
  /** Asks a run to finish its step, save and end; a queued one is taken out of the queue. */
  stop(dir: string): Promise<void>;
  /**
   * Runs a short command of the trainer to its end, e.g. ["doctor", "--json"].
   * @returns its exit code and output; cancelling ends the process
   */
  command(
    args: readonly string[],
    options?: {
      readonly cwd?: string;
      readonly token?: vscode.CancellationToken;
      readonly onStdout?: (line: string) => void;
      readonly onStderr?: (line: string) => void;
    },
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
  /** Path of the bundled trainer and the process that runs it, for helpers that keep one open. */
  readonly program: {
    readonly command: string;
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
}

/** A document as it was read and linted, for one version of its text. */
export interface LintedDocument {
  readonly version: number;
  readonly document: ExperimentDocument;
  /** absolute path of the folder at which relative paths start; null: it is no file of a disk */
  readonly folder: string | null;
  readonly diagnostics: readonly Diagnostic[];
  /** what would be wrong with another text in its place, by what is known now */
  readonly lint: (text: string) => readonly Diagnostic[];
}

export interface ReadDocument extends LintedDocument {
  /** null: does not parse; some keys may be refused even where it does, see `diagnostics` */
  readonly experiment: Experiment | null;
  /** dotted keys (and "section.*") whose value in `experiment` is a stand-in for one that was refused */
  readonly refused: ReadonlySet<string>;
  /** what is known of the machine, the images and the checkpoint by now */
  readonly facts: LintFacts;
}

export interface ReadStudy extends LintedDocument {
  /** without what was refused, as far as it can be read; null: not at all */
  readonly partial: StudyConfig | null;
  readonly refused: ReadonlySet<string>;
  /** null: the study or its base has errors, or its base is not known (yet), or there is too much of it to plan while typing */
  readonly plan: StudyPlan | null;
  /** the experiment that it varies, as far as it can be read */
  readonly base: Experiment | null;
}

/** Reads and lints each version of a document once for all language features. */
export interface OpenDocuments<D extends LintedDocument> {
  get(document: vscode.TextDocument): Promise<D>;
  /** fired after a document's diagnostics may have changed, also because the images or the machine's facts did */
  readonly onDidChange: vscode.Event<vscode.Uri>;
}

export interface Calibration {
  /** what measurements of this machine are kept under, see `speedKey` */
  readonly machine: string;
  readonly measurements: readonly SpeedMeasurement[];
  /** whether `engine.backend: auto` takes PyTorch here */
  readonly autoTakesTorch: boolean;
  /** resolved when what was measured earlier is there */
  readonly ready: Promise<void>;
  /** What a stage takes, with its time once this machine was measured; null: not known yet, or its mask does not fit its grid. */
  forecast(run: ForecastRun): Forecast | null;
  readonly onDidChange: vscode.Event<void>;
  /** Measures this machine with the steps of an experiment file; takes some seconds. */
  measure(file: vscode.Uri, token?: vscode.CancellationToken): Promise<void>;
}
