/** Configuration files of the method's published code, read as settings with dotted names. */
import type { Diagnostic } from "../experiment/diagnostic.ts";
import { isPublishedConfig } from "../experiment/publishedLayout.ts";
import { isMapping, readYaml } from "../experiment/yamlReader.ts";
import type { Settings } from "./publishedSettings.ts";

export type ConfigReading =
  | { readonly ok: true; readonly settings: Settings }
  /** what is wrong with it as YAML; none where it is well, but no such file */
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Never throws. What is written twice counts as PyYAML takes it, by its last value: so is `define` in the published files. */
export function readPublishedConfig(text: string): ConfigReading {
  const { value, diagnostics } = readYaml(text);
  const wrong = diagnostics.filter(({ severity, code }) => severity === "error" && code !== "MDM003");
  if (wrong.length > 0 || !isPublishedConfig(value)) return { ok: false, diagnostics: wrong };
  const settings = new Map<string, unknown>();
  for (const [name, setting] of Object.entries(value as object)) {
    const isSection = (name === "dataset" || name === "network") && isMapping(setting);
    const inside = isSection ? Object.entries(setting) : [];
    if (!isSection) settings.set(name, setting);
    for (const [key, item] of inside) settings.set(`${name}.${key}`, item);
  }
  return { ok: true, settings };
}
