/** What makes a text unreadable before YAML is even looked at. */
import type { Diagnostic } from "../lint/diagnostic.ts";
import type { LineIndex } from "./lineIndex.ts";

/** About 1,500 lines; the YAML parser stays well below a second for any text of this size. */
export const MAX_FILE_CHARACTERS = 64 * 1024;
const MAX_OPEN_BRACKETS = 100;

/** The first such problem, or null. */
export function unreadableText(lines: LineIndex): Diagnostic | null {
  const { text } = lines;
  const report = (at: number, code: string, message: string): Diagnostic => ({
    ...lines.range(at, Math.min(at + 1, text.length)),
    severity: "error",
    code,
    message,
  });
  if (text.length > MAX_FILE_CHARACTERS) {
    const message = `The file has ${text.length} characters; an experiment file has at most ${MAX_FILE_CHARACTERS}. Is this the right file?`;
    return { ...lines.range(0, 0), severity: "error", code: "MDM004", message };
  }
  const control = text.search(CONTROL_CHARACTER);
  if (control !== -1) {
    const code = text.charCodeAt(control);
    if (code === 0x0d)
      return report(
        control,
        "MDM001",
        "A carriage return without a line feed. Save the file with LF or CRLF line ends.",
      );
    if (code === 0xfffd)
      return report(
        control,
        "MDM001",
        "The file is not valid UTF-8: a byte here is no character. Save the file as UTF-8.",
      );
    const name = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
    return report(control, "MDM001", `The control character ${name} is not allowed in YAML. Is this a text file?`);
  }
  const deep = tooManyOpenBrackets(text);
  if (deep !== null)
    return report(deep, "MDM004", `More than ${MAX_OPEN_BRACKETS} brackets are open here; an experiment file needs 3.`);
  return null;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are what is looked for
const CONTROL_CHARACTER = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]|\r(?!\n)/;

function tooManyOpenBrackets(text: string): number | null {
  let open = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === "[" || character === "{") open++;
    else if ((character === "]" || character === "}") && open > 0) open--;
    if (open > MAX_OPEN_BRACKETS) return i;
  }
  return null;
}
