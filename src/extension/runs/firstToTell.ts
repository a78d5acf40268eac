/** What several windows see is told by one of them. */
import { createHash } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as vscode from "vscode";

/** The window that the user looks at goes first. */
const OTHERS_WAIT_MS = 1000;

/**
 * Whether this window, of those open on this machine, is the one that tells: the one that makes the mark.
 * @param event that tells one happening from every other
 */
export async function isFirstToTell(event: string): Promise<boolean> {
  if (!vscode.window.state.focused) await sleep(OTHERS_WAIT_MS);
  const name = `maskdm-told-${createHash("sha256").update(event).digest("hex").slice(0, 24)}`;
  try {
    closeSync(openSync(join(tmpdir(), name), "wx"));
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "EEXIST";
  }
}
