/** Where the weights are now that a run was finetuned from. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { RunParent } from "../../core/run/record.ts";

/**
 * @returns path of the weights file: relative to the run, where it was, or in the parent run beside this one; where it is nowhere,
 * the path it had
 */
export function parentCheckpoint(runDir: string, parent: RunParent): string {
  const { checkpoint, checkpointFromRun, run } = parent;
  const near = checkpointFromRun === undefined ? [] : [resolve(runDir, checkpointFromRun)];
  const candidates = [...near, checkpoint, ...besideRun(runDir, checkpoint, run)];
  return candidates.find((path) => existsSync(path)) ?? checkpoint;
}

/** What follows the parent's id in the old path, in the folder of that id beside the run. */
function besideRun(runDir: string, checkpoint: string, id: string | null): string[] {
  const parts = checkpoint.split(/[/\\]/);
  const at = id === null ? -1 : parts.lastIndexOf(id);
  return at === -1 ? [] : [join(dirname(resolve(runDir)), ...parts.slice(at))];
}
