import { describe, expect, it } from "vitest";
import {
  drawWithoutReplacement,
  RandomStream,
  STREAMS,
  type StreamAddress,
  type StreamName,
} from "../../../src/core/random/streams.ts";
import { chiSquareTail, uniformityP } from "./chiSquare.ts";

const address: StreamAddress = { seed: 42, stage: "pretrain", stream: "mask", step: 7, item: 3 };
const stream = (change: Partial<StreamAddress> = {}) => new RandomStream({ ...address, ...change });
const take = (source: RandomStream, count: number) => Array.from({ length: count }, () => source.nextUint32());

describe("addresses", () => {
  it("every part of the address makes another stream", () => {
    const changes: Partial<StreamAddress>[] = [
      {},
      { seed: 43 },
      { seed: 42 + 2 ** 32 },
      { stage: "finetune" },
      { step: 8 },
      { item: 4 },
      ...(Object.keys(STREAMS) as StreamName[]).filter((name) => name !== "mask").map((name) => ({ stream: name })),
    ];
    const firsts = changes.map((change) => take(stream(change), 4).join());
    expect(new Set(firsts).size).toBe(changes.length);
  });

  it("the same address gives the same words", () => {
    expect(take(stream(), 50)).toEqual(take(stream(), 50));
  });

  it("the largest seed keeps all its bits", () => {
    const seed = Number.MAX_SAFE_INTEGER;
    expect(take(stream({ seed }), 4)).not.toEqual(take(stream({ seed: seed - 2 ** 32 }), 4));
    expect(take(stream({ seed }), 4)).not.toEqual(take(stream({ seed: seed - 1 }), 4));
  });

  it("stream numbers stay as published", () => {
    expect(STREAMS).toEqual({
      order: 1,
      mask: 2,
      timestep: 3,
      noise: 4,
      flip: 5,
      labelDrop: 6,
      init: 7,
      sampleInit: 8,
      sampleStep: 9,
      heldOutOrder: 10,
      heldOutNoise: 11,
      toyPoints: 12,
    });
  });

  it("seek goes to a block, forwards and backwards", () => {
    const words = take(stream(), 40);
    const seeking = stream();
    seeking.nextUint32();
    expect(take(seeking.seek(5), 6)).toEqual(words.slice(20, 26));
    expect(take(seeking.seek(0), 6)).toEqual(words.slice(0, 6));
  });
});

describe("integers below n", () => {
  it.each([1, 2, 3, 7, 10, 1000, 4096])("below(%i) is uniform", (n) => {
    const counts = new Array<number>(n).fill(0);
    const source = stream({ stream: "timestep", item: n });
    for (let i = 0; i < n * 100; i++) counts[source.below(n)]!++;
    if (n === 1) expect(counts).toEqual([100]);
    else expect(uniformityP(counts)).toBeGreaterThan(1e-4);
  });

  it("has no bias where 2^32 is far from a multiple of n", () => {
    // Plain w mod 3·2^30 would give the lowest quarter of the values half of all draws.
    const n = 3 * 2 ** 30;
    const counts = [0, 0, 0];
    const source = stream({ stream: "timestep" });
    for (let i = 0; i < 30_000; i++) counts[Math.floor(source.below(n) / 2 ** 30)]!++;
    expect(uniformityP(counts)).toBeGreaterThan(1e-4);
  });

  it("throws away exactly the words above the largest multiple", () => {
    const n = 3_000_000_000;
    const kept = take(stream(), 400).filter((word) => word < n);
    const source = stream();
    expect(kept.map(() => source.below(n))).toEqual(kept);
  });

  it("below(2^32) is the word itself", () => {
    const source = stream();
    expect(Array.from({ length: 9 }, () => source.below(2 ** 32))).toEqual(take(stream(), 9));
  });
});

describe("uniform numbers", () => {
  it("lie in [0, 1) and are spread evenly", () => {
    const source = stream({ stream: "flip" });
    const counts = new Array<number>(64).fill(0);
    const values = Array.from({ length: 64_000 }, () => source.uniform());
    for (const u of values) counts[Math.floor(u * 64)]!++;
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    expect(uniformityP(counts)).toBeGreaterThan(1e-4);
  });
});

describe("normals", () => {
  const count = 200_000;
  const values = new Float32Array(count);
  stream({ stream: "noise" }).fillNormal(values, 0, count);
  const mean = (f: (z: number) => number) => values.reduce((sum, z) => sum + f(z), 0) / count;

  it("have the moments of N(0, 1)", () => {
    // Five standard errors of each estimate: deviations 1, sqrt 2, sqrt 15, sqrt 96 over sqrt(count).
    const error = 5 / Math.sqrt(count);
    expect(Math.abs(mean((z) => z))).toBeLessThan(error);
    expect(Math.abs(mean((z) => z * z) - 1)).toBeLessThan(error * Math.sqrt(2));
    expect(Math.abs(mean((z) => z ** 3))).toBeLessThan(error * Math.sqrt(15));
    expect(Math.abs(mean((z) => z ** 4) - 3)).toBeLessThan(error * Math.sqrt(96));
  });

  it("have the quantiles of N(0, 1)", () => {
    // z at probabilities 0.05, 0.10, … 0.95
    const upper = [0.125661, 0.253347, 0.38532, 0.524401, 0.67449, 0.841621, 1.036433, 1.281552, 1.644854];
    const edges = [...upper.map((z) => -z).reverse(), 0, ...upper];
    const counts = new Array<number>(20).fill(0);
    for (const z of values) counts[edges.filter((edge) => z >= edge).length]!++;
    expect(uniformityP(counts)).toBeGreaterThan(1e-4);
  });

  it("the four of a block do not depend on each other", () => {
    const error = 5 / Math.sqrt(count / 4);
    for (const [a, b] of [
      [0, 1],
      [0, 2],
      [0, 3],
      [1, 2],
      [1, 3],
      [2, 3],
    ] as const) {
      let product = 0;
      for (let i = 0; i < count; i += 4) product += values[i + a]! * values[i + b]!;
      expect(Math.abs(product / (count / 4))).toBeLessThan(error);
    }
  });

  it("have no correlation from item to item and from step to step", () => {
    const n = 50_000;
    const rows = [{}, { item: 4 }, { step: 8 }, { stage: "finetune" as const }].map((change) => {
      const row = new Float32Array(n);
      stream({ stream: "noise", ...change }).fillNormal(row, 0, n);
      return row;
    });
    for (let a = 0; a < rows.length; a++) {
      for (let b = 0; b < a; b++) {
        const product = rows[a]!.reduce((sum, z, i) => sum + z * rows[b]![i]!, 0) / n;
        expect(Math.abs(product)).toBeLessThan(5 / Math.sqrt(n));
      }
    }
  });

  it("take whole blocks: each count gives a beginning of the same sequence, and the next call a fresh block", () => {
    for (let n = 1; n <= 9; n++) {
      const source = stream({ stream: "noise" });
      const out = new Float32Array(n + 2).fill(7);
      source.fillNormal(out, 1, n);
      expect([...out]).toEqual([7, ...values.subarray(0, n), 7]);
      const next = new Float32Array(1);
      source.fillNormal(next, 0, 1);
      expect(next[0]).toBe(values[Math.ceil(n / 4) * 4]);
    }
  });

  it("skip what is left of a block begun with words", () => {
    const source = stream({ stream: "noise" });
    source.nextUint32();
    const out = new Float32Array(4);
    source.fillNormal(out, 0, 4);
    expect([...out]).toEqual([...values.subarray(4, 8)]);
    expect(source.nextUint32()).toBe(stream({ stream: "noise" }).seek(2).nextUint32());
  });

  it("are scaled", () => {
    const out = new Float32Array(8);
    stream({ stream: "noise" }).fillNormal(out, 0, 8, 0.02);
    for (let i = 0; i < 8; i++) expect(out[i]).toBeCloseTo(0.02 * values[i]!, 8);
  });
});

describe("draws without replacement", () => {
  it("all orders of 4 out of 4 are equally likely", () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const key = drawWithoutReplacement(stream({ stream: "order", item: i }), 4, 4).join("");
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect(uniformityP([...counts.values()])).toBeGreaterThan(1e-4);
  });

  it("every place of a longer permutation sees every entry equally often", () => {
    const n = 30;
    const draws = 3000;
    const counts = new Array<number>(n * n).fill(0);
    for (let i = 0; i < draws; i++) {
      const order = drawWithoutReplacement(stream({ stream: "order", item: i }), n, n);
      expect(new Set(order).size).toBe(n);
      for (let place = 0; place < n; place++) counts[place * n + order[place]!]!++;
    }
    // Rows and columns of the table have fixed sums: (n-1)² degrees of freedom, and variances larger by n/(n-1).
    const expected = draws / n;
    const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    const p = chiSquareTail((statistic * (n - 1)) / n, (n - 1) ** 2);
    expect(p).toBeGreaterThan(1e-4);
    expect(p).toBeLessThan(1 - 1e-4);
  });

  it("a part of a permutation is its beginning", () => {
    const whole = drawWithoutReplacement(stream(), 50, 50);
    expect([...drawWithoutReplacement(stream(), 50, 12)]).toEqual([...whole.subarray(0, 12)]);
  });
});
