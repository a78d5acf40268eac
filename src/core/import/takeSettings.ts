/** Published settings as keys of an experiment, and what is to be said of those that are none. */
import { experimentKeys, isValidFor } from "../experiment/keys.ts";
import { yamlText } from "../experiment/yamlText.ts";
import type { Stage } from "../random/streams.ts";
import { isMasked, PUBLISHED_DEFAULTS, PUBLISHED_SETTINGS, type Settings } from "./publishedSettings.ts";

/** A key of the experiment with where it is from. */
export interface ImportedKey {
  readonly value: unknown;
  /** for a comment behind it */
  readonly from: string;
}

export interface TakenSettings {
  /** the stage that the file is of */
  readonly stage: Stage;
  readonly keys: ReadonlyMap<string, ImportedKey>;
  /** `NAME: VALUE`, and why it has no counterpart */
  readonly lacking: readonly (readonly [setting: string, why: string])[];
  /** `NAME: VALUE` of what is always so here */
  readonly same: readonly string[];
  /** `NAME: VALUE` of what nothing reads there */
  readonly unread: readonly string[];
}

/** A value in a comment. */
const LONGEST = 80;

export function takeSettings(given: Settings): TakenSettings {
  const missing = Object.entries(PUBLISHED_DEFAULTS).filter(([name]) => !given.has(name));
  const all: Settings = new Map([...given, ...missing]);
  const stage: Stage = isMasked(all) ? "pretrain" : "finetune";
  const keys = new Map<string, ImportedKey>();
  const lacking: [string, string][] = [];
  const same: string[] = [];
  const unread: string[] = [];
  for (const [name, value] of all) {
    const shown = settingText(name, value);
    const take = Object.hasOwn(PUBLISHED_SETTINGS, name) ? PUBLISHED_SETTINGS[name] : undefined;
    const taken = take?.(value, all) ?? { lacks: "it is no setting of the published code" };
    if ("same" in taken) same.push(shown);
    else if ("unread" in taken) unread.push(shown);
    else if ("lacks" in taken) lacking.push([shown, taken.lacks]);
    else {
      const comment = [given.has(name) ? name : `${name}, left out: its default there`, taken.note]
        .filter(Boolean)
        .join("; ");
      for (const [path, item] of Object.entries(taken.keys)) {
        const own = path.replace(/^stage\./, `${stage}.`);
        const spec = experimentKeys().keys.get(own)!;
        if (isValidFor(spec, item)) keys.set(own, { value: item, from: comment });
        else lacking.push([shown, `${own} does not take that; its default is taken`]);
      }
      if (Object.keys(taken.keys).length === 0) same.push(`${shown} (${taken.note ?? ""})`);
    }
  }
  return { stage, keys, lacking, same, unread };
}

/** One line, whatever the value holds. */
function settingText(name: string, value: unknown): string {
  const text = yamlText(value).replaceAll(/\s+/g, " ");
  return `${name.replaceAll(/\s+/g, " ").slice(0, LONGEST)}: ${text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}`;
}
