import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { CommandOrder } from "../../../src/trainer/cli/targets/commandOrder.ts";
import { start, temporaryFolder } from "../run/support.ts";

/** Writes into a folder, name after name, until the folder is gone, or there are many. */
const JOB = `
  const { writeFileSync } = require("node:fs");
  for (let i = 0; i < 50_000; i++) {
    try { writeFileSync(process.argv[1] + "/" + i, ""); } catch { break; }
    if (i === 20) console.log("at work");
  }
`;

it("is withdrawn while its job still writes, and nothing of it stays", async () => {
  const runs = temporaryFolder();
  for (let round = 0; round < 10; round++) {
    const order = CommandOrder.place(join(runs, "one"), ["pretrain"], null);
    const job = start(process.execPath, ["-e", JOB, order.folder]);
    await job.line("at work");
    order.withdraw();
    expect(order.isInForce).toBe(false);
    expect(existsSync(order.folder)).toBe(false);
    expect(await job.ended).toEqual({ code: 0, stderr: "" });
  }
  expect(readdirSync(join(runs, ".orders"))).toEqual([]);
});

it("gives up what is ordered for the run, and what was left of it, and nothing else", () => {
  const runs = temporaryFolder();
  const other = CommandOrder.place(join(runs, "one.two"), ["pretrain"], null);
  const order = CommandOrder.place(join(runs, "one"), ["pretrain"], null);
  mkdirSync(join(runs, ".orders", ".one.0123abcd.trash-7"));
  CommandOrder.withdrawAll(join(runs, "one"));
  expect([order.isInForce, other.isInForce]).toEqual([false, true]);
  expect(readdirSync(join(runs, ".orders"))).toHaveLength(1);
});
