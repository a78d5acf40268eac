/** The Python process behind torchUvit.ts: started at the first request of a test file, it ends with that file. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import * as z from "zod";
import { ROOT } from "../../scripts/vscode/paths.ts";

const replySchema = z.looseObject({ ok: z.boolean(), error: z.string().optional() });
export type TorchReply = z.infer<typeof replySchema>;

type Waiting = { readonly resolve: (reply: TorchReply) => void; readonly reject: (error: Error) => void };

class TorchProcess {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly waiting: Waiting[] = [];
  private stderr = "";
  private ended: Error | null = null;

  constructor(python: string) {
    this.child = spawn(python, [path.join(ROOT, "test/python/torch_reference.py")], {
      // No __pycache__ in the working tree.
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", PYTHONPATH: path.join(ROOT, "src/torch") },
    });
    this.child.stderr.on("data", (text: Buffer) => {
      this.stderr += text;
    });
    this.child.on("error", (error) => this.end(error));
    this.child.on("exit", (code) => this.end(new Error(`torch_reference.py ended with ${code}: ${this.stderr}`)));
    this.child.stdin.on("error", () => {}); // "exit" says why
    createInterface(this.child.stdout).on("line", (line) => this.answer(line));
    // Nothing here keeps the test process alive; without it, the child reads the end of its input and leaves.
    this.child.unref();
  }

  request(values: Readonly<Record<string, unknown>>): Promise<TorchReply> {
    return new Promise((resolve, reject) => {
      if (this.ended) return reject(this.ended);
      this.waiting.push({ resolve, reject });
      this.child.stdin.write(`${JSON.stringify(values)}\n`);
    });
  }

  private answer(line: string): void {
    const next = this.waiting.shift();
    const reply = replySchema.safeParse(JSON.parse(line));
    if (!reply.success) next?.reject(new Error(`not a reply: ${line}`));
    else if (reply.data.ok) next?.resolve(reply.data);
    else next?.reject(new Error(reply.data.error));
  }

  private end(error: Error): void {
    this.ended = error;
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }
}

const processes = new Map<string, TorchProcess>();

/**
 * Asks the reference for one thing; requests are answered in order.
 * @param python interpreter with torch
 * @param values see test/python/torch_reference.py
 */
export function askTorch(python: string, values: Readonly<Record<string, unknown>>): Promise<TorchReply> {
  const known = processes.get(python);
  const running = known ?? new TorchProcess(python);
  if (known === undefined) processes.set(python, running);
  return running.request(values);
}
