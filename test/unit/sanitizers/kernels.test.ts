/** The kernels under sanitizers: no access out of bounds, nothing that C leaves undefined, no race of its threads. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { buildHarness, SANITIZERS, type Sanitized } from "../../../scripts/native/buildSanitized.ts";
import { INSTRUCTION_SETS } from "../../../scripts/native/compileKernels.ts";
import { ownTarget } from "../../../scripts/package/targets.ts";
import { parameterSpecs } from "../../../src/core/model/backbones.ts";
import { GraphBuilder } from "../../../src/core/model/graph/builder.ts";
import { ALL_COMPOSITES } from "../../../src/core/model/graph/lower.ts";
import { matmul } from "../../../src/core/model/graph/operations.ts";
import { gradientName, predictionGraph, trainingGraph } from "../../../src/core/model/graphs.ts";
import { instructionSets } from "../../../src/trainer/engine/native/backend.ts";
import { relativeError } from "../engine/compare.ts";
import { normals, TINY_CASES, type TinyCase, tinyModel } from "../engine/tinyModels.ts";
import { requireNative } from "../native/requireNative.ts";
import { type KernelCase, kernelCase, readResult, runHere, writeCase } from "./kernelCase.ts";

const THREADS = 3;
/** Another optimisation rounds differently. */
const TOLERANCE = 1e-4;

/** More tokens than attention works on together, a width that fills no vector. */
const LARGE: TinyCase = {
  title: "100 tokens, width 24 of 3 heads",
  shape: { ...TINY_CASES[0]!.shape, depth: 1, imageSize: 20, patchSize: 2, embedDim: 24, numHeads: 3, channels: 3 },
  mask: { strategy: "none", rate: 0, blockSize: 1, cellSize: 2, cropSize: null },
  batchSize: 2,
};

function cases(): KernelCase[] {
  return [...[...TINY_CASES, LARGE].flatMap(casesOf), ...products()];
}

/** Two micro-batches and an update; the same network in plain operations; its prediction. */
function casesOf(tiny: TinyCase): KernelCase[] {
  const { shape, batchSize, visibleTokens, inputs } = tinyModel(tiny);
  const weights = parameterSpecs(shape).map(({ name }) => ({ parameter: name, gradient: gradientName(name) }));
  const training = trainingGraph(shape, batchSize, visibleTokens, ALL_COMPOSITES);
  return [
    kernelCase(`training: ${tiny.title}`, training, inputs, { runs: 2, learned: { loss: "loss", weights } }),
    kernelCase(`plain operations: ${tiny.title}`, trainingGraph(shape, batchSize, visibleTokens), inputs),
    kernelCase(`prediction: ${tiny.title}`, predictionGraph(shape, batchSize, visibleTokens, ALL_COMPOSITES), inputs),
  ];
}

/** Sides below, at and above those of tiles and slices, in every form. */
function products(): KernelCase[] {
  const forms = [false, true].flatMap((transA) => [false, true].map((transB) => ({ transA, transB })));
  const sizes = [
    [1, 1, 1],
    [7, 17, 385],
    [145, 129, 70],
    [300, 40, 300],
  ] as const;
  return sizes.flatMap(([m, n, k]) =>
    forms.map(({ transA, transB }) => {
      const g = new GraphBuilder();
      const left = g.input("a", transA ? [k, m] : [m, k]);
      const right = g.input("b", transB ? [n, k] : [k, n]);
      const graph = g.build({ y: matmul(g, left, right, { transA, transB }) });
      const inputs = new Map([
        ["a", normals(1, m * k)],
        ["b", normals(2, k * n)],
      ]);
      return kernelCase(`product of ${m} by ${n}, ${k} deep, ${transA} ${transB}`, graph, inputs);
    }),
  );
}

const folder = mkdtempSync(join(tmpdir(), "maskdm-sanitizers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function execute(
  program: readonly string[],
  args: readonly string[],
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    // The first finding says enough.
    const env = { ...process.env, TSAN_OPTIONS: "halt_on_error=1" };
    const child = spawn(program[0]!, [...program.slice(1), ...args], { stdio: ["ignore", "ignore", "pipe"], env });
    let output = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

const target = ownTarget();
const isPossible = target !== undefined && process.platform !== "win32" && requireNative();
const there = isPossible ? instructionSets() : [];
const harnesses = new Map<string, Sanitized>();
for (const sanitizer of SANITIZERS) {
  const harness: Sanitized = isPossible
    ? await buildHarness(target.arch, sanitizer)
    : { found: false, reason: "there are no kernels, or no sanitizers, for this system" };
  if (!harness.found) console.warn(`skipped: the kernels under ${sanitizer}: ${harness.reason}`);
  harnesses.set(sanitizer, harness);
}

for (const sanitizer of SANITIZERS) {
  for (const set of Object.keys(INSTRUCTION_SETS[process.arch === "arm64" ? "arm64" : "x64"])) {
    const harness = harnesses.get(sanitizer)!;
    if (harness.found && !there.includes(set)) console.warn(`skipped: this processor does not have ${set}`);
    describe.skipIf(!harness.found || !there.includes(set))(
      `the kernels (${set}) under -fsanitize=${sanitizer}`,
      () => {
        it.each(isPossible ? cases() : [])("$title", async (tested) => {
          if (!harness.found) return;
          const [input, result] = [join(folder, "case"), join(folder, "result")];
          writeCase(tested, input);
          const { code, output } = await execute(
            [...harness.start, harness.file],
            [input, set, String(THREADS), result],
          );
          expect(code, output).toBe(0);
          expect(output).toBe("");
          const expected = runHere(tested, set);
          readResult(tested, result).forEach((values, i) => {
            if (tested.arrays[i] instanceof Float32Array)
              expect(relativeError(values, expected[i]!), tested.program.arrays[i]).toBeLessThan(TOLERANCE);
          });
        });
      },
    );
  }
}
