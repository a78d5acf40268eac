/** scripts/bench/gpu.sh on the processor with tiny networks: it measures a GPU when one is there, and may not rot until then. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { ROOT } from "../../../scripts/vscode/paths.ts";
import { imageCost } from "../../../src/core/cost/imageCost.ts";
import { experimentSchema } from "../../../src/core/experiment/schema.ts";
import { modelShape } from "../../../src/core/model/shape.ts";
import { TORCH_MODULES } from "../../python/findPython.ts";
import { requirePython } from "../../python/requirePython.ts";

// Five processes import torch; a busy machine takes its time for that.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const PACKAGE_MODULES = [...TORCH_MODULES, "yaml"];
const positive = z.number().positive();
const WAYS = ["published", "published-sdpa", "eager", "compiled"];
const EQUALITIES = ["plan", "batch", "loss", "gradient", "weights"] as const;
const rowSchema = z.strictObject({
  way: z.enum(WAYS),
  state: z.literal("measured"),
  reason: z.null(),
  setupSeconds: positive,
  firstLoss: positive,
  // Only a device is waited for, and only its memory is counted.
  waits: z.null(),
  uncompiled: z.null(),
  peakMemoryBytes: z.null(),
  rounds: z.array(
    z.strictObject({
      round: z.number().int(),
      steps: z.number().int().positive(),
      seconds: positive,
      issueSeconds: positive,
      loss: positive,
    }),
  ),
});
const cellSchema = z.strictObject({
  model: z.string(),
  backbone: z.enum(["uvit", "dit"]),
  image_size: positive,
  patch_size: positive,
  embed_dim: positive,
  depth: positive,
  num_heads: positive,
  batch_size: positive,
  images: positive,
  mask_rate: z.number(),
  visibleTokens: positive,
  parameters: positive,
  flopsPerStep: positive,
  rows: z.array(rowSchema),
});
const recordSchema = z.strictObject({
  formatVersion: z.literal(1),
  startedAt: z.iso.datetime({ offset: true }),
  seconds: positive,
  tiny: z.literal(true),
  compiled: z.literal(false),
  machine: z.strictObject({
    kind: z.literal("cpu"),
    compiles: z.literal(false),
    device: z.string(),
    memoryBytes: z.null(),
    torch: z.string(),
    cuda: z.null(),
    python: z.string(),
    processors: positive,
  }),
  ways: z.record(z.string(), z.string()),
  equivalence: z.strictObject({
    cases: z.array(
      z.strictObject({
        title: z.string(),
        passed: z.literal(true),
        differences: z.record(z.enum(EQUALITIES), z.number()),
      }),
    ),
  }),
  peak: z.strictObject({
    flopsPerSecond: positive,
    size: positive,
    copyBytesPerSecond: positive,
    nominalFlopsPerSecond: z.null(),
  }),
  cells: z.array(cellSchema),
  targets: z.array(
    z.strictObject({ name: z.string(), target: positive, value: positive.nullable(), met: z.boolean().nullable() }),
  ),
});

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "maskdm-gpu-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program to its end. */
function ended(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = process.env) {
  return new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    const child = spawn(command, args, { env: { ...environment, PYTHONDONTWRITEBYTECODE: "1" } });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text: Buffer) => {
        output += text;
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

const environmentOf = (python: string) => ({ ...process.env, MASKDM_PYTHON: python, CUDA_VISIBLE_DEVICES: "" });

const gpu = (python: string, ...args: readonly string[]) =>
  ended(path.join(ROOT, "scripts/bench/gpu.sh"), args, environmentOf(python));

describe.runIf(process.platform !== "win32")("scripts/bench/gpu.sh", () => {
  it("measures every way of every cell, and says how in a table, a plot and a record", async (test) => {
    const command = requirePython(test, PACKAGE_MODULES);
    const out = path.join(folder, "report");
    const tiny = ["--tiny", "--rates", "0,0.9", "--rounds", "2", "--turn-seconds", "0.001"];
    const { code, output } = await gpu(command, out, ...tiny);
    expect(code, output).toBe(0);
    expect(readdirSync(out).sort()).toEqual(["gpu-cpu.json", "gpu-cpu.md", "gpu-cpu.svg", "gpu.log"]);

    const text = readFileSync(path.join(out, "gpu-cpu.json"), "utf8");
    const record = recordSchema.parse(JSON.parse(text));
    expect(record.cells).toHaveLength(8);
    for (const cell of record.cells) {
      const name = `${cell.model}, m = ${cell.mask_rate}`;
      expect(cell.rows.map(({ way }) => way)).toEqual(WAYS);
      for (const { rounds } of cell.rows) expect(rounds.map(({ round }) => round)).toEqual([0, 1]);
      const losses = cell.rows.map(({ firstLoss }) => firstLoss);
      // bf16 and fp16 keep 8 and 11 bits; means of thousands of values are closer.
      expect(Math.max(...losses) / Math.min(...losses), name).toBeLessThan(1.003);
      const { image_size, backbone, patch_size, embed_dim, depth, num_heads } = cell;
      const experiment = experimentSchema.parse({
        data: { path: ".", image_size },
        model: { backbone, patch_size, embed_dim, depth, num_heads },
      });
      const cost = imageCost(modelShape(experiment), cell.visibleTokens);
      expect(cell.flopsPerStep, name).toBe(cost.trainingFlops * cell.batch_size);
      expect(cell.parameters, name).toBe(cost.parameters);
    }
    expect(record.targets.filter(({ value }) => value === null)).toEqual([]);

    const page = readFileSync(path.join(out, "gpu-cpu.md"), "utf8");
    for (const { model, mask_rate, rows } of record.cells) {
      const section = page.split("### ").find((part) => part.startsWith(`${model}\n`))!;
      for (const { way } of rows)
        expect(section).toMatch(new RegExp(`^\\| ${mask_rate} \\| ${way} \\| [\\d,]+ \\(`, "m"));
    }
    const svg = readFileSync(path.join(out, "gpu-cpu.svg"), "utf8");
    expect(svg.match(/class="line"/g)).toHaveLength(WAYS.length + 4 * WAYS.length);
    expect(svg).not.toMatch(/nan|inf/i);

    const cluster = await ended(command, [
      path.join(ROOT, "scripts/bench/cluster.py"),
      ...["--report", path.join(out, "gpu-cpu.json"), "--gpus", "1,16"],
    ]);
    expect(cluster.code, cluster.output).toBe(0);
    // One GPU is what was measured.
    expect(cluster.output).toMatch(/^\| 1 \| 1 \| 4 \| .* \| 100 % \|/m);
  });

  it("ends in time with what it has, and says what it had no time for", async (test) => {
    const out = path.join(folder, "short");
    const { code, output } = await gpu(requirePython(test, PACKAGE_MODULES), out, "--tiny", "--seconds", "0.1");
    // Not even PyTorch is imported in that time.
    expect(code, output).toBe(1);
    expect(output).toContain("time was over");
  });

  it("leaves what it knows where it is ended, and no process", async (test) => {
    const out = path.join(folder, "ended");
    const args = [out, "--tiny", "--ways", "eager", "--turn-seconds", "0.001"];
    const child = spawn(path.join(ROOT, "scripts/bench/gpu.sh"), args, {
      env: environmentOf(requirePython(test, PACKAGE_MODULES)),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const closed = once(child, "close");
    // Said after the first cell is measured.
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    // The pipe is closed when no process has it any more.
    expect((await closed)[0]).toBe(128 + 15);
    const { cells } = z
      .object({ cells: z.array(z.object({ rows: z.array(z.object({ state: z.string() })) })) })
      .parse(JSON.parse(readFileSync(path.join(out, "gpu-cpu.json"), "utf8")));
    const states = cells.flatMap(({ rows }) => rows.map(({ state }) => state));
    expect(states[0]).toBe("measured");
    expect(states.at(-1)).toBe("not reached");
    expect(readFileSync(path.join(out, "gpu-cpu.md"), "utf8")).toContain("| not reached |");
  });

  it("wants a GPU, and usage that it knows", async (test) => {
    const command = requirePython(test, PACKAGE_MODULES);
    const [without, unknown] = await Promise.all([
      gpu(command, path.join(folder, "none")),
      gpu(command, path.join(folder, "none"), "--ways", "fastest"),
    ]);
    expect(without).toMatchObject({ code: 2, output: expect.stringContaining("no CUDA device") });
    expect(unknown).toMatchObject({ code: 2, output: expect.stringContaining("'fastest'") });
    expect(`${without.output}${unknown.output}`).not.toContain("Traceback");
  });

  it("sees a device that computes something else, and a way whose loss is another", async (test) => {
    const command = requirePython(test, PACKAGE_MODULES);
    const program = path.join(folder, "differences.py");
    writeFileSync(
      program,
      [
        "import json, sys",
        `sys.path[:0] = ${JSON.stringify(["scripts/bench/gpu", "src/torch"].map((folder) => path.join(ROOT, folder)))}`,
        "from device_equivalence import LIMITS, differences, experiment_of, follow",
        "from main import agrees, refuse_other_losses, row_of",
        "found = [follow(experiment_of('DiT, patch', seed), 'cpu') for seed in (7, 8)]",
        "apart = differences(*found)",
        "rows = [{**row_of(way), 'state': 'ready', 'firstLoss': loss} for way, loss in zip('abcd', (1, 1.001, 1.02, float('nan')))]",
        "refuse_other_losses(rows)",
        "states = [row['state'] for row in rows]",
        "record = {'equivalence': {'cases': [{'passed': True}]}, 'peak': {}, 'cells': [{'rows': [{'state': 'measured'}]}]}",
        "fine = [agrees(record), agrees({**record, 'cells': [{'rows': [{'state': 'measured'}, rows[2]]}]})]",
        "fine.append(agrees({**record, 'equivalence': {'cases': [{'passed': False}]}}))",
        "print(json.dumps({'apart': [apart[name] > LIMITS[name] for name in LIMITS], 'states': states, 'fine': fine}))",
      ].join("\n"),
    );
    const { output } = await ended(command, [program]);
    expect(JSON.parse(output)).toEqual({
      apart: EQUALITIES.map(() => true),
      states: ["ready", "ready", "differs", "differs"],
      fine: [true, false, false],
    });
  });
});
