/** Plain values as YAML text. */

/** A value as YAML writes it on one line. */
export function yamlText(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `[${value.map(yamlText).join(", ")}]`;
  if (typeof value === "object")
    return `{${Object.entries(value)
      .map(([key, entry]) => `${key}: ${yamlText(entry)}`)
      .join(", ")}}`;
  if (typeof value === "string")
    return /^[A-Za-z_.][\w./-]*$/.test(value) && !RESERVED.test(value) ? value : JSON.stringify(value);
  if (typeof value === "number") return numberText(value);
  return String(value);
}

const RESERVED = /^(true|false|null|yes|no|on|off|\.nan|[-+]?\.inf|\.[0-9].*)$/i;

/** The text that YAML reads as this number, small ones as 2e-4. */
export function numberText(value: number): string {
  const text = value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
  return text.replace("e+", "e");
}
