/**
 * Calls every function of a module of the kernels, rightly and wrongly, on every instruction set that the processor has. Parameter:
 * the module's file. Run with the module's address sanitizer loaded.
 */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parameterSpecs } from "../../../../src/core/model/backbones.ts";
import { ALL_COMPOSITES } from "../../../../src/core/model/graph/lower.ts";
import { gradientName, trainingGraph } from "../../../../src/core/model/graphs.ts";
import type { Addon, Program, Team } from "../../../../src/trainer/engine/native/addon.ts";
import { compileProgram } from "../../../../src/trainer/engine/native/program.ts";
import { TINY_CASES, tinyModel } from "../../engine/tinyModels.ts";

const addon = createRequire(import.meta.url)(process.argv[2]!) as Addon;
const factors = Float64Array.from({ length: 10 }, () => 0.5);

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

for (const set of addon.instructionSets().split(" ")) {
  for (const tiny of TINY_CASES) {
    const { shape, batchSize, visibleTokens, inputs } = tinyModel(tiny);
    const weights = parameterSpecs(shape).map(({ name }) => ({ parameter: name, gradient: gradientName(name) }));
    const graph = trainingGraph(shape, batchSize, visibleTokens, ALL_COMPOSITES);
    const { words, arenaFloats, lengths, arrays: names } = compileProgram(graph, { loss: "loss", weights });
    const team = addon.createTeam(3, set);
    const cancel = new Int32Array(new SharedArrayBuffer(4));
    const program = addon.createProgram(team, words, arenaFloats, Float64Array.from(lengths), cancel);
    const arrays = names.map((name, i) => inputs.get(name)?.slice() ?? new Float32Array(lengths[i]!));
    assert(addon.run(program, arrays, false, null) < 0);
    assert(addon.run(program, arrays, true, factors) >= 0);
    cancel[0] = 1;
    assert(Number.isNaN(addon.run(program, arrays, false, factors)));

    assert.throws(() => addon.run(team as unknown as Program, arrays, false, null));
    assert.throws(() => addon.run(program, arrays.slice(1), false, null));
    assert.throws(() => addon.run(program, arrays, false, factors.subarray(1)));
    assert.throws(() => addon.createProgram(program as unknown as Team, words, arenaFloats, factors, null));
    assert.throws(() => addon.createProgram(team, words, 0, Float64Array.from(lengths), null));
    assert.throws(() => addon.createProgram(team, words.subarray(1), arenaFloats, Float64Array.from(lengths), null));
    assert.throws(() => addon.adamW(team, [], factors));
    assert.throws(() => addon.createTeam(0, set));

    assert(addon.sumOfSquares(team, new Float32Array(70_000).fill(1)) === 70_000);
    addon.adamW(
      team,
      Array.from({ length: 5 }, () => new Float32Array(5000).fill(1)),
      factors,
    );
    // The others are left to the garbage collector.
    if (tiny !== TINY_CASES[0]) addon.destroyProgram(program);
  }
  collect();
  // What is collected is ended by turns of the event loop.
  await new Promise(setImmediate);
}
