/** The memory that an image takes is told by its header. */
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decodedBytes } from "../../../src/node/images/formats/decodedBytes.ts";
import { tiffFile } from "./tiffFile.ts";

const image = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: "#c83c28" } });
const PIXELS = 300 * 200;

describe("decodedBytes", () => {
  it.each([
    ["PNG", () => image(300, 200).png().toBuffer(), 4],
    ["PNG, 16 bit", () => image(300, 200).toColourspace("rgb16").png().toBuffer(), 8],
    ["JPEG", () => image(300, 200).jpeg().toBuffer(), 4],
    [
      "JPEG, progressive, with EXIF",
      () =>
        image(300, 200)
          .withExif({ IFD0: { Artist: "x" } })
          .jpeg({ progressive: true })
          .toBuffer(),
      4,
    ],
    ["WebP, lossy", () => image(300, 200).webp().toBuffer(), 4],
    ["WebP, lossless", () => image(300, 200).webp({ lossless: true }).toBuffer(), 4],
    ["WebP, extended", () => image(300, 200).withMetadata().webp().toBuffer(), 4],
    ["GIF", () => image(300, 200).gif().toBuffer(), 4],
    ["TIFF", () => image(300, 200).tiff().toBuffer(), 4],
    ["TIFF, 16 bit", () => image(300, 200).toColourspace("rgb16").tiff({ compression: "lzw" }).toBuffer(), 8],
    ["AVIF", () => image(300, 200).avif().toBuffer(), 8],
    ["PNM", () => Promise.resolve(Buffer.from("P6 300 200 65535\n")), 8],
    ["BMP", () => Promise.resolve(bitmapHeader(300, -200)), 4],
  ])("%s", async (_, bytes, perPixel) => {
    expect(decodedBytes(await bytes())).toBe(PIXELS * perPixel);
  });

  it("counts every band", () => {
    const samples = [1, 2, 3, 4, 5, 6, 7];
    expect(decodedBytes(tiffFile({ samples, photometric: 2, size: 10 }))).toBe(100 * 7);
  });

  it("is nothing where there is no header", async () => {
    expect(decodedBytes(Buffer.from("GIF89a"))).toBe(0);
    expect(decodedBytes(Buffer.from("neither"))).toBe(0);
    expect(decodedBytes((await image(300, 200).jpeg().toBuffer()).subarray(0, 30))).toBe(0);
  });
});

function bitmapHeader(width: number, height: number): Buffer {
  const header = Buffer.alloc(54);
  header.write("BM");
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(width, 18);
  header.writeInt32LE(height, 22);
  return header;
}
