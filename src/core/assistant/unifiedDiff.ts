/** The difference of two texts by lines: as a patch, and as edits. */
import type { TextEdit } from "../experiment/diagnostic.ts";

/** Lines around a change. */
const CONTEXT = 3;

/** Lines [from, until) of the one text, counted from 0, that become lines [newFrom, newUntil) of the other. */
interface Change {
  readonly from: number;
  readonly until: number;
  readonly newFrom: number;
  readonly newUntil: number;
}

/** Each with its line end; of an empty text none. */
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/**
 * A patch in unified form, for `git apply` and `patch -p1`.
 * @param path with forward slashes, relative to the folder in which the patch is applied
 * @param before null: there is no such file yet
 * @returns "" where nothing differs
 */
export function unifiedDiff(path: string, before: string | null, after: string): string {
  const [old, fresh] = [linesOf(before ?? ""), linesOf(after)];
  const hunks = hunksOf(changesOf(old, fresh));
  if (hunks.length === 0) return "";
  // As git writes it: a name with spaces ends at the tab.
  const end = /\s/.test(path) ? "\t" : "";
  const head = [before === null ? "--- /dev/null" : `--- a/${path}${end}`, `+++ b/${path}${end}`];
  return [...head.map((line) => `${line}\n`), ...hunks.map((hunk) => hunkText(hunk, old, fresh))].join("");
}

/** The same as edits of whole lines, from the first to the last, all in terms of the text before. */
export function lineEdits(before: string, after: string): TextEdit[] {
  const [old, fresh] = [linesOf(before), linesOf(after)];
  return changesOf(old, fresh).map(({ from, until, newFrom, newUntil }) => ({
    ...{ line: from + 1, column: 1 },
    ...endOf(old, until),
    newText: fresh.slice(newFrom, newUntil).join(""),
  }));
}

/** Where a number of lines ends: at the beginning of the next, or behind a last one without a line end. */
function endOf(lines: readonly string[], until: number): { endLine: number; endColumn: number } {
  const last = until === lines.length ? (lines.at(-1) ?? "") : "\n";
  return last === "" || last.endsWith("\n")
    ? { endLine: until + 1, endColumn: 1 }
    : { endLine: until, endColumn: last.length + 1 };
}

/** By the longest common subsequence; experiment files have a thousand lines at most. */
function changesOf(old: readonly string[], fresh: readonly string[]): Change[] {
  let start = 0;
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start++;
  let [end, newEnd] = [old.length, fresh.length];
  while (end > start && newEnd > start && old[end - 1] === fresh[newEnd - 1]) {
    end--;
    newEnd--;
  }
  const width = newEnd - start + 1;
  // common[i][j]: lines that the rests of both texts from i and j on have in common.
  const common = new Uint32Array((end - start + 1) * width);
  for (let i = end - 1; i >= start; i--) {
    for (let j = newEnd - 1; j >= start; j--) {
      const at = (i - start) * width + (j - start);
      common[at] = old[i] === fresh[j] ? common[at + width + 1]! + 1 : Math.max(common[at + width]!, common[at + 1]!);
    }
  }
  const changes: Change[] = [];
  let [i, j] = [start, start];
  while (i < end || j < newEnd) {
    if (i < end && j < newEnd && old[i] === fresh[j]) {
      i++;
      j++;
      continue;
    }
    const [from, newFrom] = [i, j];
    while ((i < end || j < newEnd) && !(i < end && j < newEnd && old[i] === fresh[j])) {
      const at = (i - start) * width + (j - start);
      if (j >= newEnd || (i < end && common[at + width]! >= common[at + 1]!)) i++;
      else j++;
    }
    changes.push({ from, until: i, newFrom, newUntil: j });
  }
  return changes;
}

/** Changes whose contexts touch are one hunk. */
function hunksOf(changes: readonly Change[]): Change[][] {
  const hunks: Change[][] = [];
  for (const change of changes) {
    const last = hunks.at(-1);
    if (last !== undefined && change.from - last.at(-1)!.until <= 2 * CONTEXT) last.push(change);
    else hunks.push([change]);
  }
  return hunks;
}

function hunkText(changes: readonly Change[], old: readonly string[], fresh: readonly string[]): string {
  const [first, last] = [changes[0]!, changes.at(-1)!];
  const from = Math.max(0, first.from - CONTEXT);
  const until = Math.min(old.length, last.until + CONTEXT);
  const newFrom = first.newFrom - (first.from - from);
  const newUntil = last.newUntil + (until - last.until);
  const rows: string[] = [];
  let at = from;
  for (const { from: start, until: end, newFrom: newStart, newUntil: newEnd } of changes) {
    rows.push(...old.slice(at, start).map((line) => row(" ", line)));
    rows.push(...old.slice(start, end).map((line) => row("-", line)));
    rows.push(...fresh.slice(newStart, newEnd).map((line) => row("+", line)));
    at = end;
  }
  rows.push(...old.slice(at, until).map((line) => row(" ", line)));
  return `@@ -${range(from, until)} +${range(newFrom, newUntil)} @@\n${rows.join("")}`;
}

const row = (mark: string, line: string): string =>
  line.endsWith("\n") ? `${mark}${line}` : `${mark}${line}\n\\ No newline at end of file\n`;

/** Of no lines the one before them is named. */
const range = (from: number, until: number): string => `${until > from ? from + 1 : from},${until - from}`;
