import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ImageSet } from "../../../src/core/evaluation/showImages.ts";
import { SPACES } from "../../../src/core/run/evaluationSpaces.ts";
import { OnnxModelWriter } from "../../../src/trainer/engine/onnx/modelWriter.ts";
import { openSpace } from "../../../src/trainer/evaluation/featureSpace.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "maskdm-space-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Discs of different size and colour. */
function discs(count: number, side: number, channels: number): ImageSet {
  const image = (i: number): number[] =>
    Array.from({ length: side * side * channels }, (_, at) => {
      const [y, x, c] = [Math.floor(at / channels / side), Math.floor(at / channels) % side, at % channels];
      const inside = (x - side / 2) ** 2 + (y - side / 2) ** 2 < (side * (0.1 + 0.04 * (i % 9))) ** 2;
      return inside ? (40 + 50 * c + 11 * i) % 256 : 255;
    });
  const read = (from: number, n: number): Uint8Array =>
    Uint8Array.from(Array.from({ length: n }, (_, i) => image(from + i)).flat());
  return { count, side, channels, read };
}

function modelFile(name: string, build: (m: OnnxModelWriter) => void): string {
  const m = new OnnxModelWriter();
  build(m);
  const file = path.join(folder, name);
  writeFileSync(file, m.finish());
  return file;
}

/** Mean colour of an image, through any layout. */
const meanColour = (name: string, shape: readonly (number | string)[], axes: number[]): string =>
  modelFile(name, (m) => {
    m.input("x", shape);
    m.node("ReduceMean", ["x", m.integers(axes)], ["y"], { keepdims: 0 });
    m.output("y", [shape[0]!, 3]);
  });

describe("spaces of features", () => {
  for (const name of SPACES) {
    it(`${name} turns images into rows, the same whichever batch they are in`, async () => {
      const space = await openSpace(name, 1);
      try {
        const done: number[] = [];
        const all = await space.embed(discs(19, 24, 3), (count) => done.push(count));
        expect(done).toEqual([16, 19]);
        expect(all.count).toBe(19);
        expect(all.values).toHaveLength(19 * all.size);
        const { read, ...rest } = discs(1, 24, 3);
        const last = await space.embed({ ...rest, read: () => read(18, 1) });
        for (let k = 0; k < all.size; k++) expect(last.values[k]).toBeCloseTo(all.values[18 * all.size + k]!, 5);
        expect(all.values.subarray(0, all.size)).not.toEqual(all.values.subarray(all.size, 2 * all.size));
      } finally {
        await space.close();
      }
    });
  }

  it("takes grey images as grey ones of three colours", async () => {
    const space = await openSpace("random-convolutions", 1);
    const grey = discs(3, 16, 1);
    const coloured: ImageSet = {
      ...grey,
      channels: 3,
      read: (from, count) => Uint8Array.from(Array.from(grey.read(from, count)).flatMap((byte) => [byte, byte, byte])),
    };
    expect((await space.embed(grey)).values).toEqual((await space.embed(coloured)).values);
    await space.close();
  });

  it("reads size, layout and batch from a file of one's own, and shows it ImageNet's scale", async () => {
    const files = [
      meanColour("first.onnx", ["n", 3, "h", "w"], [2, 3]),
      meanColour("sized.onnx", [1, 3, 20, 20], [2, 3]),
      meanColour("last.onnx", ["n", 8, 8, 3], [1, 2]),
    ];
    const flat: ImageSet = { count: 2, side: 10, channels: 3, read: (_, n) => new Uint8Array(n * 300).fill(128) };
    const versions = new Set<string>();
    for (const file of files) {
      const space = await openSpace(file, 1);
      const { size, values } = await space.embed(flat);
      expect(size).toBe(3);
      for (const [i, value] of values.entries()) {
        const expected = [(128 - 123.675) / 58.395, (128 - 116.28) / 57.12, (128 - 103.53) / 57.375][i % 3]!;
        expect(value).toBeCloseTo(expected, 3);
      }
      expect(space.name).toBe(path.basename(file));
      versions.add(space.version);
      await space.close();
    }
    expect(versions.size).toBe(3);
    const inception = await openSpace(`inception-2015=${files[0]}`, 1);
    expect(inception.name).toBe("inception-2015");
    await inception.close();
  });

  it.each([
    [
      "a text",
      () => writeFileSync(path.join(folder, "bad.onnx"), "no network"),
      "bad.onnx",
      /is no ONNX file that ONNX Runtime can run/,
    ],
    ["no file", () => {}, "missing.onnx", /There is no space .* none of efficientnet-lite0/],
    [
      "a network for something else",
      () =>
        modelFile("rows.onnx", (m) => {
          m.input("x", ["n", 7]);
          m.node("Relu", ["x"], ["y"]);
          m.output("y", ["n", 7]);
        }),
      "rows.onnx",
      /takes an input of shape \[.*7\] instead of/,
    ],
    [
      "two inputs",
      () =>
        modelFile("two.onnx", (m) => {
          m.input("x", ["n", 3, 8, 8]);
          m.input("z", ["n", 3, 8, 8]);
          m.node("Add", ["x", "z"], ["y"]);
          m.output("y", ["n", 3, 8, 8]);
        }),
      "two.onnx",
      /2 inputs instead of one/,
    ],
    [
      "images that are not square",
      () => meanColour("wide.onnx", ["n", 3, 8, 12], [2, 3]),
      "wide.onnx",
      /8 x 12 pixels/,
    ],
  ])("refuses %s", async (_, make, name, message) => {
    make();
    await expect(openSpace(path.join(folder, name), 1)).rejects.toThrow(message);
  });

  it("refuses a network that gives something else than rows", async () => {
    const file = modelFile("picture.onnx", (m) => {
      m.input("x", ["n", 3, 8, 8]);
      m.node("Relu", ["x"], ["y"]);
      m.output("y", ["n", 3, 8, 8]);
    });
    const space = await openSpace(file, 1);
    await expect(space.embed(discs(2, 8, 3))).rejects.toThrow(/gives float32 \[16, 3, 8, 8\] for 16 images/);
    await space.close();
  });
});
