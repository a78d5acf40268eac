import { readFileSync } from "node:fs";

/**
 * What a command that failed said last: its error, else its last line.
 * @param logFile what it printed
 * @returns null if it said nothing
 */
export function lastMessage(logFile: string): string | null {
  let text: string;
  try {
    text = readFileSync(logFile, "utf8");
  } catch {
    return null;
  }
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const said = lines.findLast((line) => /^error: |: error [A-Z]/i.test(line)) ?? lines.at(-1);
  return said?.replace(/^error: /, "").trim() ?? null;
}
