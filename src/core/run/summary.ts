import type { ShownState } from "./liveness.ts";
import type { RunRecord } from "./record.ts";

/** A run as a list shows it: the fields of `maskdm runs --json`. */
export interface RunSummary {
  readonly id: string;
  /** null: unknown, run.json is damaged */
  readonly stage: RunRecord["stage"] | null;
  readonly state: ShownState | "damaged";
  /** optimiser steps completed, and to be completed; null: unknown */
  readonly step: number | null;
  readonly steps: number | null;
  /** absolute path of the folder */
  readonly path: string;
  /** id of the parent run, else the path of the weights it started from; null: none */
  readonly parent: string | null;
  /** names of the model's classes by number; missing: it has none, or they are not recorded */
  readonly classes?: readonly string[];
  /** what is wrong; only with state damaged */
  readonly reason?: string;
}
