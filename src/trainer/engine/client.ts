/** The main thread's side of the engine's worker thread. */
import { Worker } from "node:worker_threads";
import type { TrainingBatch } from "../../core/batch/assemble.ts";
import { UserError } from "../../core/errors.ts";
import type { EngineCall, EngineCalls, EngineReply, EngineRequest } from "./messages.ts";

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

export class EngineClient {
  private readonly worker: Worker;
  private readonly cancelFlag = new Int32Array(new SharedArrayBuffer(4));
  private readonly pending = new Map<number, Pending>();
  private nextId = 0;
  private ended: Error | null = null;
  /** settles with the newest call, and calls are answered in order */
  private newest: Promise<unknown> = Promise.resolve();

  constructor() {
    // ONNX Runtime would otherwise collect usage data and send them to its maker. Set here because a worker's environment is a copy
    // that native code does not see.
    process.env["ORT_DISABLE_TELEMETRY"] ??= "1";
    // TensorFlow would otherwise tell of processor features on the terminal.
    process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "1";
    // Beside the bundled command line; see esbuild.config.mjs.
    this.worker = new Worker(new URL("./engineWorker.js", import.meta.url), { workerData: this.cancelFlag });
    this.worker.on("message", (reply: EngineReply) => this.settle(reply));
    this.worker.on("error", (error) => this.fail(error));
    this.worker.on("exit", (code) =>
      this.fail(new UserError(`The training engine ended unexpectedly (code ${code}).`, "failure")),
    );
  }

  /** Asks for one call; calls are answered in order. Typed arrays named in `transfer` are moved, not copied. */
  call<C extends EngineCall>(
    call: C,
    argument: EngineCalls[C][0],
    transfer: readonly ArrayBufferLike[] = [],
  ): Promise<EngineCalls[C][1]> {
    if (this.ended) return Promise.reject(this.ended);
    const request: EngineRequest<C> = { id: this.nextId++, call, argument };
    const answer = new Promise<EngineCalls[C][1]>((resolve, reject) => {
      this.pending.set(request.id, { resolve: resolve as (value: never) => void, reject });
      this.worker.postMessage(request, transfer as ArrayBuffer[]);
    });
    this.newest = answer.catch(() => {});
    return answer;
  }

  /** Asks for a step on a batch, whose arrays move to the engine. */
  step(batch: TrainingBatch, scalars: EngineCalls["step"][0]["scalars"]): Promise<EngineCalls["step"][1]> {
    const { tokens, target, visible, timesteps, weight, labels } = batch;
    const arrays = [tokens, target, visible, timesteps, weight, ...(labels ? [labels] : [])];
    const answer = this.call("step", { batch, scalars }, [...new Set(arrays.map(({ buffer }) => buffer))]);
    // Where the step before it fails, nobody asks for this one's answer.
    answer.catch(() => {});
    return answer;
  }

  /**
   * Breaks off the step at work and those asked for after it, where the backend can and as long as it has changed no weight: they
   * are answered with null. For an engine that is about to end.
   */
  cancelSteps(): void {
    Atomics.store(this.cancelFlag, 0, 1);
  }

  /** Ends the thread when it has done what it was asked for: native code that is cut off there aborts the process. */
  async close(): Promise<void> {
    this.ended ??= new Error("the engine was closed");
    await this.newest;
    this.worker.removeAllListeners("exit");
    await this.worker.terminate();
  }

  private settle(reply: EngineReply): void {
    const pending = this.pending.get(reply.id);
    this.pending.delete(reply.id);
    if (reply.ok) {
      pending?.resolve(reply.value as never);
      return;
    }
    const error = reply.kind ? new UserError(reply.message, reply.kind) : new Error(reply.message);
    if (!reply.kind && reply.stack) error.stack = reply.stack;
    pending?.reject(error);
  }

  private fail(error: Error): void {
    this.ended ??= error;
    for (const pending of this.pending.values()) pending.reject(error);
    this.pending.clear();
  }
}
