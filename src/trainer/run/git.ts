import { execFileSync } from "node:child_process";
import type { RunRecord } from "../../core/run/record.ts";

/**
 * Revision of the git repository that a folder is in, and whether its tracked files differ from it.
 * @returns null without git, outside of a repository, or before its first commit
 */
export function gitState(folder: string): RunRecord["git"] {
  const git = (...parameters: string[]): string =>
    execFileSync("git", ["-C", folder, ...parameters], {
      encoding: "utf8",
      timeout: 10_000,
      maxBuffer: 64 * 2 ** 20,
      windowsHide: true,
      stdio: ["ignore", "pipe", "ignore"],
      // Looking must not make git write its index.
      env: { ...process.env, GIT_OPTIONAL_LOCKS: "0" },
    }).trim();
  try {
    const revision = git("rev-parse", "--verify", "HEAD");
    return { revision, dirty: git("status", "--porcelain", "--untracked-files=no") !== "" };
  } catch {
    return null;
  }
}
