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

/** Names of the vector instructions that this processor has, the best first. @throws Error where the kernels do not load */
export function instructionSets(): string[] {
  return loadAddon().instructionSets().split(" ");
}

/**
 * @param instructionSet one of instructionSets(); the best unless MASKDM_KERNELS names a lesser one
 * @throws Error where the kernels were not built for this machine, or it does not have those instructions
 */
export function nativeBackend(
  threads: number,
  instructionSet: string = process.env["MASKDM_KERNELS"] || instructionSets()[0]!,
): Backend {
  const addon = loadAddon();
  const team = addon.createTeam(threads, instructionSet);
  let cancel: Int32Array | null = null;
  const compile = async (graph: Graph, learned: Learned | null = null): Promise<NativeExecutable> => {
    const program = compileProgram(graph, learned);
    // Only training knows what to do about a run that was broken off.
    const created = createProgram(addon, team, program, learned === null ? null : cancel);
    return new NativeExecutable(addon, created, program);
  };
  return {
    name: "native",
    version: `kernels for ${instructionSet}`,
    threads,
    composites: ALL_COMPOSITES,
    cancelBy: (flag) => {
      cancel = flag;
    },
    compile: (graph) => compile(graph),
    learner: (store) => new NativeLearner(store, addon, team, compile),
  };
}

function createProgram(addon: Addon, team: Team, program: NativeProgram, cancel: Int32Array | null): Program {
  const { words, arenaFloats, lengths } = program;
  try {
    return addon.createProgram(team, words, arenaFloats, Float64Array.from(lengths), cancel);
  } catch (error) {
    if (!(error instanceof Error && error.message === LACKING)) throw error;
    const gib = ((arenaFloats * 4) / 2 ** 30).toFixed(1);
    throw new UserError(
      `The backend native cannot have the ${gib} GiB of memory that a pass takes. Lower micro_batch_size or, in sampling, the number of images drawn together.`,
      "failure",
    );
  }
}
