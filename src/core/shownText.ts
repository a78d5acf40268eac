/** Texts from outside, such as names of files, as they may be shown. */

/**
 * What would move the cursor, change colours, end a line, turn the direction of writing or cannot be seen: control characters,
 * separators of lines, bidirectional controls, halves of pairs.
 */
const UNSHOWABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * A name or other text of a file on one line, fit for a terminal, a log and a message: what cannot be shown is written as \n,
 * \x1b or \u202e. A byte of a name that is no UTF-8 (see src/node/images/fileNames.ts) is written as \xe9.
 */
export function shownText(text: string): string {
  return text.replace(UNSHOWABLE, escaped);
}

/** The same for a text of several lines, whose line ends and tabs are its own. */
export function shownLines(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replace(UNSHOWABLE, (character) => (/[\n\t]/.test(character) ? character : escaped(character)));
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
  return (
    NAMED[character] ??
    (code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`)
  );
}
