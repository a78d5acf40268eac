/** What the driver asks of a benchmarked engine, and the process it asks: JSON lines on stdin and stdout. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import * as z from "zod";

/** Shape of a network, in the keys of the experiment file. */
export const networkSchema = z.strictObject({
  image_size: z.number(),
  channels: z.union([z.literal(1), z.literal(3)]),
  patch_size: z.number(),
  embed_dim: z.number(),
  depth: z.number(),
  num_heads: z.number(),
});
export type Network = z.infer<typeof networkSchema>;

const shapeOfWork = {
  config: networkSchema,
  /** share of hidden tokens, strategy patch; 0 = whole images */
  maskRate: z.number(),
  batchSize: z.number(),
  microBatch: z.number(),
  seed: z.number(),
};

export const commandSchema = z.discriminatedUnion("cmd", [
  z.object({ cmd: z.literal("hello"), threads: z.number(), backend: z.string() }),
  z.object({ cmd: z.literal("setup"), ...shapeOfWork }),
  z.object({ cmd: z.literal("steps"), n: z.number() }),
  z.object({ cmd: z.literal("memory") }),
  z.object({
    cmd: z.literal("follow"),
    config: networkSchema,
    n: z.number(),
    modelFile: z.string(),
    /** tokens.f32, target.f32 [B, S, p·p·C] in (p1, p2, C) order; timesteps.i32 [B]; visible.i32 [B, S] */
    folder: z.string(),
    batchSize: z.number(),
    visibleTokens: z.number(),
  }),
  z.object({ cmd: z.literal("quit") }),
]);
export type Command = z.infer<typeof commandSchema>;
export type Work = Omit<Extract<Command, { cmd: "setup" }>, "cmd">;

export const replies = {
  hello: z.object({ backend: z.string(), version: z.string(), threads: z.number() }),
  setup: z.object({ visibleTokens: z.number(), parameters: z.number() }),
  steps: z.object({ seconds: z.number().positive(), loss: z.number() }),
  memory: z.object({ peakMemoryBytes: z.number() }),
  follow: z.object({ losses: z.array(z.number()) }),
  /** PyTorch only: which of its kernels are quickest for the shape; seconds per step of each one tried */
  tune: z.object({ attention: z.string(), optimizer: z.string(), tried: z.record(z.string(), z.number()) }),
  /** PyTorch only: fresh weights written to a safetensors file */
  initialise: z.object({}),
};
type Replies = typeof replies;

const envelope = z.looseObject({ ok: z.boolean(), error: z.string().optional() });

/** One engine in a process of its own. One command is under way at a time. */
export class EngineProcess {
  private readonly child: ChildProcessWithoutNullStreams;
  private waiting: { resolve: (line: string) => void; reject: (error: Error) => void } | null = null;
  private stderr = "";
  /** settled once the process is gone */
  private readonly gone: Promise<void>;
  private ended = false;

  constructor(
    readonly name: string,
    command: string,
    args: readonly string[],
  ) {
    this.child = spawn(command, args, { env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" } });
    this.child.stderr.on("data", (text: Buffer) => {
      this.stderr += text;
    });
    this.child.stdin.on("error", () => {}); // "exit" says why
    this.gone = new Promise((resolve) => {
      this.child.on("error", (error) => resolve(this.fail(error.message)));
      this.child.on("exit", (code, signal) => resolve(this.fail(`ended with ${signal ?? code}\n${this.stderr}`)));
    });
    createInterface(this.child.stdout).on("line", (line) => {
      this.waiting?.resolve(line);
      this.waiting = null;
    });
  }

  async ask<C extends keyof Replies>(cmd: C, values: Readonly<Record<string, unknown>>): Promise<z.infer<Replies[C]>> {
    const line = await new Promise<string>((resolve, reject) => {
      if (this.ended) return reject(new Error(`${this.name} has ended\n${this.stderr}`));
      this.waiting = { resolve, reject };
      this.child.stdin.write(`${JSON.stringify({ cmd, ...values })}\n`);
    });
    const reply: unknown = JSON.parse(line);
    const { ok, error } = envelope.parse(reply);
    if (!ok) throw new Error(`${this.name}, ${cmd}: ${error}`);
    return replies[cmd].parse(reply) as z.infer<Replies[C]>;
  }

  /** Lets the process end, and waits for it. */
  async quit(): Promise<void> {
    if (!this.ended) this.child.stdin.end('{"cmd": "quit"}\n');
    await this.gone;
  }

  private fail(why: string): void {
    this.ended = true;
    this.waiting?.reject(new Error(`${this.name}: ${why}`));
    this.waiting = null;
  }
}
