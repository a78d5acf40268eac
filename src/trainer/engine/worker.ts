/** The engine's thread: a run of a graph blocks its thread, and the process has to stay responsive. */
import { parentPort, workerData } from "node:worker_threads";
import { type MemoryProfile, memoryProfile } from "../../core/cost/memory.ts";
import { chooseMicroBatches, WASM_BUDGET_BYTES } from "../../core/cost/microBatch.ts";
import { UserError } from "../../core/errors.ts";
import { withOutputConvWeights } from "../../core/model/outputConv.ts";
import { withoutPrefix } from "../../core/model/prefixedWeights.ts";
import { readCheckpoint, writeCheckpoint } from "../run/checkpoint.ts";
import { readSafetensors } from "../run/safetensors.ts";
import { chooseBackend } from "./chooseBackend.ts";
import { Engine } from "./engine.ts";
import type {
  EngineCall,
  EngineCalls,
  EngineFacts,
  EngineReply,
  EngineRequest,
  EngineRequestInit,
  WeightSource,
} from "./messages.ts";
import { StepCancelled } from "./stepCancelled.ts";

type Handlers = { [C in EngineCall]: (argument: EngineCalls[C][0]) => Promise<EngineCalls[C][1]> };

/** With the sizes of micro-batches by S. */
let current: { engine: Engine; sizes: ReadonlyMap<number, number> } | null = null;

function engine(): Engine {
  if (!current) throw new Error("the engine was used before init");
  return current.engine;
}

const clock = (): number => performance.timeOrigin + performance.now();

const handlers: Handlers = {
  async init(request) {
    const { backend, notes } = await chooseBackend(request.wanted, request.threads);
    backend.cancelBy?.(workerData as Int32Array);
    const budget = backend.name === "tfjs-wasm" ? WASM_BUDGET_BYTES : Number.POSITIVE_INFINITY;
    const { training, shape, seed } = request;
    const { sizes, predictedBytes, note } = microBatches(request, memoryProfile(backend.name), budget);
    const microBatchSizes = [...sizes.values()];
    const created = new Engine(backend, { shape, seed });
    if (training) await created.prepare(sizes.get(training.first)!, training.first);
    current = { engine: created, sizes };
    const facts: EngineFacts = {
      backend: backend.name,
      version: backend.version,
      notes: note ? [...notes, note] : notes,
      microBatchSizes,
      predictedBytes,
    };
    return facts;
  },
  load,
  async step({ batch, scalars }) {
    const startedAt = clock();
    try {
      const microBatchSize = current!.sizes.get(batch.visibleTokens)!;
      const result = await engine().trainStep(batch, { ...scalars, microBatchSize });
      const { tokens, target } = batch;
      return { ...result, startedAt, endedAt: clock(), buffers: { tokens, target } };
    } catch (error) {
      if (error instanceof StepCancelled) return null;
      throw error;
    }
  },
  async isFinite() {
    return engine().isFinite();
  },
  async checkpoint({ runDir, state }) {
    return writeCheckpoint(runDir, state, await engine().tensors());
  },
  async predict({ tokens, timesteps, labels, weights }) {
    return engine().predict(tokens, timesteps, labels, weights);
  },
};

/** Images at a time by S, the memory of the step that takes most, and what there is to say about it. */
function microBatches(
  { training, shape }: EngineRequestInit,
  profile: MemoryProfile,
  backendBudget: number,
): { sizes: ReadonlyMap<number, number>; predictedBytes: number; note: string | null } {
  if (!training) return { sizes: new Map(), predictedBytes: 0, note: null };
  const { batchSize, visibleTokens, microBatchSize: wanted } = training;
  const budgetBytes = Math.min(training.budgetBytes, backendBudget);
  const choices = chooseMicroBatches(profile, shape, visibleTokens, { batchSize, wanted, budgetBytes });
  const uneven = choices.find(({ microBatchSize }) => batchSize % microBatchSize !== 0);
  if (uneven) {
    throw new UserError(
      `micro_batch_size ${uneven.microBatchSize} does not divide batch_size ${batchSize}. Choose a divisor, or auto.`,
    );
  }
  const predictedBytes = Math.max(...choices.map((choice) => choice.predictedBytes));
  const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
  const note =
    wanted !== "auto" || choices.every(({ fits }) => fits)
      ? null
      : `A single image is predicted to take ${gib(predictedBytes)} GiB, more than the ${gib(budgetBytes)} GiB set aside ` +
        "(engine.memory_gb): the run may be ended for lack of memory.";
  return {
    sizes: new Map(choices.map((choice, i) => [visibleTokens[i]!, choice.microBatchSize])),
    predictedBytes,
    note,
  };
}

async function load(source: WeightSource): Promise<string[]> {
  if (source.kind === "checkpoint") {
    const { tensors } = readCheckpoint(source.dir, ["raw", "ema", "optimizer"]);
    for (const set of ["raw", "ema", "optimizer"] as const) await engine().load(tensors[set], set, source.dir);
    return [];
  }
  const { tensors } = readSafetensors(source.file);
  if (source.kind === "weights") {
    await engine().load(tensors, source.into, source.file);
    return [];
  }
  const named = withoutPrefix(tensors, engine().parameterNames, source.file);
  const whole = withOutputConvWeights(named.tensors, engine().config.shape, source.file);
  await engine().load(whole.tensors, "raw", source.file);
  await engine().restartEma();
  return [named.note, whole.note].filter((note) => note !== null);
}

/** Large arrays move instead of being copied. */
function transferable(value: EngineCalls[EngineCall][1]): ArrayBuffer[] {
  if (value instanceof Float32Array) return [value.buffer as ArrayBuffer];
  if (value === null || typeof value !== "object" || !("buffers" in value)) return [];
  return [value.buffers.tokens.buffer as ArrayBuffer, value.buffers.target.buffer as ArrayBuffer];
}

async function answer<C extends EngineCall>({ id, call, argument }: EngineRequest<C>): Promise<void> {
  let reply: EngineReply;
  try {
    reply = { id, ok: true, value: await handlers[call](argument) };
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    reply = { id, ok: false, message, stack: stack ?? null, kind: error instanceof UserError ? error.kind : null };
  }
  parentPort?.postMessage(reply, reply.ok ? transferable(reply.value) : []);
}

/** Calls are answered one after the other: a step may be asked for while the one before is at work. */
let newest: Promise<void> = Promise.resolve();
parentPort?.on("message", (request: EngineRequest) => {
  newest = newest.then(() => answer(request));
});
