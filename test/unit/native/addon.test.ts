import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../../src/core/model/graph/builder.ts";
import type { Operation } from "../../../src/core/model/graph/graph.ts";
import { type Addon, loadAddon, type Program, type Team } from "../../../src/trainer/engine/native/addon.ts";
import { instructionSets, nativeBackend } from "../../../src/trainer/engine/native/backend.ts";
import { INSTRUCTIONS, INSTRUCTIONS_TEXT, type Instruction } from "../../../src/trainer/engine/native/instructions.ts";
import { describeEachSet } from "./instructionSets.ts";
import { requireNative } from "./requireNative.ts";

/** Where an operation's result is no number, of rows of 24 numbers the second row's fifth of which is none. */
async function noNumbers(operation: Operation, set: string): Promise<boolean[]> {
  const g = new GraphBuilder();
  const [y] = g.node(operation, [g.input("x", [3, 24])], [[3, 24]]);
  const executable = await nativeBackend(1, set).compile(g.build({ y: y! }));
  const x = Float32Array.from({ length: 72 }, (_, i) => Math.sin(i));
  x[28] = Number.NaN;
  const result = new Float32Array(72);
  await executable.run(new Map([["x", x]]), new Map([["y", result]]));
  await executable.dispose();
  return [...result].map(Number.isNaN);
}

const elements = (isNone: (i: number) => boolean): boolean[] => Array.from({ length: 72 }, (_, i) => isNone(i));

describeEachSet("the kernels", (set) => {
  it("let no mistake in a number vanish", async () => {
    for (const kind of ["exp", "erf", "sigmoid", "erfGate"] as const) {
      expect(await noNumbers({ kind }, set), kind).toEqual(elements((i) => i === 28));
    }
    expect(await noNumbers({ kind: "softmax" }, set)).toEqual(elements((i) => i >= 24 && i < 48));
  });
});

const CODES = Object.keys(INSTRUCTIONS) as Instruction[];
const NOTHING = -(2 ** 31);
/** The caller's first, second, … array. */
const [A, B, C, D, E] = [-1, -2, -3, -4, -5];

/**
 * An instruction that just fits: its words, and the elements of the arrays A, B, C, … that it reads and writes. What is 0 in the
 * arena is its first float.
 */
const FITTING: Readonly<Record<Instruction, { words: readonly number[]; lengths: readonly number[] }>> = {
  product: {
    words: [2, 3, 4, A, 4, 1, B, 3, 1, C, 3, D, 0, 0, E, 3, 0, 2, 8, 12, 6],
    lengths: [16, 24, 12, 3, 6],
  },
  attention: { words: [2, 3, 2, 4, A, B, C], lengths: [144, 48, 12] },
  attentionGradient: { words: [2, 3, 2, 4, A, B, C, D, E], lengths: [144, 48, 12, 48, 144] },
  layerNorm: { words: [4, 8, 2, 20, 3, A, B, C, D, E, -6, 0], lengths: [39, 8, 8, 39, 4, 4] },
  layerNormGradient: { words: [4, 8, 2, 20, 3, A, B, C, D, E, -6, -7, -8], lengths: [39, 39, 8, 4, 4, 39, 8, 8] },
  softmax: { words: [2, 8, A, B], lengths: [16, 16] },
  binary: { words: [0, 1, 16, 8, A, B, C], lengths: [16, 8, 16] },
  binaryStrided: { words: [2, 2, 2, 2, 2, 2, 16, 8, 4, 2, 1, 0, 4, 0, 2, 1, A, B, C], lengths: [32, 8, 32] },
  unary: { words: [3, 0, 7, A, B], lengths: [7, 7] },
  gateGradient: { words: [7, A, B, C], lengths: [7, 7, 7] },
  siluGate: { words: [2, 6, A, B], lengths: [12, 6] },
  siluGateGradient: { words: [2, 6, A, B, C], lengths: [12, 6, 12] },
  sumRows: { words: [3, 5, A, B], lengths: [15, 5] },
  sumColumns: { words: [3, 5, A, B], lengths: [15, 3] },
  copyBlocks: { words: [2, 3, A, 1, 4, B, 2, 5], lengths: [8, 10] },
  transpose: { words: [2, 2, 2, 2, 2, 1, 2, 4, 8, 16, A, B], lengths: [32, 32] },
  gatherRows: { words: [2, 3, 4, A, B, C], lengths: [12, 2, 6] },
  scatterAddRows: { words: [2, 3, 4, A, B, C], lengths: [6, 2, 12] },
  deliver: { words: [7, A, B], lengths: [7, 7] },
  judge: { words: [7, A], lengths: [7] },
  update: { words: [A, B, C, D, E, 7], lengths: [7, 7, 7, 7, 7] },
};

/** Words that are bits of floats, flags, or how many columns two rows of one are apart: any value of them has a meaning. */
const FREE: Partial<Record<Instruction, readonly number[]>> = { product: [12, 13, 16], layerNorm: [11], unary: [1] };

describe.skipIf(!requireNative())("the compiled module", () => {
  const addon = (): Addon => loadAddon();
  const team = (): Team => addon().createTeam(1, instructionSets()[0]!);
  const create = (words: readonly number[], lengths: readonly number[] = [1], arena = 64): Program =>
    addon().createProgram(team(), Int32Array.from(words), arena, Float64Array.from(lengths), null);

  it("executes the instructions that programs are made of", () => {
    expect(addon().instructions()).toBe(INSTRUCTIONS_TEXT);
  });

  it("says when memory is lacking, and what is no program", () => {
    expect(() => create([5, 1, 1, 0, 0], [1], 2 ** 50)).toThrow(/^memory is lacking$/);
    expect(() => create([99])).toThrow(/^not a program$/);
    expect(() => create([0, 1, 2])).toThrow(/^not a program$/);
  });

  it.each(CODES)("takes %s only where it stays inside its arrays, with counts and strides that it can have", (name) => {
    const { words, lengths } = FITTING[name];
    const code = CODES.indexOf(name);
    addon().destroyProgram(create([code, ...words], lengths));
    lengths.forEach((length, i) => {
      const shorter = lengths.map((other, j) => (i === j ? length - 1 : other));
      if (length > 1) expect(() => create([code, ...words], shorter), `array ${i}`).toThrow(/^not a program$/);
    });
    words.forEach((word, i) => {
      if (FREE[name]?.includes(i)) return;
      const refuses = (other: number, what: string) => {
        const changed = words.map((own, j) => (i === j ? other : own));
        expect(() => create([code, ...changed], lengths), `word ${i}: ${what}`).toThrow(/^not a program$/);
      };
      refuses(-1 - lengths.length, "an array that is not there, or a negative number");
      refuses(2 ** 31 - 1, "a place or a number far too large");
      // A tensor that may be missing: a bias, what is added.
      const mayMiss = name === "product" && (i === 11 || i === 14);
      if (!mayMiss) refuses(NOTHING, "the most negative number");
      // The arena has 64 floats, four places.
      if (word < 0) refuses(4, "a place behind the arena");
    });
  });

  it("takes only arrays as its program has them, and indices inside of their tables", () => {
    const { words, lengths } = FITTING.gatherRows;
    const program = create([CODES.indexOf("gatherRows"), ...words], lengths);
    const [table, out] = [Float32Array.from({ length: 12 }, (_, i) => i), new Float32Array(6)];
    const run = (index: Int32Array | Float32Array, to: unknown = out) =>
      addon().run(program, [table, index, to as Float32Array], false, null);
    expect(run(Int32Array.of(3, 0))).toBeLessThan(0);
    expect([...out]).toEqual([9, 10, 11, 0, 1, 2]);
    for (const index of [Int32Array.of(4, 0), Int32Array.of(0, -1)])
      expect(() => run(index)).toThrow("an index is outside of its table");
    const wrong = /^an array is missing, or has another type or length than the program takes$/;
    for (const index of [Int32Array.of(1), Int32Array.of(1, 2, 3), Float32Array.of(1, 2)])
      expect(() => run(index)).toThrow(wrong);
    for (const to of [new Float64Array(6), new Int32Array(6), new Uint8Array(24), [1, 2, 3, 4, 5, 6], null, {}])
      expect(() => run(Int32Array.of(1, 2), to)).toThrow(wrong);
    expect(() => addon().run(program, [], false, null)).toThrow(wrong);
    addon().destroyProgram(program);
    addon().destroyProgram(program);
    expect(() => run(Int32Array.of(1, 2))).toThrow(/^run\(program, /);
  });

  it("tells a team from a program, and both from anything else", () => {
    const program = create([CODES.indexOf("judge"), ...FITTING.judge.words], FITTING.judge.lengths);
    const [asTeam, asProgram] = [program as unknown as Team, team() as unknown as Program];
    expect(() => addon().sumOfSquares(asTeam, Float32Array.of(1))).toThrow(/^sumOfSquares\(/);
    expect(() => addon().createProgram(asTeam, Int32Array.of(1), 1, Float64Array.of(1), null)).toThrow(
      /^createProgram\(/,
    );
    expect(() => addon().run(asProgram, [], false, null)).toThrow(/^run\(/);
    for (const other of [asProgram, {}, null, 1, undefined, () => 1])
      expect(() => addon().destroyProgram(other as Program)).toThrow(/^destroyProgram\(/);
  });

  it("takes numbers, names and arrays of the kind that it asks for only", () => {
    for (const threads of [0, -1, 1.5, Number.NaN, 2 ** 40])
      expect(() => addon().createTeam(threads, "sse2")).toThrow(/^createTeam\(/);
    expect(() => addon().createTeam(1, "mmx")).toThrow(/^this processor does not have these instructions$/);
    const words = Int32Array.of(CODES.indexOf("judge"), ...FITTING.judge.words);
    const lengths = Float64Array.of(7);
    for (const arena of [-1, 0.5, Number.NaN, 2 ** 60])
      expect(() => addon().createProgram(team(), words, arena, lengths, null)).toThrow(/^createProgram\(/);
    const unsigned = new Uint32Array(words) as unknown as Int32Array;
    expect(() => addon().createProgram(team(), unsigned, 1, lengths, null)).toThrow(/^createProgram\(/);
    const float32 = Float32Array.of(7) as unknown as Float64Array;
    expect(() => addon().createProgram(team(), words, 1, float32, null)).toThrow(/^createProgram\(/);
    const doubles = Float64Array.of(1) as unknown as Float32Array;
    expect(() => addon().sumOfSquares(team(), doubles)).toThrow(/^sumOfSquares\(/);
    expect(() => addon().adamW(team(), [doubles, doubles, doubles, doubles, doubles], Float64Array.of(1))).toThrow(
      /^adamW /,
    );
  });
});
