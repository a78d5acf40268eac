/** The version of the run format and the reading of its JSON documents. The prose contract is docs/run-format.md. */
import * as z from "zod";
import { STAGE_NAMES } from "../random/streams.ts";

/**
 * Version of everything in a run folder. It grows only when a reader of the older version would misread the newer one; new
 * optional fields do not count, so readers ignore fields that they do not know.
 */
export const RUN_FORMAT_VERSION = 1;

export const formatVersion = () =>
  z.number().int().min(1).max(RUN_FORMAT_VERSION).describe("Version of the run format; 1 today.");
export const timestamp = () => z.iso.datetime();
export const count = () => z.number().int().min(0);
/** Position = number of the class. */
export const classNames = () => z.array(z.string());
export const processIdentity = () =>
  z.object({
    host: z.string().describe("Name of the machine."),
    pid: z.number().int().min(1).describe("Process id."),
    processStart: z.string().min(1).describe("Start time of that process in the form of its platform."),
  });
export const stageName = () => z.enum(STAGE_NAMES);

/** A value read from a file, or the reason why the file cannot be used. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/**
 * Reads one JSON document of a run folder.
 * @returns the value, or a reason fit for a user: not JSON, a newer format, or the first field that is wrong
 */
export function parseDocument<T>(schema: z.ZodType<T>, text: string): Parsed<T> {
  if (isTooDeep(text)) return { ok: false, reason: "is nested too deeply" };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, reason: text.trim() === "" ? "is empty" : "is not valid JSON" };
  }
  const version = z.object({ formatVersion: z.number() }).safeParse(value);
  if (version.success && version.data.formatVersion > RUN_FORMAT_VERSION) {
    return {
      ok: false,
      reason: `has run format ${version.data.formatVersion}, newer than the ${RUN_FORMAT_VERSION} this version reads; update MaskDM`,
    };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const issue = parsed.error.issues[0];
  const field = issue?.path.map(String).join(".") ?? "";
  return { ok: false, reason: field === "" ? `${issue?.message}` : `field ${field}: ${issue?.message}` };
}

/** Deeper than any document is; what is much deeper cannot be compared or written again. */
const DEEPEST = 100;

function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (inString) {
      if (character === "\\") i++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "[" || character === "{") {
      if (++depth > DEEPEST) return true;
    } else if (character === "]" || character === "}") depth--;
  }
  return false;
}
