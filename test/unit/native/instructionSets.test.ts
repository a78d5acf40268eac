import { describe, expect, it } from "vitest";
import { ALL_COMPOSITES } from "../../../src/core/model/graph/lower.ts";
import { trainingGraph } from "../../../src/core/model/graphs.ts";
import { loadAddon } from "../../../src/trainer/engine/native/addon.ts";
import { nativeBackend } from "../../../src/trainer/engine/native/backend.ts";
import { outputArrays, relativeError } from "../engine/compare.ts";
import { interpret } from "../engine/float64Interpreter.ts";
import { TINY_CASES, tinyModel } from "../engine/tinyModels.ts";

// The module reads it when it is loaded, once in a process; this file has one to itself.
process.env["MASKDM_KERNELS"] = "sse2";

function lesserIsThere(): boolean {
  try {
    return process.arch === "x64" && loadAddon().instructionSet() === "sse2";
  } catch {
    return false;
  }
}

describe.skipIf(!lesserIsThere())("the kernels for processors without AVX2", () => {
  it.each(TINY_CASES)("agree with float64: $title", async (tiny) => {
    const model = tinyModel(tiny);
    const graph = trainingGraph(model.shape, model.batchSize, model.visibleTokens, ALL_COMPOSITES);
    const executable = await nativeBackend(2).compile(graph);
    const outputs = outputArrays(graph);
    await executable.run(model.inputs, outputs);
    await executable.dispose();
    const reference = interpret(model.training, model.inputs);
    for (const [name, values] of outputs) expect(relativeError(values, reference.get(name)!), name).toBeLessThan(1e-5);
  });
});
