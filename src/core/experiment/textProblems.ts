/** What makes a text unreadable before YAML is even looked at. */
import type { Diagnostic } from "./diagnostic.ts";
import type { LineIndex } from "./lineIndex.ts";

/** About 800 lines; the YAML parser stays well below a second for any text of this size. */
export const MAX_FILE_CHARACTERS = 32 * 1024;

/*
 * The YAML parser is recursive, and a stack that is all but used up can end the whole process (V8 gives up when it has to compile a
 * regular expression there), not just throw. So nesting is bounded beforehand by what it takes in characters; a few hundred levels are
 * safe. What stands in quotes or comments counts too: which text that is, only the parser knows.
 */
const MAX_BRACKETS = 200;
const MAX_INDENT = 100;
const MAX_INDICATORS = 50;
/** Lines besides blank ones and comments. All keys there are make about 80, and the parser's time grows with them. */
const MAX_WRITTEN_LINES = 1000;

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
    const message = `The file has ${text.length} characters; at most ${MAX_FILE_CHARACTERS} are read. Is this the right file?`;
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
  const deep = tooDeep(text);
  if (deep !== null)
    return report(deep.at, "MDM004", `${deep.what}; a file of this kind needs far fewer. It is not read any further.`);
  return null;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are what is looked for
const CONTROL_CHARACTER = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]|\r(?!\n)/;

function tooDeep(text: string): { at: number; what: string } | null {
  let brackets = 0;
  for (const match of text.matchAll(/[[{]/g)) {
    if (++brackets > MAX_BRACKETS)
      return { at: match.index, what: `The file has more than ${MAX_BRACKETS} opening brackets` };
  }
  let start = 0;
  let written = 0;
  for (const line of text.split("\n")) {
    const indent = /^[\s?:-]*/.exec(line)![0].length;
    const isComment = line[indent] === "#" && line.slice(0, indent).trim() === "";
    if (!isComment && line.trim() !== "") {
      if (++written > MAX_WRITTEN_LINES)
        return { at: start, what: `The file has more than ${MAX_WRITTEN_LINES} lines besides comments and blank ones` };
      if (indent > MAX_INDENT) return { at: start, what: `This line is indented by more than ${MAX_INDENT} columns` };
      const indicators = line.match(/[?:-](?=\s|$)/g)?.length ?? 0;
      if (indicators > MAX_INDICATORS)
        return { at: start, what: `This line has more than ${MAX_INDICATORS} of the signs "- ", "? " and ": "` };
    }
    start += line.length + 1;
  }
  return null;
}
