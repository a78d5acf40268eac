/** Runs graphs with this project's own kernels: vector instructions of the processor, all of its threads, memory planned ahead. */
import { UserError } from "../../../core/errors.ts";
import type { Graph } from "../../../core/model/graph/graph.ts";
import { ALL_COMPOSITES } from "../../../core/model/graph/lower.ts";
import type { Backend } from "../backend.ts";
import { type Addon, loadAddon, type Program, type Team } from "./addon.ts";
import { NativeExecutable } from "./executable.ts";
import { NativeLearner } from "./learner.ts";
import { compileProgram, type NativeProgram } from "./program.ts";
import type { Learned } from "./updates.ts";

/** What the module says then. */
const LACKING = "memory is lacking";

/** @throws Error where the kernels were not built for this machine */
export function nativeBackend(threads: number): Backend {
  const addon = loadAddon();
  const team = addon.createTeam(threads);
  const compile = async (graph: Graph, learned: Learned | null = null): Promise<NativeExecutable> => {
    const program = compileProgram(graph, learned);
    const parameters = learned?.weights.map(({ parameter }) => parameter) ?? [];
    return new NativeExecutable(addon, created(addon, team, program), program, graph, parameters);
  };
  return {
    name: "native",
    version: `kernels for ${addon.instructionSet()}`,
    threads,
    composites: ALL_COMPOSITES,
    accumulates: true,
    compile: (graph) => compile(graph),
    learner: (store) => new NativeLearner(store, addon, team, compile),
  };
}

function created(addon: Addon, team: Team, { words, arenaFloats, arrays }: NativeProgram): Program {
  try {
    return addon.createProgram(team, words, arenaFloats, arrays.length);
  } catch (error) {
    if (!(error instanceof Error && error.message === LACKING)) throw error;
    const gib = ((arenaFloats * 4) / 2 ** 30).toFixed(1);
    throw new UserError(
      `The backend native cannot have the ${gib} GiB of memory that a pass takes. Lower micro_batch_size or, in sampling, the number of images drawn together.`,
      "failure",
    );
  }
}
