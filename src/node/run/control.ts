/** control.json: how anybody, on any system, asks a run to stop. */
import { join } from "node:path";
import { type ControlRequest, controlSchema } from "../../core/run/control.ts";
import { parseDocument } from "../../core/run/format.ts";
import { errorCode, removeQuietly, replaceJson } from "./files.ts";
import { readText } from "./readText.ts";

const controlFile = (runDir: string): string => join(runDir, "control.json");

/** Asks the process that writes the run to finish its step, save and end. @throws UserError if the disk refuses */
export function requestStop(runDir: string): void {
  const request: ControlRequest = { command: "stop", requestedAt: new Date().toISOString() };
  replaceJson(controlFile(runDir), request, false);
}

/** What is asked of the run; null: nothing, or nothing this version understands. Cheap enough for every step. */
export function readControl(runDir: string): ControlRequest | null {
  let text: string;
  try {
    text = readText(controlFile(runDir));
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return null;
  }
  const parsed = parseDocument(controlSchema, text);
  return parsed.ok ? parsed.value : null;
}

/** Removes a request: one that was obeyed, or one left over when a session begins. */
export function clearControl(runDir: string): void {
  removeQuietly(controlFile(runDir));
}
