/** What all charts of results share. */
import type { StudyColours } from "../../src/core/study/charts/look.ts";

export interface SharedOptions {
  readonly colours: StudyColours;
  /** rows that are chosen */
  readonly chosen: readonly number[];
  readonly onChoose: (row: number) => void;
  readonly onHover: (row: number | null) => void;
}
