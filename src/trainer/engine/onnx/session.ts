/** Makes ONNX Runtime's sessions: one way to set them up for every graph. */
import * as ort from "onnxruntime-node";

export interface SessionSettings {
  readonly provider: "cpu" | "webgpu";
  readonly threads: number;
  /** how the file begins that says of each node where it ran, for tests; the session writes it when profiling ends */
  readonly profile?: string;
}

/**
 * @param model ONNX model bytes
 * @param deviceOutputs outputs that are left on the graphics card; those of others are copied to the host
 */
export function createSession(
  model: Uint8Array,
  { provider, threads, profile }: SessionSettings,
  deviceOutputs: readonly string[] = [],
): Promise<ort.InferenceSession> {
  const locations = Object.fromEntries(deviceOutputs.map((name) => [name, "gpu-buffer" as const]));
  return ort.InferenceSession.create(model, {
    executionProviders: provider === "cpu" ? ["cpu"] : ["webgpu", "cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    // One block planned for the whole graph would lie beside the chunks that the first run took: two thirds more memory.
    enableMemPattern: false,
    // It would make one of what is computed twice to save memory.
    extra: { optimization: { disable_specified_optimizers: "CommonSubexpressionElimination" } },
    logSeverityLevel: 3,
    ...(profile !== undefined && { enableProfiling: true, profileFilePrefix: profile }),
    ...(deviceOutputs.length > 0 && { preferredOutputLocation: locations }),
  });
}
