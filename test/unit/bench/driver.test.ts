/** The benchmark as a user starts it: real engines on a small batch. Speed is not asserted, what is computed and written is. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { isMeasured, recordSchema } from "../../../scripts/bench/record.ts";
import { ROOT } from "../../../scripts/vscode/paths.ts";
import { instructionSets } from "../../../src/trainer/engine/native/backend.ts";
import { findPython, TORCH_MODULES } from "../../python/findPython.ts";
import { requireNative } from "../native/requireNative.ts";

// Engines are started several times each, and a busy machine takes its time to load their libraries.
vi.setConfig({ testTimeout: 900_000 });

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "maskdm-bench-test-"));
  folders.push(folder);
  return folder;
}

interface Ended {
  readonly code: number | null;
  readonly text: string;
}

/** @param watch called with all output so far, and a way to interrupt */
function bench(
  args: readonly string[],
  watch: (text: string, interrupt: () => void) => void = () => {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["scripts/bench/bench.mjs", ...args], { cwd: ROOT });
    let text = "";
    const interrupt = () => child.kill("SIGINT");
    const add = (chunk: Buffer) => {
      text += chunk.toString();
      watch(text, interrupt);
    };
    child.stdout.on("data", add);
    child.stderr.on("data", add);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, text }));
  });
}

const read = (folder: string) => {
  const file = readdirSync(folder).find((name) => name.endsWith("-training-step.json"))!;
  return recordSchema.parse(JSON.parse(readFileSync(path.join(folder, file), "utf8")));
};

describe("npm run bench", () => {
  it.skipIf(!requireNative())(
    "shows products by every instruction set side by side, and writes no report",
    async () => {
      const folder = newFolder();
      const line = [
        "--only",
        "products",
        "--engines",
        "native",
        "--threads",
        "1",
        "--rounds",
        "3",
        "--block-seconds",
        "0.02",
        "--out",
        folder,
      ];
      const { code, text } = await bench(line);
      expect(code, text).toBe(0);
      const head = text.split("\n").find((row) => row.startsWith("| product"));
      for (const set of instructionSets()) expect(head).toContain(`native, ${set}`);
      expect(text).toMatch(/^\| 512 × 2048, 864 deep, left one transposed +\| \d+ \(\d+ to \d+\)/mu);
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  // One thread, since a PyTorch of several stands still where others work.
  const small =
    "--models tiny --batch-sizes 4 --micro-batch 2 --rounds 3 --block-seconds 0.05 --threads 1 --row-minutes 5".split(
      " ",
    );

  it("asserts that the engines compute the same, and writes what it measured", async () => {
    const torch = findPython(TORCH_MODULES).found;
    const [other, reference] = torch ? ["pytorch", "pytorch"] : ["tfjs-wasm", "onnx"];
    const folder = newFolder();
    const { code, text } = await bench([
      ...small,
      "--engines",
      `onnx,${other}`,
      "--mask-rates",
      "0.9",
      "--only",
      "steps",
      "--out",
      folder,
    ]);
    expect(code, text).toBe(0);
    const { cells } = read(folder);
    expect(cells).toHaveLength(1);
    expect(cells[0]!.reference).toBe(reference);
    for (const row of cells[0]!.rows) {
      if (row.state !== "measured") throw new Error(JSON.stringify(row));
      expect(row.losses).toHaveLength(3);
      expect(new Set(row.losses).size).toBe(3);
      expect(row.lossDifference).toBeLessThanOrEqual(row.engine === reference ? 0 : 1e-4);
      expect(row.blocks).toHaveLength(3);
      expect(row.peakMemoryBytes).toBeGreaterThan(2 ** 26);
      expect(row.blocks.every(({ aroundShare }) => (aroundShare === null) === (row.engine === "pytorch"))).toBe(true);
    }
    const [page] = readdirSync(folder).filter((name) => name.endsWith(".md"));
    expect(readFileSync(path.join(folder, page!), "utf8")).toContain("| onnx ");
  });

  it("keeps what it has measured when it is interrupted, and goes on from there", async () => {
    const folder = newFolder();
    const args = [...small, "--engines", "onnx", "--mask-rates", "0,0.9", "--only", "steps", "--out", folder];
    const first = await bench(args, (text, interrupt) => {
      if (text.includes("m = 0, batch 4")) interrupt();
    });
    expect(first.code, first.text).toBe(130);
    expect(read(folder).cells.map(({ maskRate }) => maskRate)).toEqual([0.9]);
    const { blocks } = read(folder).cells[0]!.rows.find(isMeasured)!;
    const page = () =>
      readFileSync(path.join(folder, readdirSync(folder).find((name) => name.endsWith(".md"))!), "utf8");
    const notReached = "* tiny, m = 0, batch 4, all engines: the benchmark was ended before";
    expect(page()).toContain(notReached);

    const other = await bench([...args, "--resume", "--rounds", "4"]);
    expect(other.code, other.text).toBe(2);
    expect(other.text).toContain("--rounds was 3 in the report, and is 4");

    const second = await bench([...args, "--resume"]);
    expect(second.code, second.text).toBe(0);
    expect(second.text).toContain("1 rows of 1 engines");
    const { cells, loadBefore } = read(folder);
    expect(loadBefore).toHaveLength(2);
    expect(page()).not.toContain(notReached);
    expect(cells.map(({ maskRate }) => maskRate)).toEqual([0, 0.9]);
    expect(cells[1]!.rows.find(isMeasured)!.blocks).toEqual(blocks);
    const names = readdirSync(folder).map((name) => name.replace(/^[\d-]+/, ""));
    expect(names.sort()).toEqual([
      "training-step-tiny-cost.svg",
      "training-step-tiny-speed.svg",
      "training-step.json",
      "training-step.md",
    ]);
  });

  it("ends with exit code 2 where the command line is wrong, before anything is measured", async () => {
    for (const wrong of [["--rounds", "1"], ["--micro-batch", "3"], ["--resume"]]) {
      const { code, text } = await bench([...wrong, "--out", newFolder()]);
      expect(code, text).toBe(2);
      expect(text).toContain("npm run bench -- --help");
      expect(text).not.toContain("Looking for engines");
    }
  });
});
