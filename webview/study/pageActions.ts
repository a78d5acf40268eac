/** What the parts of the page ask for; main.ts does it. */
import type { Params } from "../../src/core/protocol/message.ts";
import type { StudyAction, StudyProtocol } from "../../src/core/protocol/study.ts";
import type { StudyChange } from "../../src/core/study/changeStudy.ts";
import type { SampleStrip } from "../../src/core/study/charts/sampleStrips.ts";
import type { SeedCurve } from "../../src/core/study/charts/seedCurves.ts";
import type { MetricName } from "../../src/core/study/metrics.ts";
import type { ProblemActions } from "../ui/problemItem.ts";

export interface PageActions extends ProblemActions {
  /** Writes changes into the file. */
  edit(...changes: StudyChange[]): void;
  openText(): void;
  openBase(as: "text" | "designer"): void;
  chooseBase(): void;
  act(action: StudyAction): void;
  copyCommand(action: StudyAction): void;
  openRuns(cells: readonly number[]): void;
  openLog(): void;
  curves(params: Params<StudyProtocol, "curves">): Promise<readonly SeedCurve[]>;
  samples(cells: readonly number[]): Promise<readonly SampleStrip[]>;
  /** Tells results by another metric; null: the study's. */
  showMetric(metric: MetricName | null): void;
  measure(): void;
  manageTrust(): void;
  /** Writes a picture or a table where the user says. */
  save(name: string, kind: "png" | "svg" | "csv", bytes: Uint8Array<ArrayBuffer>): Promise<void>;
}
