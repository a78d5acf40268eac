/** What runs at once is bounded by its bytes, in the order of asking. */
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { ByteBudget } from "../../../src/trainer/data/byteBudget.ts";

/** Pieces of work that run until they are told to end. */
class Work {
  readonly running: string[] = [];
  private readonly ends = new Map<string, () => void>();

  start(name: string): Promise<void> {
    this.running.push(name);
    return new Promise((end) => this.ends.set(name, end));
  }

  async end(name: string): Promise<void> {
    this.running.splice(this.running.indexOf(name), 1);
    this.ends.get(name)!();
    await turn();
  }
}

describe("ByteBudget", () => {
  it("lets run what fits, and the next in line as soon as it does", async () => {
    const budget = new ByteBudget(100);
    const work = new Work();
    const all = Promise.all(
      [
        ["a", 60],
        ["b", 40],
        ["c", 50],
        ["d", 1],
      ].map(([name, bytes]) => budget.run(Number(bytes), () => work.start(String(name)))),
    );
    await turn();
    expect(work.running).toEqual(["a", "b"]);
    await work.end("b");
    // The small one does not overtake the one that waits.
    expect(work.running).toEqual(["a"]);
    await work.end("a");
    expect(work.running).toEqual(["c", "d"]);
    await work.end("c");
    await work.end("d");
    await all;
  });

  it("runs alone what is larger than the limit, and what asks for it", async () => {
    const budget = new ByteBudget(100);
    const work = new Work();
    const all = Promise.all([
      budget.run(0, () => work.start("nothing")),
      budget.run(1000, () => work.start("huge")),
      budget.runAlone(() => work.start("alone")),
      budget.run(0, () => work.start("last")),
    ]);
    for (const name of ["nothing", "huge", "alone", "last"]) {
      await turn();
      expect(work.running).toEqual([name]);
      await work.end(name);
    }
    await all;
  });

  it("gives back what failing work held", async () => {
    const budget = new ByteBudget(10);
    await expect(budget.run(10, () => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
    expect(await budget.run(10, () => Promise.resolve("next"))).toBe("next");
  });
});
