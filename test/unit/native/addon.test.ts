import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../../src/core/model/graph/builder.ts";
import type { Operation } from "../../../src/core/model/graph/graph.ts";
import { loadAddon } from "../../../src/trainer/engine/native/addon.ts";
import { nativeBackend } from "../../../src/trainer/engine/native/backend.ts";
import { INSTRUCTIONS_TEXT } from "../../../src/trainer/engine/native/instructions.ts";
import { requireNative } from "./requireNative.ts";

/** Where an operation's result is no number, of rows of 24 numbers the second row's fifth of which is none. */
async function noNumbers(operation: Operation): Promise<boolean[]> {
  const g = new GraphBuilder();
  const [y] = g.node(operation, [g.input("x", [3, 24])], [[3, 24]]);
  const executable = await nativeBackend(1).compile(g.build({ y: y! }));
  const x = Float32Array.from({ length: 72 }, (_, i) => Math.sin(i));
  x[28] = Number.NaN;
  const result = new Float32Array(72);
  await executable.run(new Map([["x", x]]), new Map([["y", result]]));
  await executable.dispose();
  return [...result].map(Number.isNaN);
}

const elements = (isNone: (i: number) => boolean): boolean[] => Array.from({ length: 72 }, (_, i) => isNone(i));

describe.skipIf(!requireNative())("the compiled module", () => {
  it("executes the instructions that programs are made of", () => {
    expect(loadAddon().instructions()).toBe(INSTRUCTIONS_TEXT);
  });

  it("says when memory is lacking, and what is no program", () => {
    const addon = loadAddon();
    const team = addon.createTeam(1);
    expect(() => addon.createProgram(team, Int32Array.of(5, 1, 1, 0, 0), 2 ** 50, 0)).toThrow(/^memory is lacking$/);
    expect(() => addon.createProgram(team, Int32Array.of(99), 1, 0)).toThrow(/^not a program$/);
    expect(() => addon.createProgram(team, Int32Array.of(0, 1, 2), 1, 0)).toThrow(/^not a program$/);
  });

  it("lets no mistake in a number vanish", async () => {
    for (const kind of ["exp", "erf", "sigmoid", "erfGate"] as const) {
      expect(await noNumbers({ kind }), kind).toEqual(elements((i) => i === 28));
    }
    expect(await noNumbers({ kind: "softmax" })).toEqual(elements((i) => i >= 24 && i < 48));
  });
});
