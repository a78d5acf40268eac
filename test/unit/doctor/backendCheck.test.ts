import { describe, expect, it } from "vitest";
import { selfTestDifference } from "../../../src/core/model/selfTest.ts";
import { type BackendCheck, backendChecker } from "../../../src/trainer/doctor/backendCheck.ts";
import type { BackendName } from "../../../src/trainer/engine/backend.ts";
import { type BackendTrialResult, trialHere } from "../../../src/trainer/engine/backendTrial.ts";
import { onnxBackend } from "../../../src/trainer/engine/onnx/backend.ts";
import { selfTest } from "../../../src/trainer/engine/selfTest.ts";
import { tfjsBackend } from "../../../src/trainer/engine/tfjs/backend.ts";

function result(values: readonly number[]): BackendTrialResult {
  return {
    works: true,
    version: "library 1.0",
    threads: 2,
    milliseconds: 1.5,
    batchSize: 8,
    values: Buffer.from(Float32Array.from(values).buffer).toString("base64"),
  };
}
const broken: BackendTrialResult = { works: false, reason: "it is not there", remedy: "Get it." };

async function checkBackends(
  names: readonly BackendName[],
  threads: number,
  trial: (name: BackendName, threads: number) => Promise<BackendTrialResult>,
): Promise<BackendCheck[]> {
  const check = backendChecker(threads, trial);
  const checks: BackendCheck[] = [];
  for (const name of names) checks.push(await check(name));
  return checks;
}

describe("checks of backends", () => {
  it("compare each with the first that works", async () => {
    const results: Partial<Record<BackendName, BackendTrialResult>> = {
      onnx: broken,
      "onnx-webgpu": result([1, 2]),
      "tfjs-node": result([1, 2.001]),
      "tfjs-wasm": broken,
    };
    const checks = await checkBackends(["onnx", "onnx-webgpu", "tfjs-node"], 2, async (name) => results[name]!);
    expect(checks).toMatchObject([
      { name: "onnx", works: false, reason: "it is not there", remedy: "Get it.", version: null, difference: null },
      { name: "onnx-webgpu", works: true, difference: 0, millisecondsPerStep: 1.5, batchSize: 8, reason: null },
      { name: "tfjs-node", works: true, threads: 2, version: "library 1.0" },
    ]);
    expect(checks[2]!.difference).toBeCloseTo(0.0005, 5);
  });

  it("call a backend broken that computes wrongly", async () => {
    const values = { onnx: [1, 2], "onnx-webgpu": [1, 2.1], "tfjs-node": [1, Number.NaN], "tfjs-wasm": [1, 2] };
    const checks = await checkBackends(["onnx", "onnx-webgpu", "tfjs-node", "tfjs-wasm"], 2, async (name) =>
      result(values[name as keyof typeof values]),
    );
    expect(checks.map(({ works }) => works)).toEqual([true, false, false, true]);
    expect(checks[1]!.reason).toMatch(/wrong.*5\.0e-2/);
    expect(checks[2]!.reason).toMatch(/not finite/);
  });

  it("do not take a backend of nonsense for the reference", async () => {
    const values = { onnx: [Number.NaN, 2], "tfjs-wasm": [1, 2] };
    const checks = await checkBackends(["onnx", "tfjs-wasm"], 2, async (name) =>
      result(values[name as keyof typeof values]),
    );
    expect(checks.map(({ works }) => works)).toEqual([false, true]);
  });
});

describe("the self-test", () => {
  it("agrees between the backends that every installation has", async () => {
    const onnx = await selfTest(onnxBackend({ provider: "cpu", threads: 2 }), 0);
    const wasm = await selfTest(await tfjsBackend("tfjs-wasm"), 0);
    expect(onnx.values.length).toBe(wasm.values.length);
    expect(onnx.values.filter((value) => value !== 0).length).toBeGreaterThan(0.9 * onnx.values.length);
    expect(onnx.milliseconds).toBeGreaterThan(0);
    expect(selfTestDifference(wasm.values, onnx.values)).toBeLessThan(1e-5);
  });

  it("survives the way through a process", async () => {
    const [check] = await checkBackends(["onnx"], 1, trialHere);
    expect(check).toMatchObject({ name: "onnx", works: true, threads: 1, difference: 0, batchSize: 8 });
  });
});
