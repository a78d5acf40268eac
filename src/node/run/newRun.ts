/** Names for new runs. */
import { join } from "node:path";
import { UserError } from "../../core/errors.ts";
import { runNameProblem } from "../../core/run/names.ts";
import { maskdmCommand } from "../shellCommand.ts";
import { namesIn } from "./files.ts";

/** Local date as yyyy-mm-dd. */
export function localDate(): string {
  const now = new Date();
  const two = (value: number) => String(value).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

/** @throws UserError if the name will not do for a run, or is taken */
export function checkFree(runsDir: string, id: string): void {
  const problem = runNameProblem(id);
  if (problem !== null)
    throw new UserError(`${JSON.stringify(id)} cannot name a run: ${problem}. Choose another --run.`);
  // Compared as the file systems of Windows and macOS would.
  const same = namesIn(runsDir).find((name) => name.toLowerCase() === id.toLowerCase());
  if (same === undefined) return;
  const dir = join(runsDir, same);
  throw new UserError(`${dir} exists already. Choose another --run, or go on with it: ${maskdmCommand("resume", dir)}`);
}
