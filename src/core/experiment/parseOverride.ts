import type { Override } from "./overrides.ts";

/** "key=value" with a dotted key; null: it reads otherwise. Whether there is such a key is for whoever applies it. */
export function parseOverride(text: string): Override | null {
  const at = text.indexOf("=");
  const path = text.slice(0, at).trim();
  if (at < 1 || !/^[A-Za-z_][\w-]*(\.[\w-]+)*$/.test(path)) return null;
  return { path, value: text.slice(at + 1).trim() };
}
