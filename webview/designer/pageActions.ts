/** What the parts of the page ask for; main.ts does it. */
import type { KeyChange } from "../../src/core/experiment/changeKeys.ts";
import type { Diagnostic, TextRange } from "../../src/core/experiment/diagnostic.ts";
import type { Stage } from "../../src/core/random/streams.ts";

export interface PageActions {
  /** Shows what a change would do. */
  draft(change: KeyChange): void;
  /** Takes a draft back. */
  forget(path: string): void;
  /** Writes a change into the file. */
  commit(change: KeyChange): void;
  fix(diagnostic: Diagnostic): void;
  /** Shows a place of the text. */
  reveal(place: Pick<TextRange, "line" | "column">): void;
  /** Shows the batch of a step of pretraining in the preview. */
  showStep(step: number): void;
  openText(): void;
  run(stage: Stage): void;
  /** Writes the paper's ablation as a study beside the file. */
  ablation(): void;
  measure(): void;
  manageTrust(): void;
}
