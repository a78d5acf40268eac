import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freeMemory, type Machine, thisMachine } from "../../../src/node/machine.ts";

const MACHINE = "src/node/machine.ts";

test("this process never plans with more than there is", () => {
  const { cores, memoryBytes, cpu } = thisMachine();
  expect(memoryBytes).toBeGreaterThan(0);
  expect(memoryBytes).toBeLessThanOrEqual(totalmem());
  expect(freeMemory()).toBeLessThanOrEqual(memoryBytes);
  expect(cores).toBeGreaterThanOrEqual(1);
  expect(cores).toBeLessThanOrEqual(availableParallelism());
  expect(cpu).not.toBe("");
});

test("nobody else asks the system for memory and processors: it answers for the host", () => {
  const asks = /\b(totalmem|freemem|availableParallelism|cpus|constrainedMemory)\b/;
  const files = ["src", "scripts"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(folder, name).replaceAll("\\", "/")),
  );
  expect(files).toContain(MACHINE);
  expect(files.filter((file) => asks.test(readFileSync(file, "utf8")))).toEqual([MACHINE]);
});

let folder = "";
let program = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "maskdm-machine-"));
  program = join(folder, "machine.mjs");
  const contents = `import { thisMachine } from "./${MACHINE}"; console.log(JSON.stringify(thisMachine()));`;
  const stdin = { contents, resolveDir: "." };
  buildSync({ stdin, outfile: program, bundle: true, platform: "node", format: "esm" });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a process finds out about its machine when it is started by another program. */
function machineWithin(command: string, ...args: string[]): Machine {
  const inside = spawnSync(command, [...args, process.execPath, program], { encoding: "utf8" });
  expect(inside.stderr).toBe("");
  return JSON.parse(inside.stdout) as Machine;
}

describe("in a control group of 1.5 GiB and half a processor", () => {
  const made: string[] = [];

  /** Makes a control group with a limit, and another one in it. @returns the inner one */
  function makeGroup(controller: string, limits: Readonly<Record<string, string>>): string {
    const own = new RegExp(`^\\d+:${controller}:(.*)$`, "m").exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1];
    if (own === undefined) throw new Error(`no hierarchy of version 1 for ${controller}`);
    const outer = join("/sys/fs/cgroup", controller, own, `maskdm-test-${process.pid}`);
    for (const group of [outer, join(outer, "inner")]) {
      mkdirSync(group);
      made.unshift(group);
    }
    for (const [name, value] of Object.entries(limits)) writeFileSync(join(outer, name), value);
    return join(outer, "inner");
  }
  afterAll(() => {
    for (const group of made) rmdirSync(group);
  });

  test("a process knows its share, though the limits are those of the group above", (context) => {
    let groups: string[];
    try {
      groups = [
        makeGroup("memory", { "memory.limit_in_bytes": String(1.5 * 2 ** 30) }),
        makeGroup("cpu", { "cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "50000" }),
      ];
    } catch (error) {
      return context.skip(`no control group can be made here: ${(error as Error).message}`);
    }
    const enter = groups.map((group) => `echo $$ > ${group}/cgroup.procs`).join(" && ");
    const machine = machineWithin("sh", "-c", `${enter} && exec "$@"`, "sh");
    expect(machine).toMatchObject({ memoryBytes: 1.5 * 2 ** 30, cores: 1 });
  });
});

test("a process that is bound to one processor has one", (context) => {
  if (spawnSync("taskset", ["-c", "0", "true"]).status !== 0) return context.skip("there is no taskset here");
  expect(machineWithin("taskset", "-c", "0").cores).toBe(1);
});
