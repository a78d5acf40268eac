/** compute.target: ray: the PyTorch engine on a real Ray cluster, a head and two machines that are processes of this one. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { findPython, TRAINER_MODULES } from "../../python/findPython.ts";
import { differences, recordOf, statusOf, tinyExperiment, until, Workshop, writeImages } from "../training/support.ts";

// Ray and PyTorch take their time to begin on a busy machine.
const PATIENCE = 240;
vi.setConfig({ testTimeout: 4 * PATIENCE * 1000, hookTimeout: 2 * PATIENCE * 1000 });

const python = findPython([...TRAINER_MODULES, "ray"]);
if (!python.found) console.warn(`skipped: ${python.reason}`);

describe.skipIf(!python.found || process.platform !== "linux")("two workers on a Ray cluster", () => {
  const shop = new Workshop();
  const nodes: ChildProcess[] = [];
  beforeAll(async () => {
    const command = python.found ? python.command : "";
    const port = await freePort();
    const address = `127.0.0.1:${port}`;
    await startNode(["--head", `--port=${port}`, "--num-cpus=0", "--include-dashboard=false", "--disable-usage-stats"]);
    // One after the other: nodes that begin together on one machine may choose the same ports.
    for (const _ of [1, 2]) await startNode([`--address=${address}`, "--num-cpus=1"]);
    process.env["MASKDM_PYTHON"] = command;
    process.env["XDG_DATA_HOME"] = shop.path("data");
    await writeImages(shop.path("images"), { count: 21, size: 8 });
    const pretrain = { steps: 60, batch_size: 8, lr: 2e-3, checkpoint_every: 10, sample_every: 0, log_every: 5 };
    const compute = { target: "ray", workers: 2, address } as const;
    shop.experiment("two", tinyExperiment({ engine: { backend: "torch", threads: 1 }, compute, pretrain }));

    /** A machine of the cluster, once it is one. */
    async function startNode(options: readonly string[]): Promise<void> {
      const ray = path.join(path.dirname(command), "ray");
      const node = spawn(ray, ["start", "--block", "--object-store-memory=100000000", ...options], {
        stdio: ["ignore", "pipe", "ignore"],
        env: { ...process.env, PYTHONUNBUFFERED: "1" },
      });
      nodes.push(node);
      for await (const line of createInterface(node.stdout!)) if (line.includes("Ray runtime started")) return;
      throw new Error(`ray start ${options.join(" ")} ended with ${node.exitCode}`);
    }
  });

  afterAll(async () => {
    delete process.env["MASKDM_PYTHON"];
    delete process.env["XDG_DATA_HOME"];
    // Each ends what it has started.
    for (const node of nodes) node.kill("SIGTERM");
    await Promise.all(nodes.map((node) => node.exitCode ?? node.signalCode ?? once(node, "exit")));
  });

  it("go on from the last checkpoint when one of them is killed, and end with the same weights", async () => {
    const { out } = await shop.succeed("pretrain", "two.maskdm.yaml", "--run", "calm");
    expect(out).toBe("runs/calm\n");
    expect(recordOf(shop.run("calm")).sessions).toHaveLength(1);
    const { ended } = shop.start(["pretrain", "two.maskdm.yaml", "--run", "shaken"]);
    await until("step 15", () => stepOf("shaken") >= 15, PATIENCE);
    // Its process ends, and with it the one of Ray's that waits for it.
    process.kill(recordOf(shop.run("shaken")).pid, "SIGKILL");
    const { exitCode, err } = await ended;
    expect(exitCode, err).toBe(0);
    expect(recordOf(shop.run("shaken")).sessions).toHaveLength(2);
    expect(statusOf(shop.run("shaken")).state).toBe("finished");
    expect(differences(shop.run("calm"), shop.run("shaken"))).toEqual([]);
    expect(readFileSync(path.join(shop.run("shaken"), "log.txt"), "utf8")).toContain("in each of 2 processes");
  });

  it("are told where no cluster is", async () => {
    const port = await freePort();
    const nowhere = await shop.maskdm("pretrain", "two.maskdm.yaml", "--set", `compute.address=127.0.0.1:${port}`);
    expect(nowhere.exitCode).toBe(1);
    expect(nowhere.err).toContain(`there is no Ray cluster at 127.0.0.1:${port}`);
    expect(nowhere.err).not.toContain("Traceback");
  });

  /** 0 as long as there is no run. */
  function stepOf(run: string): number {
    try {
      return statusOf(shop.run(run)).step;
    } catch {
      return 0;
    }
  }
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
