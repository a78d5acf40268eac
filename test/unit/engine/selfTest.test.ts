import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { selfTestFault, selfTestGraph, selfTestInputs, selfTestSums } from "../../../src/core/model/selfTest.ts";
import { SELF_TEST_REFERENCE } from "../../../src/core/model/selfTestReference.ts";
import type { BackendTrialResult } from "../../../src/trainer/engine/backendTrial.ts";
import { chooseBackend } from "../../../src/trainer/engine/chooseBackend.ts";
import { nativeBackend } from "../../../src/trainer/engine/native/backend.ts";
import { onnxBackend } from "../../../src/trainer/engine/onnx/backend.ts";
import { selfTest } from "../../../src/trainer/engine/selfTest.ts";
import { tryForAuto } from "../../../src/trainer/engine/tryForAuto.ts";
import { describeEachSet } from "../native/instructionSets.ts";
import { requireNative } from "../native/requireNative.ts";
import { interpret } from "./float64Interpreter.ts";

describe("the self-test", () => {
  it("has the sums that float64 gives", () => {
    const graph = selfTestGraph();
    const computed = interpret(graph, selfTestInputs());
    const sums = selfTestSums(graph.outputs.flatMap(({ name }) => [...computed.get(name)!]));
    expect(sums).toHaveLength(SELF_TEST_REFERENCE.length);
    sums.forEach(({ sum, magnitude }, i) => {
      const [expected, size] = SELF_TEST_REFERENCE[i]!;
      expect(Math.abs(sum - expected) / size).toBeLessThan(1e-8);
      expect(magnitude / size).toBeCloseTo(1, 8);
    });
  });

  it("finds one wrong value, two that changed places, and what is no number", async () => {
    const { values } = await selfTest(onnxBackend({ provider: "cpu", threads: 2 }), 0);
    expect(selfTestFault(values)).toBe(null);
    const largest = values.reduce((best, value, i) => (Math.abs(value) > Math.abs(values[best]!) ? i : best), 0);
    const changed = (change: (copy: Float32Array) => void): string | null => {
      const copy = values.slice();
      change(copy);
      return selfTestFault(copy);
    };
    expect(changed((copy) => copy.set([0], largest))).toMatch(/^its gradients are wrong: they are off by \d/);
    expect(changed((copy) => copy.set([copy[largest + 1]!, copy[largest]!], largest))).toMatch(/wrong/);
    expect(changed((copy) => copy.fill(0, 1000, 1100))).toMatch(/wrong/);
    expect(changed((copy) => copy.set([Number.NaN], 7))).toBe("its gradients are not finite numbers");
  });
});

describeEachSet("the kernels", (set) => {
  it("pass the self-test", async () => {
    expect(selfTestFault((await selfTest(nativeBackend(2, set), 0)).values)).toBe(null);
  });
});

describe.skipIf(!requireNative())("native, before auto takes it,", () => {
  const parent = mkdtempSync(join(tmpdir(), "maskdm-self-tests-"));
  afterAll(() => rmSync(parent, { recursive: true, force: true }));
  const passes: BackendTrialResult = {
    works: true,
    version: "",
    threads: 2,
    milliseconds: 1,
    batchSize: 8,
    values: "",
  };
  const fails: BackendTrialResult = { works: false, reason: "its gradients are wrong", remedy: "" };
  let folder = "";
  let count = 0;
  let tested = 0;
  beforeEach(() => {
    folder = join(parent, String(count++), "a", "b");
    tested = 0;
  });
  const choose = (result: BackendTrialResult) =>
    chooseBackend("auto", 2, (name, threads) =>
      tryForAuto(name, threads, {
        folder,
        trial: async () => {
          tested++;
          return result;
        },
      }),
    );

  it("passes the self-test once, which is remembered", async () => {
    for (let i = 0; i < 3; i++) expect((await choose(passes)).backend.name).toBe("native");
    expect(tested).toBe(1);
    expect(readdirSync(folder)).toHaveLength(1);
    expect((await choose(fails)).backend.name).toBe("native");
  });

  it("makes way for the next one where it does not, which is said; it may pass another time", async () => {
    const { backend, notes } = await choose(fails);
    expect(backend.name).toBe("onnx");
    expect(notes).toContain(
      "backend native is not available: it did not pass its self-test (its gradients are wrong). " +
        "`maskdm doctor` tries it again; engine.backend: native takes it all the same.",
    );
    expect(existsSync(folder)).toBe(false);
    expect((await choose(passes)).backend.name).toBe("native");
    expect(tested).toBe(2);
  });

  it("is tested anew where other kernels of it are asked for", async () => {
    await choose(passes);
    process.env["MASKDM_KERNELS"] = "sse2";
    try {
      if (process.arch === "x64") expect((await choose(passes)).backend.version).toBe("kernels for sse2");
      else await choose(fails);
    } finally {
      delete process.env["MASKDM_KERNELS"];
    }
    expect(tested).toBe(2);
  });

  it("is tested every time where nothing can be remembered", async () => {
    writeFileSync(join(parent, "file"), "");
    folder = join(parent, "file", "below");
    for (let i = 0; i < 2; i++) expect((await choose(passes)).backend.name).toBe("native");
    expect(tested).toBe(2);
  });

  it("is taken as it is where it is asked for by name", async () => {
    expect((await chooseBackend("native", 2)).backend.name).toBe("native");
  });
});
