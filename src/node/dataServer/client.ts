/** Keeps a process of `maskdm data-server`, started when it is first needed and again after a crash. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { UserError } from "../../core/errors.ts";
import type { DataConfig } from "../../core/experiment/schema.ts";
import type { Program } from "../run/detached.ts";
import { FrameReader } from "./frames.ts";
import { type DataAnswer, type DataRequest, dataAnswerSchema } from "./protocol.ts";

export interface OpenedData {
  readonly count: number;
  readonly classes: readonly string[];
  readonly broken: number;
  readonly notes: readonly string[];
}

export interface ImagesRead {
  /** relative to the data folder */
  readonly paths: readonly string[];
  /** null: an image has none */
  readonly classes: readonly (string | null)[];
  /** uint8 [n, H, W, C] */
  readonly pixels: Uint8Array;
}

export type DecodingListener = (done: number, total: number) => void;

interface Waiting {
  resolve(answer: DataAnswer, body: Uint8Array): void;
  reject(error: Error): void;
  readonly onDecoding: DecodingListener | undefined;
}

interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly waiting: Map<number, Waiting>;
  /** what its data set was opened with, as JSON; null while none is */
  opened: string | null;
}

/** A request that was given up because a newer one took its place. */
export class SupersededError extends Error {}

type Unaddressed<T> = T extends unknown ? Omit<T, "id"> : never;

export class DataServerClient {
  private running: Running | null = null;
  private nextId = 0;
  private disposed = false;

  /** @param log lines that the process writes for people */
  constructor(
    private readonly program: () => Program,
    private readonly log: (line: string) => void,
  ) {}

  /**
   * Opens a data set in place of the one before.
   * @throws UserError where it cannot be used; SupersededError where another one is asked for meanwhile
   */
  async open(config: DataConfig, baseDir: string, onDecoding?: DecodingListener): Promise<OpenedData> {
    // Decoding another data set first could take minutes.
    if (this.running !== null && this.running.waiting.size > 0) this.end(new SupersededError("superseded"));
    const process = this.process();
    process.opened = null;
    const { answer } = await this.ask(process, { method: "open", config, baseDir }, onDecoding);
    if (answer.kind !== "opened") throw new Error(`${answer.kind} is no answer to open`);
    process.opened = JSON.stringify([config, baseDir]);
    return answer;
  }

  /**
   * Reads images of a data set, which is opened first where the process was started anew.
   * @param indices positions in it
   */
  async read(config: DataConfig, baseDir: string, indices: readonly number[]): Promise<ImagesRead> {
    if (this.running?.opened !== JSON.stringify([config, baseDir])) await this.open(config, baseDir);
    const { answer, body } = await this.ask(this.process(), { method: "read", indices: [...indices] });
    if (answer.kind !== "images") throw new Error(`${answer.kind} is no answer to read`);
    return { paths: answer.paths, classes: answer.classes, pixels: body };
  }

  dispose(): void {
    this.disposed = true;
    this.end(new SupersededError("closed"));
  }

  /** Process id of the one that runs; null without one. */
  get pid(): number | null {
    return this.running?.child.pid ?? null;
  }

  private ask(
    process: Running,
    request: Unaddressed<DataRequest>,
    onDecoding?: DecodingListener,
  ): Promise<{ answer: DataAnswer; body: Uint8Array }> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      process.waiting.set(id, { resolve: (answer, body) => resolve({ answer, body }), reject, onDecoding });
      process.child.stdin.write(`${JSON.stringify({ ...request, id })}\n`);
    });
  }

  private process(): Running {
    if (this.disposed) throw new SupersededError("closed");
    this.running ??= this.start();
    return this.running;
  }

  private start(): Running {
    const { command, args, env } = this.program();
    const child = spawn(command, [...args, "data-server"], { stdio: "pipe", env: { ...process.env, ...env } });
    const running: Running = { child, waiting: new Map(), opened: null };
    const reader = new FrameReader((head, body) => receive(running, head, body));
    let lastLine = "";
    child.stdout.on("data", (piece: Buffer) => {
      try {
        reader.push(piece);
      } catch (error) {
        this.log(`data server: ${error instanceof Error ? error.message : error}`);
        child.kill();
      }
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      for (const line of text.split("\n").filter((part) => part.trim() !== "")) {
        lastLine = line;
        this.log(`data server: ${line}`);
      }
    });
    // Writing to a process that has just ended; its end is told by "close".
    child.stdin.on("error", () => {});
    const ended = (why: string): void => {
      if (this.running === running) this.running = null;
      fail(running, new UserError(`The process that reads the images ended: ${why}`, "failure"));
    };
    child.on("error", (error) => ended(error.message));
    child.on("close", (code, signal) => ended(lastLine.replace(/^error: /, "") || `${signal ?? `exit code ${code}`}`));
    return running;
  }

  private end(why: Error): void {
    const { running } = this;
    if (running === null) return;
    this.running = null;
    fail(running, why);
    running.child.stdin.end();
    running.child.kill();
  }
}

function receive(running: Running, head: unknown, body: Uint8Array): void {
  const answer = dataAnswerSchema.parse(head);
  const asked = running.waiting.get(answer.id);
  if (answer.kind === "decoding") {
    asked?.onDecoding?.(answer.done, answer.total);
    return;
  }
  running.waiting.delete(answer.id);
  if (answer.kind === "refused") asked?.reject(new UserError(answer.error));
  else asked?.resolve(answer, body);
}

function fail(running: Running, error: Error): void {
  for (const asked of running.waiting.values()) asked.reject(error);
  running.waiting.clear();
}
