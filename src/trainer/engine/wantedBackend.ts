/** What can be asked for, and which backends it may turn out to be, the fastest first. */
import type { OwnBackend } from "../../core/experiment/backendChoices.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import type { BackendName } from "./backend.ts";

/** What an engine can be asked for: a value of engine.backend, or one backend by its own name. */
export type BackendChoice = OwnBackend | BackendName;

/** What is asked for with an experiment. Where PyTorch trains, this engine, which has the same networks, draws with whatever works. */
export const ownBackend = ({ engine }: Pick<Experiment, "engine">): OwnBackend =>
  engine.backend === "torch" ? "auto" : engine.backend;

/** auto leaves a graphics card alone: its speed here is unknown. */
export const AUTO_CANDIDATES: readonly BackendName[] = ["native", "onnx", "tfjs-node", "tfjs-wasm"];

export const CANDIDATES: Readonly<Record<OwnBackend, readonly BackendName[]>> = {
  auto: AUTO_CANDIDATES,
  native: ["native"],
  onnx: ["onnx"],
  "onnx-webgpu": ["onnx-webgpu"],
  tfjs: ["tfjs-node", "tfjs-wasm"],
};

/** The backends that a choice may turn out to be, the fastest first; a backend's own name means that one alone. */
export function candidatesOf(choice: BackendChoice): readonly BackendName[] {
  const lists: Partial<Record<BackendChoice, readonly BackendName[]>> = CANDIDATES;
  return lists[choice] ?? [choice as BackendName];
}
