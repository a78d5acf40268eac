/** An engine that draws with the network of a run. */
import packageJson from "../../../package.json" with { type: "json" };
import { modelShape } from "../../core/model/shape.ts";
import { type Drawing, drawingOf } from "../../core/run/drawing.ts";
import type { RunNetwork } from "../../node/run/runNetwork.ts";
import type { EngineClient } from "../engine/client.ts";
import { engineThreads } from "../engine/engineThreads.ts";
import type { EngineFacts } from "../engine/messages.ts";
import { ownBackend } from "../engine/wantedBackend.ts";

/**
 * Starts an engine that only draws; its weights are still to be loaded.
 * @throws UserError where the network is one in Python
 */
export function startDrawing(engine: EngineClient, { experiment }: RunNetwork): Promise<EngineFacts> {
  return engine.call("init", {
    wanted: ownBackend(experiment),
    threads: engineThreads(experiment),
    shape: modelShape(experiment),
    seed: 0,
    training: null,
  });
}

export function loadWeights(engine: EngineClient, { file, experiment }: RunNetwork): Promise<unknown> {
  return engine.call("load", { kind: "weights", file, into: experiment.sample.weights });
}

/** @param chosen classes that take turns; null: all do */
export function drawingWith(
  { experiment, weights }: RunNetwork,
  { backend, version }: { readonly backend: string; readonly version: string },
  { seed, chosen }: { readonly seed: number; readonly chosen: readonly number[] | null },
): Drawing {
  return drawingOf(experiment, {
    ...weights,
    seed,
    chosen,
    backend,
    versions: { maskdm: packageJson.version, backend: version },
  });
}
