import { relative } from "node:path";

/** Relative to where the command was started, where that is shorter. */
export function shortPath(dir: string): string {
  const path = relative(process.cwd(), dir);
  return path.startsWith("..") ? dir : path || ".";
}
