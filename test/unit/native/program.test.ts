import { expect, it } from "vitest";
import { UserError } from "../../../src/core/errors.ts";
import { GraphBuilder } from "../../../src/core/model/graph/builder.ts";
import { compileProgram } from "../../../src/trainer/engine/native/program.ts";

/** A square that is as large, with an operation that counts its elements. */
function programOf(side: number) {
  const g = new GraphBuilder();
  const [y] = g.node({ kind: "exp" }, [g.input("x", [side, side])], [[side, side]]);
  return compileProgram(g.build({ y: y! }));
}

it("a tensor of more elements than a word can count is refused with a remedy", () => {
  const { words, lengths } = programOf(2 ** 15);
  expect(lengths).toEqual([2 ** 30, 2 ** 30]);
  expect([...words]).toContain(2 ** 30);
  for (const side of [2 ** 16, 46_341]) {
    expect(() => programOf(side)).toThrow(UserError);
    expect(() => programOf(side)).toThrow(
      `of up to 2147483647 numbers, and a pass has one of ${side ** 2}. Lower micro_batch_size`,
    );
  }
});
