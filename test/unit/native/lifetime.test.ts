import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { ALL_COMPOSITES } from "../../../src/core/model/graph/lower.ts";
import { trainingGraph } from "../../../src/core/model/graphs.ts";
import type { Executable } from "../../../src/trainer/engine/backend.ts";
import { nativeBackend } from "../../../src/trainer/engine/native/backend.ts";
import { outputArrays } from "../engine/compare.ts";
import { TINY_CASES, tinyModel } from "../engine/tinyModels.ts";
import { requireNative } from "./requireNative.ts";

async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let round = 0; round < 4; round++) {
    collect();
    await new Promise(setImmediate);
  }
}

describe.skipIf(!requireNative())("the native engine's memory", () => {
  it("keeps the threads of a program while it is there, also when nothing else needs them", async () => {
    const model = tinyModel(TINY_CASES[0]!);
    const graph = trainingGraph(model.shape, model.batchSize, model.visibleTokens, ALL_COMPOSITES);
    const expected = outputArrays(graph);
    const alone: Executable[] = [];
    for (let i = 0; i < 4; i++) alone.push(await nativeBackend(3).compile(graph));
    await alone[0]!.run(model.inputs, expected);
    await collectGarbage();
    for (const executable of alone) {
      const outputs = outputArrays(graph);
      await executable.run(model.inputs, outputs);
      expect(outputs).toEqual(expected);
      await executable.dispose();
    }
  });
});
