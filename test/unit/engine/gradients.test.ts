import { describe, expect, it } from "vitest";
import { type Graph, pruned } from "../../../src/core/model/graph/graph.ts";
import { gradientName } from "../../../src/core/model/graphs.ts";
import { maxAbs } from "./compare.ts";
import { interpret, type Values } from "./float64Interpreter.ts";
import { normals, TINY_CASES, testStream, tinyModel } from "./tinyModels.ts";

const STEP = 1e-4;
const TOLERANCE = 1e-6;
const ELEMENTS_CHECKED = 2;

/** The sum of the images' losses, the value that the gradients belong to. */
function lossOf(graph: Graph, inputs: ReadonlyMap<string, Values>): number {
  return interpret(graph, inputs)
    .get("loss")!
    .reduce((total, loss) => total + loss, 0);
}

/** Central difference of the loss when a parameter moves along a direction. */
function slope(
  lossGraph: Graph,
  inputs: ReadonlyMap<string, Values>,
  name: string,
  direction: ArrayLike<number>,
): number {
  const at = (step: number) => {
    const moved = Float64Array.from(inputs.get(name)!, (value, i) => value + step * direction[i]!);
    return lossOf(lossGraph, new Map(inputs).set(name, moved));
  };
  return (at(STEP) - at(-STEP)) / (2 * STEP);
}

describe.each(TINY_CASES)("gradients of $title", (tiny) => {
  const { training, inputs, specs } = tinyModel(tiny);
  const lossGraph = pruned({ ...training, outputs: training.outputs.filter(({ name }) => name === "loss") });
  const gradients = interpret(training, inputs);

  it("covers every parameter", () => {
    expect(training.outputs.map(({ name }) => name).sort()).toEqual(
      ["loss", ...specs.map((spec) => gradientName(spec.name))].sort(),
    );
  });

  it("agree with finite differences, in single elements and along random directions of every parameter", () => {
    const wrong: string[] = [];
    specs.forEach(({ name }, index) => {
      const gradient = gradients.get(gradientName(name))!;
      const scale = maxAbs(gradient);
      expect(scale, name).toBeGreaterThan(1e-6);
      const check = (what: string, direction: ArrayLike<number>) => {
        const expected = gradient.reduce((total, value, i) => total + value * direction[i]!, 0);
        const error = Math.abs(slope(lossGraph, inputs, name, direction) - expected) / scale;
        if (!(error < TOLERANCE)) wrong.push(`${name}, ${what}: ${error}`);
      };
      const stream = testStream(3000 + index);
      for (let k = 0; k < ELEMENTS_CHECKED; k++) {
        const element = stream.below(gradient.length);
        const unit = new Float64Array(gradient.length);
        unit[element] = 1;
        check(`element ${element}`, unit);
      }
      check("a random direction", normals(4000 + index, gradient.length, 1 / Math.sqrt(gradient.length)));
    });
    expect(wrong).toEqual([]);
  });
});
