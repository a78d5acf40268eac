/** A Ray cluster of this machine: a head that computes nothing, and machines of one core each, all processes of the test's own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";

export class RayCluster {
  private readonly nodes: ChildProcess[] = [];
  // Ray's sockets are in it, whose paths have to be short.
  private readonly folder = mkdtempSync(join(tmpdir(), "ray-"));
  /** of the dashboard */
  address = "";

  /** @param python that has Ray */
  constructor(private readonly python: string) {}

  /** @param machines beside the head */
  async start(machines: number): Promise<void> {
    const [port, dashboard] = [await freePort(), await freePort()];
    const head = [`--port=${port}`, `--dashboard-port=${dashboard}`, `--temp-dir=${this.folder}`, "--num-cpus=0"];
    await this.startNode(["--head", ...head]);
    // One after the other: two that begin at once were seen to wait for each other.
    for (let i = 0; i < machines; i++) await this.startNode([`--address=127.0.0.1:${port}`, "--num-cpus=1"]);
    this.address = `http://127.0.0.1:${dashboard}`;
  }

  async stop(): Promise<void> {
    // Each ends what it has started.
    for (const node of this.nodes) node.kill("SIGTERM");
    await Promise.all(this.nodes.map((node) => node.exitCode ?? node.signalCode ?? once(node, "exit")));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Starts a machine; returns once it is one of the cluster. */
  private async startNode(options: readonly string[]): Promise<void> {
    const programs = dirname(this.python);
    const shared = ["--block", "--object-store-memory=80000000", "--disable-usage-stats"];
    const node = spawn(join(programs, "ray"), ["start", ...shared, "--dashboard-agent-listen-port=0", ...options], {
      // A job's `python` is that of the head's PATH.
      env: { ...process.env, PATH: `${programs}${delimiter}${process.env["PATH"]}` },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.nodes.push(node);
    const said: string[] = [];
    createInterface({ input: node.stderr! }).on("line", (line) => said.push(line));
    for await (const line of createInterface({ input: node.stdout! })) {
      said.push(line);
      if (line.includes("Ray runtime started")) return;
    }
    throw new Error(`ray start ${options.join(" ")} ended with ${node.exitCode}:\n${said.slice(-20).join("\n")}`);
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
