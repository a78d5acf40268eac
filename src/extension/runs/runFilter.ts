/** Which runs the explorer shows. */
import { isAtWork, type RunEntry } from "../../core/run/entry.ts";

export interface RunFilter {
  /** words that must all be found; tag:, state:, stage: and group: look in one place */
  readonly text: string;
  readonly archived: boolean;
}

export const NO_FILTER: RunFilter = { text: "", archived: false };

/** Whether a run is to be shown. */
export function matches(entry: RunEntry, { text, archived }: RunFilter): boolean {
  if (entry.archived && !archived) return false;
  return text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "")
    .every((word) => matchesWord(entry, word));
}

function matchesWord(entry: RunEntry, word: string): boolean {
  const [, key, value = ""] = /^(tag|state|stage|group):(.*)$/.exec(word) ?? [];
  const has = (text: string | null | undefined, part: string) => text?.toLowerCase().includes(part) === true;
  if (key === "tag") return entry.tags.some((tag) => has(tag, value));
  if (key === "state") return has(entry.state, value) || (value === "live" && isAtWork(entry));
  if (key === "stage") return has(entry.stage, value);
  if (key === "group") return has(entry.group, value);
  const places = [entry.label, entry.id, entry.note, entry.group, entry.record?.name, ...entry.tags];
  return places.some((place) => has(place, word));
}
