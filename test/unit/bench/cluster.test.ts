/** scripts/bench/cluster.py: what it reckons is what its head says, and what docs/gpu.md shows is what it prints. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { ROOT } from "../../../scripts/vscode/paths.ts";
import { requirePython } from "../../python/requirePython.ts";

const SCRIPT = "scripts/bench/cluster.py";

function cluster(python: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(python, [SCRIPT, ...args], { cwd: ROOT, encoding: "utf8" });
  return { code: status, text: stdout + stderr };
}

/** Rows of the table by the number of GPUs. */
const rows = (text: string): Map<string, string[]> =>
  new Map(
    text
      .split("\n")
      .filter((line) => /^\| \d/.test(line))
      .map((line) => line.slice(2, -2).split(" | "))
      .map((cells) => [cells[0]!, cells]),
  );

it("reckons by its formulas", (test) => {
  const python = requirePython(test);
  const step = ["--step-ms", "100", "--images", "100", "--parameters", "250", "--copy-gb", "1000"];
  const links = ["--gpus-per-host", "4", "--within-gb", "100", "--between-gb", "10", "--latency-us", "1000"];
  const rest = ["--gpu-hours", "1600", "--checkpoint-minutes", "60", "--restart-minutes", "30", "--storage-gb", "1"];
  const given = [...step, ...links, ...rest, "--image-size", "1000", "--gpus", "1,16"];
  const found = rows(cluster(python, given).text);
  // The update moves 250e6 · 40 bytes at 1000 GB/s: 10 ms; the passes take 90 ms, two thirds of it backward.
  expect(found.get("1")).toEqual([..."1 1 100 100 0 0 1,000".split(" "), "100 %", "3.0", "300 %", "1,600", "0.1 %"]);
  // 1 GB: 2 · 3/4 · 10 ms within, 2 · 3/4 · 100 ms between, 2 (3 + 2) messages of 1 ms: 175 ms, of which 60 ms are hidden.
  // Reading: 16 images · 100 / 0.215 s · 3 MB; a failure in 100 hours costs one hour.
  expect(found.get("16")).toEqual([
    ...["16", "4", "1,600", "215", "175", "115", "7,442", "47 %", "22.3", "2,233 %", "100", "1.0 %"],
  ]);
  // A fixed batch of 160 leaves 10 images: 9 ms of passes, of whose 6 ms backward nothing else hides the 175 ms.
  const fixed = rows(cluster(python, [...given, "--joint-batch", "160"]).text).get("16")!;
  expect(fixed.slice(2, 7)).toEqual(["160", "188", "175", "169", "851"]);
});

it("is shown in docs/gpu.md as it is", (test) => {
  const python = requirePython(test);
  const page = readFileSync(path.join(ROOT, "docs/gpu.md"), "utf8");
  const shown = [...page.matchAll(/^python scripts\/bench\/cluster\.py (--step-ms .*)\n```\n\n((?:\|.*\n)+)/gm)];
  expect(shown).toHaveLength(2);
  for (const [, args, table] of shown) expect(cluster(python, args!.split(" ")).text).toContain(table);
});

it("says what is wrong with what it is given", (test) => {
  const python = requirePython(test);
  const problems: readonly (readonly [string[], string])[] = [
    [[], "name a --report"],
    [["--step-ms", "0", "--images", "1", "--parameters", "1"], "--step-ms"],
    [["--report", "package.json"], "no whole report"],
    [["--report", "none.json"], "cannot be read"],
    [["--step-ms", "1", "--images", "1", "--parameters", "1", "--gpus", "8,0"], "at least 1"],
  ];
  for (const [args, said] of problems) {
    const { code, text } = cluster(python, args);
    expect(text).toContain(said);
    expect(text).not.toContain("Traceback");
    expect(code).toBe(2);
  }
});
