import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { lineEdits, unifiedDiff } from "../../../src/core/assistant/unifiedDiff.ts";
import { applyEdits } from "../../../src/core/experiment/lineIndex.ts";

const lines = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}\n`);

const CASES: readonly (readonly [what: string, before: string, after: string])[] = [
  ["a line changed", "a: 1\nb: 2\nc: 3\n", "a: 1\nb: 4\nc: 3\n"],
  ["the first line gone", "a\nb\n", "b\n"],
  ["lines at the end", "a\n", "a\nb\nc\n"],
  ["no line end at the end", "a\nb", "a\nc"],
  ["a line end added", "a\nb", "a\nb\n"],
  ["a line behind one without a line end", "a\nb", "a\nb\nc"],
  ["everything else", "a\nb\n", "c\nd\n"],
  ["changes far apart", [...lines(1, 40)].join(""), ["x\n", ...lines(2, 20), "y\n", ...lines(21, 39)].join("")],
  ["changes close together", lines(1, 9).join(""), ["1\n", ...lines(2, 5), "6\n", ...lines(7, 9)].join("")],
  ["from nothing", "", "a\nb\n"],
  ["Windows' line ends", "a: 1\r\nb: 2\r\n", "a: 1\r\nb: 3\r\n"],
];

it.each(CASES)("git applies the patch, and the edits make the same: %s", (_, before, after) => {
  const folder = mkdtempSync(join(tmpdir(), "maskdm-diff-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "file.yaml");
  writeFileSync(file, before);
  const patch = unifiedDiff("file.yaml", before, after);
  execFileSync("git", ["apply", "--whitespace=nowarn", "-"], { cwd: folder, input: patch });
  expect(readFileSync(file, "utf8")).toBe(after);
  expect(applyEdits(before, lineEdits(before, after))).toBe(after);
});

it.for(["git apply", "patch -p1"])("%s finds a file whose name has spaces", (command, test) => {
  const folder = mkdtempSync(join(tmpdir(), "maskdm-diff-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const name = "my own file.yaml";
  writeFileSync(join(folder, name), "a\nb\n");
  const [program = "", ...args] = command.split(" ");
  if (spawnSync(program, ["--version"]).error !== undefined) test.skip(`there is no ${program} here`);
  execFileSync(program, args, { cwd: folder, input: unifiedDiff(name, "a\nb\n", "a\nc\n") });
  expect(readFileSync(join(folder, name), "utf8")).toBe("a\nc\n");
});

it("a new file is made from nothing, and what does not differ is no patch", () => {
  expect(unifiedDiff("new.yaml", null, "a\n")).toBe("--- /dev/null\n+++ b/new.yaml\n@@ -0,0 +1,1 @@\n+a\n");
  expect(unifiedDiff("same.yaml", "a\n", "a\n")).toBe("");
  expect(lineEdits("a\n", "a\n")).toEqual([]);
});

it("changes far apart are hunks of their own, with three lines around each", () => {
  const [, before, after] = CASES.find(([what]) => what === "changes far apart")!;
  const patch = unifiedDiff("file.yaml", before, after);
  expect([...patch.matchAll(/^@@/gm)].length).toBe(3);
  expect(patch).toContain("@@ -1,4 +1,4 @@\n-line 1\n+x\n line 2\n line 3\n line 4\n");
});
