/** Turns of the engines, and what is made of them. */
import { describe, expect, it } from "vitest";
import { EngineFailure } from "../../../scripts/bench/engineProcess.ts";
import { interleave, turned } from "../../../scripts/bench/interleave.ts";
import { median, pairedRatio, spread } from "../../../scripts/bench/statistics.ts";

describe("statistics", () => {
  it("median of odd and even counts, with the range", () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
    expect(spread([2, 9, 4])).toEqual({ median: 4, lowest: 2, highest: 9 });
  });

  it("a ratio is the median of the rounds' ratios, not the ratio of the medians, and knows common rounds only", () => {
    const blocks = (...speeds: [round: number, perSecond: number][]) =>
      speeds.map(([round, perSecond]) => ({ round, perSecond }));
    const a = blocks([0, 1], [1, 30], [2, 5]);
    expect(pairedRatio(a, blocks([0, 2], [1, 10], [2, 5]))).toEqual({ median: 1, lowest: 0.5, highest: 3 });
    expect(pairedRatio(a, blocks([1, 10], [7, 1]))).toEqual({ median: 3, lowest: 3, highest: 3 });
    expect(pairedRatio(a, [])).toBeNull();
  });
});

describe("taking turns", () => {
  /** An engine whose unit takes so many seconds, on a clock of its own. */
  const engine = (id: string, seconds: number, log: string[] = [], own: number | null = null) => ({
    id,
    process: undefined as never,
    work: async (n: number) => {
      log.push(`${id} ${n}`);
      return { seconds: n * seconds, engineSeconds: own === null ? null : n * own };
    },
  });
  const turns = { rounds: 4, blockSeconds: 1, limitSeconds: 100, perUnit: 8 };

  it("the order changes from round to round", () => {
    const orders = (engines: string) => [0, 1, 2, 3].map((round) => turned([...engines], round).join(""));
    expect(orders("abc")).toEqual(["abc", "cba", "bca", "acb"]);
    expect(orders("ab")).toEqual(["ab", "ba", "ba", "ab"]);
  });

  it("blocks are long enough, and tell what the loop added", async () => {
    const log: string[] = [];
    const { blocks, failures } = await interleave([engine("quick", 0.01, log, 0.009), engine("slow", 3, log)], turns);
    expect(failures.size).toBe(0);
    expect(blocks.get("quick")).toHaveLength(4);
    expect(blocks.get("quick")![0]!.perSecond).toBeCloseTo(800);
    expect(blocks.get("quick")![0]!.aroundShare).toBeCloseTo(0.1);
    expect(blocks.get("slow")!.map(({ round, aroundShare }) => [round, aroundShare])).toEqual(
      [0, 1, 2, 3].map((round) => [round, null]),
    );
    const measured = log.slice(-8);
    expect(measured.map((line) => line.split(" ")[0]).join(" ")).toBe("quick slow slow quick slow quick quick slow");
    expect(measured.filter((line) => line === "slow 1")).toHaveLength(4);
    expect(Number(measured.find((line) => line.startsWith("quick"))!.split(" ")[1]) * 0.01).toBeGreaterThanOrEqual(1);
  });

  it("an engine that fails or is too slow leaves the others their turns", async () => {
    let asked = 0;
    const fails = {
      ...engine("fails", 2),
      work: async (n: number) => {
        if (++asked > 2) throw new EngineFailure("it ran out of memory");
        return { seconds: 2 * n };
      },
    };
    const { blocks, failures } = await interleave([engine("good", 1), fails, engine("crawls", 50)], turns);
    expect(blocks.get("good")).toHaveLength(4);
    expect(failures.get("fails")).toBe("it ran out of memory");
    expect(failures.get("crawls")).toBe("a block takes 50 s, too long for the time of a row");
    expect(blocks.has("crawls")).toBe(false);
  });
});
