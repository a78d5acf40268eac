import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { type GridImages, gridPicture, PagedGrid, type Picture } from "../../../src/core/run/gridPicture.ts";
import { encodePng } from "../../../src/trainer/sample/encodePng.ts";

/** Images of one value each. */
function flat(values: readonly number[], imageSize = 2, channels = 1): GridImages {
  const perImage = imageSize * imageSize * channels;
  const images = new Float32Array(values.length * perImage);
  values.forEach((value, i) => {
    images.fill(value, i * perImage, (i + 1) * perImage);
  });
  return { images, count: values.length, imageSize, channels };
}

describe("gridPicture", () => {
  it("lays images out row by row, with lines between and around them", () => {
    const { data, width, height } = gridPicture(flat([-1, 0, 1]), { scale: 1, separator: 1, separatorGrey: 7 });
    expect([width, height]).toEqual([7, 7]);
    const rows = Array.from({ length: 7 }, (_, y) => [...data.subarray(y * 7, y * 7 + 7)]);
    const line = [7, 7, 7, 7, 7, 7, 7];
    const upper = [7, 0, 0, 7, 128, 128, 7];
    const lower = [7, 255, 255, 7, 7, 7, 7];
    expect(rows).toEqual([line, upper, upper, line, lower, lower, line]);
  });

  it("is near-square unless columns are given", () => {
    const size = (count: number, columns?: number) => {
      const source = flat(Array.from({ length: count }, () => 0));
      const options = { scale: 1, separator: 0, ...(columns === undefined ? {} : { columns }) };
      const { width, height } = gridPicture(source, options);
      return [width / 2, height / 2];
    };
    expect([1, 2, 5, 12, 16, 36].map((count) => size(count))).toEqual([
      [1, 1],
      [2, 1],
      [3, 2],
      [4, 3],
      [4, 4],
      [6, 6],
    ]);
    expect(size(8, 8)).toEqual([8, 1]);
  });

  it("enlarges by whole factors, nearest pixel", () => {
    const images = Float32Array.from([-1, 1, 1, -1]);
    const { data } = gridPicture({ images, count: 1, imageSize: 2, channels: 1 }, { scale: 3, separator: 0 });
    const rows = Array.from({ length: 6 }, (_, y) => [...data.subarray(y * 6, y * 6 + 6)]);
    expect(rows[0]).toEqual([0, 0, 0, 255, 255, 255]);
    expect(rows[2]).toEqual(rows[0]);
    expect(rows[3]).toEqual([255, 255, 255, 0, 0, 0]);
  });

  it("chooses a comfortable size by itself", () => {
    expect([16, 32, 64, 128].map((side) => gridPicture(flat([0], side), { separator: 0 }).width)).toEqual([
      64, 64, 64, 128,
    ]);
  });

  it("cuts off what lies outside [-1, 1] and draws what is no number as black", () => {
    const { data } = gridPicture(flat([-3, 3, Number.NaN], 1), { scale: 1, separator: 0, columns: 3 });
    expect([...data]).toEqual([0, 255, 0]);
  });
});

describe("PagedGrid", () => {
  it("hands out each page as soon as it is full, whatever the batches are", async () => {
    const values = [-1, -0.5, 0, 0.5, 1];
    const layout = { imageSize: 2, columns: 2, scale: 1, separator: 1, imagesPerPage: 2, pages: 3 };
    const pages: Picture[] = [];
    const grid = new PagedGrid(layout, 5, 1, async (page) => void pages.push(page));
    await grid.add(flat(values.slice(0, 3)).images, 3);
    expect(pages.length).toBe(1);
    await grid.add(flat(values.slice(3)).images, 2);
    const expected = [values.slice(0, 2), values.slice(2, 4), values.slice(4)].map((part) =>
      gridPicture(flat(part), { columns: 2, scale: 1, separator: 1 }),
    );
    expect(pages).toEqual(expected);
  });
});

describe("encodePng", () => {
  it.each([1, 3])("keeps the very pixels (%i channels)", async (channels) => {
    const count = 6;
    const images = Float32Array.from({ length: count * 64 * channels }, (_, i) => Math.sin(i));
    const expected = gridPicture({ images, count, imageSize: 8, channels }, { scale: 2 });
    const png = await encodePng(expected);
    expect((await sharp(png).metadata()).channels).toBe(channels);
    const picture = sharp(png).toColourspace(channels === 1 ? "b-w" : "srgb");
    const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([expected.width, expected.height, channels]);
    expect(Buffer.from(expected.data).equals(data)).toBe(true);
  });
});

it("a picture is encoded many times faster than at PNG's highest level: a stop waits for it", async () => {
  const side = 600;
  const data = new Uint8ClampedArray(side * side * 3);
  // Few values in no order: what a search for repetitions takes longest for.
  for (let i = 0, state = 1; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = (state >>> 30) * 60;
  }
  const raw = { width: side, height: side, channels: 3 } as const;
  const timeOf = async (encode: () => Promise<unknown>): Promise<number> => {
    const start = performance.now();
    await encode();
    return performance.now() - start;
  };
  const ours = (): Promise<Buffer> => encodePng({ data, ...raw });
  await ours();
  const times = [await timeOf(ours), await timeOf(ours), await timeOf(ours)];
  const slowest = await timeOf(() => sharp(data, { raw }).png({ compressionLevel: 9 }).toBuffer());
  expect(Math.min(...times)).toBeLessThan(slowest / 3);
});
