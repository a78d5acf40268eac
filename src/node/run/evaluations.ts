/** Reads what a run folder says of how good its images are. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Evaluation, newestEvaluation, readEvaluations } from "../../core/run/evaluations.ts";
import { type Neighbours, parseNeighbours } from "../../core/run/neighbours.ts";
import { readText } from "./readText.ts";

export const EVALUATIONS_FILE = "evaluations.jsonl";

/** Folder of what was drawn for evaluations. */
export const evaluationsFolder = (runDir: string): string => join(runDir, "evaluations");

/** Where the pictures of nearest training images are: an evaluation's `drawn` and `neighbours`. */
export interface NeighboursPlace {
  readonly dir: string;
  readonly drawn: string;
  readonly name: string;
}

export const neighboursPicture = ({ dir, drawn, name }: NeighboursPlace): string =>
  join(evaluationsFolder(dir), drawn, `${name}.png`);
export const neighboursJson = ({ dir, drawn, name }: NeighboursPlace): string =>
  join(evaluationsFolder(dir), drawn, `${name}.json`);

/** All of a run, oldest first; none where there is no such file, or none that can be read. */
export const evaluationsOf = (runDir: string): Evaluation[] => readEvaluations(evaluationsText(runDir));

/** null: the run has none. */
export const newestEvaluationOf = (runDir: string): Evaluation | null => newestEvaluation(evaluationsText(runDir));

function evaluationsText(runDir: string): string {
  const file = join(runDir, EVALUATIONS_FILE);
  try {
    // Most runs of a long list have none: asking costs a tenth of an error.
    return existsSync(file) ? readText(file) : "";
  } catch {
    return "";
  }
}

/** null: they were removed, or cannot be read. */
export function readNeighbours(place: NeighboursPlace): Neighbours | null {
  try {
    const parsed = parseNeighbours(readText(neighboursJson(place)));
    return parsed.ok ? parsed.value : null;
  } catch {
    return null;
  }
}
