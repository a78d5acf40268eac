/** Folders of many long runs: five curves, each under many names, since what a chart does is the same for equal ones. */
import { linkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { columnsFile } from "../../src/node/run/columnsFile.ts";
import { namesIn } from "../../src/node/run/files.ts";
import { metricsFile } from "../../src/node/run/metrics.ts";
import { beginRun, madeUpStep } from "./runFolders.ts";

const CURVES = 5;
const LOG_EVERY = 10;

export interface Crowd {
  readonly runs: number;
  /** step lines of each */
  readonly points: number;
  /** whether their folders have metrics.columns */
  readonly columns: boolean;
}

/** Makes a workspace of them. @returns the last step */
export async function writeCrowd(folder: string, { runs, points, columns }: Crowd): Promise<number> {
  writeFileSync(join(folder, "crowd.maskdm.yaml"), "data:\n  path: images\n");
  const runsDir = join(folder, "runs");
  const totalSteps = LOG_EVERY * points;
  const models: string[] = [];
  for (let run = 0; run < runs; run++) {
    const id = `crowd-${String(run).padStart(2, "0")}`;
    const { writer, dir } = await beginRun({ runsDir, id, totalSteps, experiment: { seed: run } });
    const model = models[run % CURVES];
    if (model === undefined) {
      const lines = Array.from({ length: points }, (_, i) => JSON.stringify(madeUpStep(run, LOG_EVERY * (i + 1))));
      writeFileSync(metricsFile(dir), `${lines.join("\n")}\n`);
      models.push(dir);
    }
    writer.status.update({ step: totalSteps });
    writer.close("finished");
    if (model !== undefined) {
      rmSync(metricsFile(dir));
      linkSync(metricsFile(model), metricsFile(dir));
      linkSync(columnsFile(model), columnsFile(dir));
    }
  }
  if (!columns) dropColumns(folder);
  return totalSteps;
}

/** As if an older version had written them. */
export function dropColumns(folder: string): void {
  for (const dir of runFolders(folder)) rmSync(columnsFile(dir), { force: true });
}

const runFolders = (folder: string): string[] =>
  namesIn(join(folder, "runs"))
    .filter((name) => !name.startsWith("."))
    .map((name) => join(folder, "runs", name));
