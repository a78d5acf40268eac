/** What the parts of the page ask for; main.ts does it. */
import type { KeyChange } from "../../src/core/experiment/changeKeys.ts";
import type { Stage } from "../../src/core/random/streams.ts";
import type { ProblemActions } from "../ui/problemItem.ts";

export interface PageActions extends ProblemActions {
  /** Shows what a change would do. */
  draft(change: KeyChange): void;
  /** Takes a draft back. */
  forget(path: string): void;
  /** Writes a change into the file. */
  commit(change: KeyChange): void;
  /** Shows the batch of a step of pretraining in the preview. */
  showStep(step: number): void;
  openText(): void;
  run(stage: Stage): void;
  /** Writes the paper's ablation as a study beside the file. */
  ablation(): void;
  measure(): void;
  manageTrust(): void;
}
