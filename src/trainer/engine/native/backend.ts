/** Runs graphs with this project's own kernels: vector instructions of the processor, all of its threads, memory planned ahead. */
import type { Backend } from "../backend.ts";
import type { Composites } from "../graph/builder.ts";
import type { Graph } from "../graph/graph.ts";
import { loadAddon } from "./addon.ts";
import { NativeExecutable } from "./executable.ts";
import { NativeLearner } from "./learner.ts";
import { compileProgram } from "./program.ts";
import { rematerialised } from "./rematerialise.ts";

export const NATIVE_COMPOSITES: Composites = new Set([
  "selfAttention",
  "selfAttentionGradient",
  "layerNormGradient",
  "erfGate",
  "erfGateGradient",
]);

/** @throws Error where the kernels were not built for this machine */
export function nativeBackend(threads: number): Backend {
  const addon = loadAddon();
  const team = addon.createTeam(threads);
  const compile = async (graph: Graph): Promise<NativeExecutable> => {
    const planned = rematerialised(graph);
    const program = compileProgram(planned);
    const { words, arenaFloats, arrays } = program;
    return new NativeExecutable(addon, addon.createProgram(team, words, arenaFloats, arrays.length), program, graph);
  };
  return {
    name: "native",
    version: `kernels for ${addon.instructionSet()}`,
    threads,
    composites: NATIVE_COMPOSITES,
    accumulates: true,
    compile,
    learner: (store) => new NativeLearner(store, addon, team, compile),
  };
}
