import { describe, expect, it } from "vitest";
import { philox4x32 } from "../../../src/core/random/philox.ts";

// Random123, kat_vectors, "philox4x32 10": counter, key, words.
const KNOWN_ANSWERS = [
  ["00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
  ["ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"],
  ["243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"],
] as const;

const words = (text: string) => text.split(" ").map((word) => Number.parseInt(word, 16));
const MASK = 0xffffffffn;

/** The rounds in arbitrary precision, to compare the 16-bit arithmetic with. */
function philoxBigInt(counter: readonly number[], key: readonly number[]): number[] {
  let [c0, c1, c2, c3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key.map(BigInt) as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const p0 = 0xd2511f53n * c0;
    const p1 = 0xcd9e8d57n * c2;
    [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, p1 & MASK, (p0 >> 32n) ^ c3 ^ k1, p0 & MASK];
    k0 = (k0 + 0x9e3779b9n) & MASK;
    k1 = (k1 + 0xbb67ae85n) & MASK;
  }
  return [c0, c1, c2, c3].map(Number);
}

function philox(counter: readonly number[], key: readonly number[]): number[] {
  const out = new Uint32Array(4);
  philox4x32(counter[0]!, counter[1]!, counter[2]!, counter[3]!, key[0]!, key[1]!, out);
  return [...out];
}

describe("Philox 4x32-10", () => {
  it.each(KNOWN_ANSWERS)("counter %s, key %s", (counter, key, expected) => {
    expect(philox(words(counter), words(key))).toEqual(words(expected));
    expect(philoxBigInt(words(counter), words(key))).toEqual(words(expected));
  });

  it("agrees with arbitrary precision on 2,000 chained inputs", () => {
    let counter = [1, 2, 3, 4];
    let key = [0x80000000, 0x7fffffff];
    for (let i = 0; i < 2000; i++) {
      const next = philox(counter, key);
      expect(next).toEqual(philoxBigInt(counter, key));
      key = [counter[1]!, next[2]!];
      counter = next;
    }
  });

  it("takes signed words and writes at an offset", () => {
    const out = new Uint32Array(6);
    philox4x32(-1, -1, -1, -1, -1, -1, out, 2);
    expect([...out]).toEqual([0, 0, ...words(KNOWN_ANSWERS[1][2])]);
  });
});
