/** Reads the JSON documents of a run folder. */
import { join } from "node:path";
import type { Parsed } from "../../core/run/format.ts";
import { parseStatus, type RunStatus } from "../../core/run/status.ts";
import { errorCode } from "./files.ts";
import { readText } from "./readText.ts";

export const STATUS_FILE = "status.json";

/** Reads a JSON document of a run folder. @returns the reason if it is missing or cannot be used */
export function readDocument<T>(runDir: string, file: string, parse: (text: string) => Parsed<T>): Parsed<T> {
  let text: string;
  try {
    text = readText(join(runDir, file));
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    return { ok: false, reason: code === "ENOENT" ? `${file} is missing` : `${file} cannot be read (${code})` };
  }
  const parsed = parse(text);
  return parsed.ok ? parsed : { ok: false, reason: `${file} ${parsed.reason}` };
}

export const readStatus = (runDir: string): Parsed<RunStatus> => readDocument(runDir, STATUS_FILE, parseStatus);
